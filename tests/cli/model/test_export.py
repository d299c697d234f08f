"""`edge-sast export` over a folder that was damaged: every message names a way out, and the way leads out."""

import re

import pytest

from edge_sast.cli.main import main
from tests.cli.models import save_line_model

needs_compiler = pytest.mark.needs("gcc")


@pytest.fixture
def build(tmp_path):
    """An export, and the command that made it."""
    command = ["export", save_line_model(tmp_path), "--no-data", "--out", str(tmp_path / "build")]
    assert main(command) == 0
    return tmp_path / "build", command


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "name", ["src/sast_model.c", "include/sast.h", "model.safetensors", "known_answers.bin"]
)
@pytest.mark.parametrize("left", [0, 100, -1])
def test_a_cut_file_is_written_anew(build, capsys, name, left):
    folder, command = build
    whole, file = contents(folder), folder / name
    file.write_bytes(file.read_bytes()[:left])
    assert main(["verify", str(folder)]) == 2
    told = rf"edge-sast: \S*build: {name} was changed since the export \(such files: 1\); export again with --overwrite"
    assert re.match(told, capsys.readouterr().err)
    assert main(command) == 2
    told = rf"edge-sast: \S*build: {name} was edited or damaged since it was exported \(such files: 1\); 'edge-sast"
    assert re.match(told, capsys.readouterr().err)
    assert main([*command, "--overwrite"]) == 0
    assert contents(folder) == whole


@needs_compiler
def test_the_way_out_leads_to_a_folder_that_verifies(build):
    folder, command = build
    for path in folder.rglob("*.[ch]"):
        path.write_bytes(path.read_bytes()[:-10])
    (folder / "README.md").unlink()
    (folder / "notes.txt").write_text("mine")
    assert main([*command, "--overwrite"]) == 0
    assert main(["verify", str(folder)]) == 0
    assert (folder / "notes.txt").read_text() == "mine"


def test_an_edited_folder_is_told_before_the_work(build, capsys, monkeypatch):
    folder, command = build
    (folder / "src" / "sast_model.c").write_text("mine")

    def never(*_):
        raise AssertionError("generated all the same")

    monkeypatch.setattr("firmware_gen.c_gen.target.generate", never)
    assert main(command) == 2
    assert "was edited or damaged since it was exported" in capsys.readouterr().err


def test_overwrite_is_of_the_folder(build, capsys):
    folder, command = build
    out = str(folder.parent / "b.safetensors")
    assert main([*command[:-1], out, "--target", "model", "--overwrite"]) == 2
    message = "edge-sast: --overwrite is for a folder; leave it out with --target model\n"
    assert capsys.readouterr().err == message


def test_a_file_that_is_no_model_is_not_overwritten_by_one(build, capsys):
    folder, command = build
    path = folder.parent / "recording.bin"
    path.write_bytes(b"precious")
    assert main([*command[:-1], str(path), "--target", "model"]) == 2
    message = f"edge-sast: --out {path}: exists and is no model file; name another, or remove it\n"
    assert capsys.readouterr().err == message
    assert path.read_bytes() == b"precious"
