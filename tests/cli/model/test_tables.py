"""`edge-sast export --target verilog` and `edge-sast inspect FOLDER`: a model's tables, and the model from them."""

import json
import shutil

import pytest

from edge_sast.cli.main import main
from edge_sast.model.modelfile import dumps, model_hash
from firmware_gen.build.opened import open_build
from firmware_gen.rtl_gen.table_files.formats import FORMATS
from tests.cli.models import line_model, save_line_model
from tests.cli.recordings import write_lines


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    words = ["export", save_line_model(folder), "--target", "verilog", "--no-data", "--lanes", "2"]
    assert main([*words, "--word-bits", "9", "--out", str(folder / "build")]) == 0
    return folder / "build"


def figures(folder, tmp_path):
    out = tmp_path / "figures.json"
    assert main(["inspect", str(folder), "--json", str(out)]) == 0
    return json.loads(out.read_text())


def test_the_folder_is_a_whole_build(build):
    opened = open_build(build, target="verilog")
    assert dumps(opened.model) == dumps(line_model())
    assert len(opened.answers.predictions) > 0
    names = {path.name for path in (build / "rtl").iterdir()}
    assert {"sast_core.v", "sast_params.vh", "weights_0.mem", "params.mem", "ops.mem", "layers.mem"} <= names
    document = json.loads((build / "tables" / "tables.json").read_text())
    assert (document["lanes"], document["word_bits"]) == (2, 9)
    listed = {name for memory in document["memories"] for name in memory["files"]}
    assert listed | {"tables.json"} == {path.name for path in (build / "tables").iterdir()}


def test_the_lanes_and_words_where_none_are_asked_for(tmp_path):
    words = ["export", save_line_model(tmp_path), "--target", "verilog", "--no-data"]
    assert main([*words, "--out", str(tmp_path / "b")]) == 0
    document = json.loads((tmp_path / "b" / "tables" / "tables.json").read_text())
    assert (document["lanes"], document["word_bits"]) == (8, None)
    assert document["memories"][0]["word_bits"] == 8 * 4  # the weights have 4 bits


def test_what_the_core_will_cost_is_told(tmp_path, capsys):
    data = write_lines(tmp_path / "data", {"test": 2})
    words = ["export", save_line_model(tmp_path), "--target", "verilog", "--data", str(data), "--lanes", "4"]
    assert main([*words, "--cache-dir", str(tmp_path / "cache"), "--out", str(tmp_path / "b")]) == 0
    document = json.loads((tmp_path / "b" / "prediction.json").read_text())
    cycles, bits = document["run"]["cycles"], document["memory_bits"]
    told = f"predicted: {bits:,} bits of memory, {cycles:,.0f} cycles per recording (mean of 6), "
    assert capsys.readouterr().out.splitlines()[-1].startswith(told)
    assert (document["lanes"], document["run"]["recordings"]) == (4, 6)
    assert "prediction.json" in json.loads((tmp_path / "b" / "manifest.json").read_text())["files"]


@pytest.mark.parametrize("ending", FORMATS)
def test_inspect_shows_the_model_of_the_tables(build, tmp_path, capsys, ending):
    folder = tmp_path / "mine"
    folder.mkdir()
    for path in (build / "tables").glob(f"*.{ending}"):
        shutil.copy(path, folder)
    shutil.copy(build / "tables" / "tables.json", folder)
    found = figures(folder, tmp_path)
    assert found["tables"] == {"lanes": 2, "word_bits": 9, "formats": [ending]}
    assert found["model_hash"] == model_hash(line_model())
    told = capsys.readouterr().out.split("\n", 1)
    assert told[0] == f"tables of 2 lanes, words of 9 bits, in {ending}: one model, its files as exported"
    of_file = figures(build / "model.safetensors", tmp_path)
    assert {**of_file, "tables": found["tables"], "line": found["line"]} == found
    assert capsys.readouterr().out == told[1]


def test_inspect_takes_the_build_folder_too(build, tmp_path, capsys):
    assert figures(build, tmp_path)["tables"]["formats"] == sorted(FORMATS)
    folder = shutil.copytree(build, tmp_path / "b")
    save_line_model(folder, ("other", "diagonal", "row"))
    assert main(["inspect", str(folder)]) == 2
    assert f"tables: is of model {model_hash(line_model())[:16]}, " in capsys.readouterr().err


def test_inspect_tells_a_damaged_file_in_one_line(build, tmp_path, capsys):
    folder = shutil.copytree(build, tmp_path / "b")
    path = folder / "tables" / "weights.hex"
    path.write_bytes(path.read_bytes()[:-14])
    assert main(["inspect", str(folder)]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"edge-sast: {path}, line ")
    assert err.endswith("; export again\n")
    assert err.count("\n") == 1


def test_a_folder_without_tables(tmp_path, capsys):
    assert main(["inspect", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        f"edge-sast: {tmp_path}: has no tables.json; give a model file, or a folder that 'edge-sast export --target "
        "verilog' wrote\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--lanes 2", "--lanes is for FPGAs; leave it out with --target c"),
        ("--word-bits 16", "--word-bits is for FPGAs; leave it out with --target c"),
        ("--target model --lanes 2", "--lanes is for FPGAs; leave it out with --target model"),
        ("--target model --name a", "--name is for the C; leave it out with --target model"),
        ("--target verilog --name a", "--name is for the C; leave it out with --target verilog"),
        ("--target verilog --fit stm32f103", "--fit is for the C; leave it out with --target verilog"),
        ("--target verilog --core cortex-m0", "--core is for the C; leave it out with --target verilog"),
        ("--target verilog --lanes 3", "--lanes is 3; it must be 1, 2, 4, 8 or 16"),
        ("--target verilog --lanes 0", "--lanes is 0; it must be 1, 2, 4, 8 or 16"),
        ("--target verilog --word-bits 0", "--word-bits is 0; it must be 1 to 1024"),
        ("--target verilog --word-bits 1025", "--word-bits is 1025; it must be 1 to 1024"),
    ],
)
def test_options_that_do_not_belong(tmp_path, capsys, words, message):
    out = tmp_path / "b"
    assert main(["export", save_line_model(tmp_path), "--no-data", "--out", str(out), *words.split()]) == 2
    assert capsys.readouterr().err == f"edge-sast: {message}\n"
    assert not out.exists()
