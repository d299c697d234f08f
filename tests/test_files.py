"""Writing whole files, and telling beforehand what could not be written."""

import os
import subprocess
import sys

import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.files import check_writable, locked, write_atomic


def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "a", b"data")
    assert list(tmp_path.iterdir()) == []


def test_a_link_and_a_pipe_stay_what_they_are(tmp_path):
    link, target, pipe = tmp_path / "link", tmp_path / "deep" / "target", tmp_path / "pipe"
    link.symlink_to(target)
    write_atomic(link, b"data")
    assert link.is_symlink()
    assert target.read_bytes() == b"data"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_atomic(pipe, b"data")
        assert os.read(reader, 9) == b"data"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_what_cannot_be_written_is_told_and_nothing_made(tmp_path):
    (tmp_path / "file").write_text("")
    for path, folder, message in (
        (tmp_path / "file", True, "is a file; name a folder"),
        (tmp_path, False, "is a folder; name a file"),
        (tmp_path / "file" / "x", True, "file cannot be written; choose another folder"),
        (tmp_path / "file" / "x", False, "file cannot be written; choose another folder"),
    ):
        with pytest.raises(EdgeSastError, match=rf"^--out {path}: .*{message}$"):
            check_writable("--out", path, folder=folder)
    check_writable("--out", tmp_path / "new" / "deep", folder=True)
    check_writable("--json", tmp_path / "new" / "x.json", folder=False)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file"]


def test_a_folder_is_held_by_one_process(tmp_path):
    pytest.importorskip("fcntl")
    code = "import sys, pathlib, edge_sast.files as f\nwith f.locked(pathlib.Path(sys.argv[1])): pass"
    command = [sys.executable, "-c", code, str(tmp_path)]
    with locked(tmp_path):
        held = subprocess.run(command, capture_output=True, text=True, check=False)
    assert held.returncode == 1
    assert "another training writes there" in held.stderr
    assert subprocess.run(command, check=False).returncode == 0
