"""Which run or build a command takes where none is named, and the folder of a new run."""

import json
import os
import re
import threading

import numpy as np
import pytest
import safetensors.numpy

from edge_sast.cli.options import newest
from edge_sast.cli.options.newest import (
    build_name,
    model_in,
    new_run,
    newest_build,
    newest_model,
    newest_run,
    run_or_model_in,
    unfinished_run,
)
from edge_sast.errors import EdgeSastError
from edge_sast.files import locked
from edge_sast.model import modelfile
from tests.cli.models import line_model

NO_RUN = "no RUN is given, and runs/ here holds no finished one; make one with 'edge-sast train', or name its folder"
NO_BUILD = (
    "no BUILD is given, and build/ here holds none; make one with 'edge-sast export', or name a folder that it "
    "wrote"
)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_run(home, name, when, done=3, total=3):
    """A folder with a checkpoint's header; `when`: seconds."""
    folder = home / "runs" / name
    folder.mkdir(parents=True)
    document = {"epoch": done, "config": {"epochs": total - 1, "qat_epochs": 1}}
    metadata = {newest.CHECKPOINT_KEY: json.dumps(document)}
    file = folder / newest.CHECKPOINT
    file.write_bytes(safetensors.numpy.save({"network.w": np.zeros(3, np.float32)}, metadata))
    os.utime(file, (when, when))
    return file


def write_build(home, name, when):
    folder = home / "build" / name
    folder.mkdir(parents=True)
    modelfile.save(line_model(), folder / newest.MODEL)
    manifest = folder / newest.MANIFEST
    manifest.write_text(json.dumps({"format": newest.MANIFEST_FORMAT}))
    for file in (manifest, folder / newest.MODEL):
        os.utime(file, (when, when))
    return manifest


def refused(call, message):
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        call()


def test_the_names_are_those_of_the_files_that_are_written():
    from firmware_gen.build import folder
    from trainer.run import checkpoint

    assert (newest.CHECKPOINT, newest.CHECKPOINT_KEY) == (checkpoint.FILE_NAME, checkpoint.METADATA_KEY)
    assert (newest.MANIFEST, newest.MANIFEST_FORMAT) == (folder.MANIFEST, folder.FORMAT)


def test_the_run_whose_checkpoint_was_written_last(home, capsys):
    write_run(home, "z-old", 1000)
    write_run(home, "a-new", 2000)
    (home / "runs" / "notes").mkdir()
    (home / "runs" / "README.md").write_text("other things")
    assert newest_run() == "runs/a-new"
    assert capsys.readouterr() == ("newest run: runs/a-new\n", "")


def test_of_equal_times_the_last_by_name(home):
    for name in ("b", "c", "a"):
        write_run(home, name, 1000)
    assert newest_run() == "runs/c"


def test_unfinished_runs_are_left_aside(home, capsys):
    write_run(home, "finished", 1000)
    write_run(home, "running", 2000, done=1)
    assert newest_run() == "runs/finished"
    assert capsys.readouterr().err == "runs/running is newer, but at epoch 1 of 3: left aside\n"


def test_a_damaged_run_is_taken_and_not_passed_over(home):
    """An older one in its place would be another network than the user means."""
    write_run(home, "good", 1000)
    file = write_run(home, "damaged", 1000)
    file.write_bytes(file.read_bytes()[:100])
    os.utime(file, (2000, 2000))
    assert newest_run() == "runs/damaged"


@pytest.mark.parametrize("there", ["nothing", "a file", "other things"])
def test_no_run(home, there):
    if there == "a file":
        (home / "runs").write_text("")
    if there == "other things":
        (home / "runs" / "empty").mkdir(parents=True)
    refused(newest_run, NO_RUN)


def test_unfinished_runs_alone(home):
    write_run(home, "begun", 1000, done=0)
    refused(
        newest_run,
        "no RUN is given, and runs/ here holds no finished one; runs/begun is at epoch 0 of 3: go on with "
        "'edge-sast train --resume --out runs/begun', or name it",
    )


def test_what_is_resumed_is_unfinished_and_free(home):
    nothing = (
        "--resume: runs/ here holds no unfinished run that is not being trained; name one with --out, or leave "
        "--resume out to start anew"
    )
    refused(unfinished_run, nothing)
    write_run(home, "finished", 3000)
    refused(unfinished_run, nothing)
    write_run(home, "old", 1000, done=1)
    write_run(home, "held", 2000, done=1)
    assert unfinished_run() == "runs/held"
    with locked(home / "runs" / "held"):
        assert unfinished_run() == "runs/old"


