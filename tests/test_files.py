"""Writing whole files, and telling beforehand what could not be written."""

import os
import subprocess
import sys
import threading

import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.files import atomic_stream, check_outputs, check_writable, locked, write_atomic
from tests.programs import LIMIT


def _streamed(path, data):
    with atomic_stream(path) as stream:
        stream.write(data)


def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "a", b"data")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="makes links and pipes")
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


@pytest.mark.skipif(sys.platform == "win32", reason="makes pipes")
@pytest.mark.parametrize("write", [write_atomic, _streamed])
def test_a_pipe_that_nobody_reads_any_more_is_no_fault_of_a_file(tmp_path, write):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    timer = threading.Timer(0.2, os.close, [reader])  # while the pipe, which is full, is waited for
    timer.start()
    with pytest.raises(BrokenPipeError):
        write(pipe, bytes(1 << 20))
    timer.join()


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


@pytest.mark.skipif(sys.platform == "win32", reason="makes links, and knows /dev")
def test_links_and_devices_are_judged_by_where_they_lead(tmp_path, monkeypatch):
    circle, dangling = tmp_path / "circle", tmp_path / "dangling"
    circle.symlink_to(circle)
    (tmp_path / "file").write_text("")
    dangling.symlink_to(tmp_path / "file" / "x")
    with pytest.raises(EdgeSastError, match=r"circle: is a link that leads back to itself"):
        write_atomic(circle, b"data")
    for path, message in (
        (circle, "^--json .*circle: is a link that leads back to itself; remove it, or name another$"),
        (dangling, "file cannot be written; choose another folder"),
    ):
        with pytest.raises(EdgeSastError, match=message):
            check_writable("--json", path, folder=False)
    real = os.access  # of one who may write to the device, not to its folder
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != "/dev" and real(path, mode))
    check_writable("--json", "/dev/null", folder=False)
    for path, place in (("/dev/x", "/dev"), ("/dev/null/x", "/dev/null")):
        with pytest.raises(EdgeSastError, match=rf"^--json {path}: {place} cannot be written"):
            check_writable("--json", path, folder=False)


@pytest.mark.skipif(sys.platform == "win32", reason="redirects by sh")
@pytest.mark.parametrize("path", ["/dev/stdout", "out.txt"])
def test_figures_to_a_redirected_standard_output_come_beside_its_text(tmp_path, path):
    code = (
        "from edge_sast.files import check_writable, write_atomic; import sys\n"
        "check_writable('--json', sys.argv[1], folder=False); print('table')\n"
        "write_atomic(sys.argv[1], b'figures\\n'); print('end')"
    )
    with (tmp_path / "out.txt").open("wb") as out:
        subprocess.run(
            [sys.executable, "-c", code, path], cwd=tmp_path, stdout=out, check=True, timeout=LIMIT
        )
    assert (tmp_path / "out.txt").read_text() == "table\nfigures\nend\n"


def test_outputs_over_one_another_and_over_inputs_are_told(tmp_path):
    model, data = tmp_path / "model", tmp_path / "data"
    model.write_text("")
    (data / "a").mkdir(parents=True)
    for outputs, message in (
        (
            {"--a": tmp_path / "x", "--b": data / ".." / "x"},
            "--b .*: is the file of --a too; name another one",
        ),
        ({"--a": model}, "--a .*model: is what is read; name another file"),
        ({"--a": data / "a" / "new"}, "--a .*new: lies in .*data, what is read; name another file"),
        ({"--a": data}, "--a .*data: is a folder; name a file"),
    ):
        with pytest.raises(EdgeSastError, match=f"^{message}$"):
            check_outputs(outputs, [model, data, "digits"])
    check_outputs({"--a": tmp_path / "x", "--b": tmp_path / "digits"}, [model, data, "digits"])
    check_outputs({"--a": os.devnull, "--b": os.devnull}, [])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "model"]


def test_a_folder_is_held_by_one_process(tmp_path):
    pytest.importorskip("fcntl")
    code = "import sys, pathlib, edge_sast.files as f\nwith f.locked(pathlib.Path(sys.argv[1])): pass"
    command = [sys.executable, "-c", code, str(tmp_path)]
    with locked(tmp_path):
        held = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT)
    assert held.returncode == 1
    assert "another training writes there" in held.stderr
    assert subprocess.run(command, check=False, timeout=LIMIT).returncode == 0
