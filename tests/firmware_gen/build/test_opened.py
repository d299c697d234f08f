"""A build folder is opened by those alone that can read its kind."""

import json

import pytest

from edge_sast.cli.main import main
from edge_sast.errors import EdgeSastError
from firmware_gen.build.opened import open_build
from firmware_gen.targets import FOLDERS, TARGETS, Options, check_target, generator
from tests.firmware_gen.builds import small_model


def test_a_build_of_another_target_is_refused_by_name(small, tmp_path, capsys):
    assert open_build(small).manifest.target == "c"
    with pytest.raises(
        EdgeSastError, match=r"build: is an export with --target c; give one with --target verilog$"
    ):
        open_build(small, target="verilog")
    folder = tmp_path / "other"
    folder.mkdir()
    manifest = json.loads((small / "manifest.json").read_text()) | {"target": "verilog"}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert main(["verify", str(folder)]) == 2
    told = f"edge-sast: {folder}: is an export with --target verilog; simulate it with --on verilator or icarus\n"
    assert capsys.readouterr().err == told


def test_every_target_of_a_folder_generates_one():
    for name in FOLDERS:
        files = generator(name)(small_model(), None, Options("n" if name == "c" else None))
        assert json.loads(files["manifest.json"])["target"] == name
        assert {"c": "src/n_model.c", "verilog": "tables/tables.json"}[name] in files
    with pytest.raises(
        EdgeSastError, match=r"^--target is 'rust'; this version writes c, verilog and model$"
    ):
        check_target("rust")
    assert set(TARGETS) == {*FOLDERS, "model"}