def test_the_newest_build(home, capsys):
    refused(newest_build, NO_BUILD)
    write_build(home, "b", 1000)
    write_build(home, "a", 2000)
    (home / "build" / "lib").mkdir()
    write_build(home, ".being-written", 3000)
    assert newest_build() == "build/a"
    assert capsys.readouterr().out == "newest build: build/a\n"


def test_a_manifest_of_another_tool_is_no_build(home):
    write_build(home, "site", 1000).write_text('{"name": "web"}')
    refused(newest_build, NO_BUILD)


def test_a_damaged_manifest_is_taken_and_not_passed_over(home):
    write_build(home, "good", 1000)
    manifest = write_build(home, "damaged", 1000)
    manifest.write_text('{"format": "edge-')
    os.utime(manifest, (2000, 2000))
    assert newest_build() == "build/damaged"


def test_the_newest_model_is_a_builds_or_lies_beside_them(home, capsys):
    refused(newest_model, NO_BUILD.replace("BUILD", "MODEL").replace("name a folder", "name a model file"))
    write_build(home, "a", 1000)
    assert newest_model() == "build/a/model.safetensors"
    alone = home / "build" / "alone.safetensors"
    modelfile.save(line_model(), alone)
    (home / "build" / "notes.txt").write_text("no model")
    assert newest_model() == "build/alone.safetensors"
    os.utime(alone, (500, 500))
    capsys.readouterr()
    assert newest_model() == "build/a/model.safetensors"
    assert capsys.readouterr().out == "newest model: build/a/model.safetensors\n"


@pytest.mark.parametrize(
    ("run", "target", "wanted"),
    [
        ("runs/a", "c", "build/a"),
        ("runs/a/", "model", "build/a.safetensors"),
        ("runs/a/checkpoint.safetensors", "c", "build/a"),
        ("runs/a", "verilog", "build/a-verilog"),
        ("examples/net-int8.safetensors", "c", "build/net-int8"),
        ("old/a/model.safetensors", "c", "build/a"),
        ("runs/a/../b", "c", "build/b"),
    ],
)
def test_where_an_export_goes(home, run, target, wanted):
    for file in ("runs/a/checkpoint.safetensors", "examples/net-int8.safetensors", "old/a/model.safetensors"):
        (home / file).parent.mkdir(parents=True, exist_ok=True)
        (home / file).touch()
    assert build_name(run, target=target) == wanted


def test_of_the_folder_that_one_stands_in(home, monkeypatch):
    write_run(home, "a", 1000)
    monkeypatch.chdir(home / "runs" / "a")
    assert build_name(".", target="c") == "build/a"


def test_runs_of_one_minute_get_names_of_their_own(monkeypatch):
    monkeypatch.setattr(newest.time, "strftime", lambda _: "2026-01-02-0304")
    made, begun = [], threading.Barrier(4, timeout=60)

    def begin():
        begun.wait()
        with new_run("sast") as folder:
            (folder / "x").touch()
            made.append(str(folder))

    threads = [threading.Thread(target=begin, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    name = "runs/2026-01-02-0304-sast"
    assert sorted(made) == [name, f"{name}-2", f"{name}-3", f"{name}-4"]


def test_a_run_that_wrote_nothing_leaves_nothing(home):
    with pytest.raises(EdgeSastError), new_run("sast"):
        raise EdgeSastError("no data")
    assert not (home / "runs").exists()
    (home / "runs").mkdir()
    with pytest.raises(EdgeSastError), new_run("sast"):
        raise EdgeSastError("no data")
    assert list((home / "runs").iterdir()) == []
    with new_run("sast") as folder:
        (folder / "x").touch()
    assert folder.is_dir()


def test_a_build_folder_stands_for_its_model_file(home):
    build, run = write_build(home, "a", 100).parent, write_run(home, "r", 100).parent
    for find in (model_in, run_or_model_in):
        assert find(str(build)) == find(str(build / "model.safetensors")) == str(build / "model.safetensors")
        assert find(str(run)) == str(run)
        assert find("away") == "away"
    for name in (newest.MANIFEST, newest.MODEL):  # an export into the folder of its run
        (run / name).write_bytes((build / name).read_bytes())
    assert model_in(str(run)) == str(run / "model.safetensors")
    assert run_or_model_in(str(run)) == str(run)
