"""`data convert`: the events of a file in another, whole or not at all."""

import os
import shutil
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest

from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats.atis import write_recording_atis
from tests.cli.data.files import rows_of, run, write
from tests.programs import started

ROWS = [(t * 1000, t % 7, t % 5, t % 2) for t in range(300)]

CONVERT = [sys.executable, "-m", "edge_sast.cli.main", "data", "convert"]  # in a process of its own


def test_a_file(tmp_path, capsys):
    write(tmp_path / "a.bin", ROWS)
    assert run("convert", tmp_path / "a.bin", tmp_path / "new" / "b.bin") == 0
    assert rows_of(tmp_path / "new" / "b.bin") == ROWS
    assert capsys.readouterr().out == (
        f"{tmp_path}/a.bin (ATIS (N-MNIST)) -> {tmp_path}/new/b.bin (ATIS (N-MNIST)): 300 events, 0.299 s\n"
    )


def test_a_part_of_it(tmp_path):
    write(tmp_path / "a.bin", [(t + 500, *rest) for t, *rest in ROWS])
    assert run("convert", tmp_path / "a.bin", tmp_path / "b.bin", "--from-s", "0.1", "--until-s", "0.2") == 0
    assert rows_of(tmp_path / "b.bin") == [(t + 500, *rest) for t, *rest in ROWS[100:200]]


def test_a_tree(tmp_path, capsys):
    for name in ("x/a.bin", "x/y/b.bin"):
        write(tmp_path / name, ROWS)
    assert run("convert", tmp_path / "x", tmp_path / "out", "--to", ".bin") == 0
    assert rows_of(tmp_path / "out" / "a.bin") == rows_of(tmp_path / "out" / "y" / "b.bin") == ROWS
    assert capsys.readouterr().out.count("300 events") == 2


def _zip(path, names, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, data)


def test_archives_are_folders(tmp_path, capsys):
    data = write_recording_atis(np.array(ROWS, EVENT_DTYPE))
    _zip(tmp_path / "x" / "one.zip", ["cup/a.bin", "pen/a.bin", "notes.md", "../out.bin"], data)
    assert run("convert", tmp_path / "x" / "one.zip", tmp_path / "out", "--to", ".npz") == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path}/x/one.zip:cup/a.bin (ATIS (N-MNIST)) -> ")
    made = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.npz"))
    assert made == ["out/cup/a.npz", "out/pen/a.npz"]
    assert rows_of(tmp_path / "out" / "cup" / "a.npz") == ROWS
    write(tmp_path / "x" / "b.bin", ROWS)
    assert (
        run("convert", tmp_path / "x", tmp_path / "all", "--to", ".h5") == 0
    )  # which is read here and there
    assert run("convert", tmp_path / "all", tmp_path / "back", "--to", ".bin") == 0
    made = sorted(str(path.relative_to(tmp_path)) for path in (tmp_path / "back").rglob("*.bin"))
    assert made == ["back/b.bin", "back/one/cup/a.bin", "back/one/pen/a.bin"]
    assert all(rows_of(tmp_path / name) == ROWS for name in made)


def test_what_data_sets_leave_aside_is_no_recording(tmp_path, capsys):
    """As in data sets and archives: dotfiles, README and __MACOSX, with all that is in them."""
    write(tmp_path / "in" / "cup" / "a.bin", ROWS)
    for name in (".hidden.bin", "README.txt", ".git/b.csv", "cup/._a.bin", "__MACOSX/cup/a.bin", ".c.zip"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text("no events")
    assert run("convert", tmp_path / "in", tmp_path / "out", "--to", ".npz") == 0
    assert capsys.readouterr().out.count("\n") == 1
    made = [str(path.relative_to(tmp_path)) for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert made == ["out/cup/a.npz"]
    argv = ("cut", tmp_path / "in", "--window-ms", 10, "--to", ".bin", "--out", tmp_path / "windows")
    assert run(*argv) == 0
    assert {path.parent.name for path in (tmp_path / "windows").rglob("*.bin")} == {"cup"}


def test_archives_that_cannot_be_read(tmp_path, capsys):
    out = tmp_path / "out"
    _zip(tmp_path / "a.zip", ["cup/a.bin"], write_recording_atis(np.array(ROWS, EVENT_DTYPE)))
    _zip(tmp_path / "none.zip", ["cup/a.md"], b"")
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[60:64] = b"\xff" * 4  # of what is packed
    (tmp_path / "bad.zip").write_bytes(data)
    (tmp_path / "text.zip").write_text("no archive")
    for argv, message in (
        (("a.zip", out), "a.zip is a zip archive; say with --to which form its files shall have"),
        (("none.zip", out, "--to", ".npz"), "none.zip: holds no event file (.bin, "),
        (("text.zip", out, "--to", ".npz"), "text.zip: not a readable zip archive ("),
        (("bad.zip", out, "--to", ".npz"), "bad.zip:cup/a.bin: cannot be unpacked ("),
        (("a.zip", tmp_path / "a.zip", "--to", ".npz"), ""),
    ):
        assert run("convert", tmp_path / argv[0], *argv[1:]) == 2, argv
        error = capsys.readouterr().err
        assert error.startswith(f"edge-sast: {tmp_path}/{message}" if message else "edge-sast: "), error
        assert error.count("\n") == 1
    assert not out.exists()


def test_a_bad_file_among_many(tmp_path, capsys):
    for name in ("a", "c", "e"):
        write(tmp_path / "x" / f"{name}.bin", ROWS)
    for name in ("b", "d"):
        write(tmp_path / "x" / f"{name}.bin", [(5, 0, 0, 1), (6, 40, 0, 0)])
    argv = (tmp_path / "x", tmp_path / "out", "--to", ".npz")
    assert run("convert", *argv) == 2
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.npz"]
    told = capsys.readouterr().err
    assert told.startswith(
        f"edge-sast: {tmp_path}/x/b.bin: event 1 (byte offset 5), t=6 µs: x=40 lies outside"
    )
    assert run("convert", *argv, "--keep-going") == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.npz", "c.npz", "e.npz"]
    lines = capsys.readouterr().err.splitlines()
    assert [line[: len(f"edge-sast: {tmp_path}/x/b.bin:")] for line in lines[:2]] == [
        f"edge-sast: {tmp_path}/x/{name}.bin:" for name in "bd"
    ]
    assert lines[2:] == ["edge-sast: files that were not converted: 2; the lines above say why"]
    for name in "bd":
        (tmp_path / "x" / f"{name}.bin").unlink()
    assert run("convert", *argv, "--keep-going") == 0
    (tmp_path / "x" / "f.zip").write_text("no archive")
    capsys.readouterr()
    for more, lines in (((), 1), (("--keep-going",), 2)):
        assert run("convert", *argv, *more) == (1 if more else 2)
        told = capsys.readouterr()
        assert told.err.startswith(f"edge-sast: {tmp_path}/x/f.zip: not a readable zip archive (")
        assert told.err.count("\n") == lines
        assert told.out.count(" -> ") == (3 if more else 0)
    assert run("convert", tmp_path / "x" / "a.bin", tmp_path / "a.npz", "--keep-going") == 2
    assert (
        f"--keep-going is for many files, and {tmp_path}/x/a.bin is one; leave it out"
        in capsys.readouterr().err
    )


def test_what_a_form_cannot_hold_is_told_with_the_file(tmp_path, capsys):
    for name in "abc":
        path = tmp_path / "x" / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"t,x,y,p\n5,1,1,1\n6,{300 if name == 'b' else 1},1,1\n")
    argv = ("convert", tmp_path / "x", tmp_path / "out", "--to", ".bin")
    told = (
        f"edge-sast: {tmp_path}/x/b.csv: event 1: x=300 does not fit an ATIS file (0..255); crop, shift or cut the "
        "recording first\n"
    )
    assert run(*argv) == 2
    assert capsys.readouterr().err == told
    for engine in ((), ("--engine", "processes", "--jobs", "2")):
        assert run(*argv, "--keep-going", *engine) == 1
        assert capsys.readouterr().err.startswith(f"{told}edge-sast: files that were not converted: 1; ")
        assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.bin", "c.bin"]


def test_workers_write_the_same_files_and_name_the_same_bad_ones(tmp_path, capsys):
    for name in "acegi":
        write(tmp_path / "x" / f"{name}.bin", ROWS)
    write(tmp_path / "x" / "d.bin", [(5, 0, 0, 1), (6, 40, 0, 0)])
    told = []
    for engine in ("serial", "processes"):
        out = tmp_path / "out"
        argv = (tmp_path / "x", out, "--to", ".npz", "--keep-going", "--engine", engine)
        assert run("convert", *argv, *(["--jobs", "2"] if engine == "processes" else [])) == 1
        files = {path.name: path.read_bytes() for path in out.iterdir()}
        told.append((files, capsys.readouterr()))
        shutil.rmtree(out)
    assert told[0] == told[1]
    assert sorted(told[0][0]) == [f"{name}.npz" for name in "acegi"]
    argv = (tmp_path / "x" / "a.bin", tmp_path / "a.npz", "--engine", "processes")
    assert run("convert", *argv) == 2
    assert "--engine processes is for many files" in capsys.readouterr().err


def test_what_a_file_says_itself_is_not_said_again(tmp_path, capsys):
    write(tmp_path / "a.bin", ROWS)
    for option, value, what in (
        ("--columns", "t,x,y,p", "an order of columns"),
        ("--time-unit", "ms", "a unit of time"),
    ):
        for command in (("convert", tmp_path / "a.bin", tmp_path / "b.npz"), ("info", tmp_path / "a.bin")):
            assert run(*command, option, value) == 2
            told = f"{tmp_path}/a.bin: {option} {value}: this ATIS (N-MNIST) file has {what} of its own"
            assert capsys.readouterr().err.startswith(f"edge-sast: {told}; leave the option out")
    assert not (tmp_path / "b.npz").exists()


def test_defects_by_policy(tmp_path, capsys):
    rows = [(5, 0, 0, 1), (6, 40, 0, 0), (8, 1, 1, 0)]
    write(tmp_path / "a.bin", rows)
    for policy, want in (("drop", [rows[0], rows[2]]), ("clip", [rows[0], (6, 33, 0, 0), rows[2]])):
        assert run("convert", tmp_path / "a.bin", tmp_path / f"{policy}.bin", "--defects", policy) == 0
        assert rows_of(tmp_path / f"{policy}.bin") == want
        assert f"; 1 x out of sensor, --defects {policy}\n" in capsys.readouterr().out


def test_kept_steps_back_are_kept_whatever_they_follow(tmp_path):
    """Events before the first one's time, and chunks behind the end of a part, of which some lead into it again."""
    times = [5_000_000, 5_000_001, *range(1000, 40_001_000, 1000), 5_000_500, 5_000_900]
    lines = [f"{t},1,1,1\n" for t in times]
    (tmp_path / "a.csv").write_text("t,x,y,p\n" + "".join(lines))
    assert run("convert", tmp_path / "a.csv", tmp_path / "b.csv", "--defects", "keep") == 0
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()
    for part, inside in (
        (("--until-s", "0.0006"), lambda t: t < 5_000_600),
        (("--from-s", "0.0003", "--until-s", "0.001"), lambda t: 5_000_300 <= t < 5_001_000),
    ):
        assert run("convert", tmp_path / "a.csv", tmp_path / "c.csv", "--defects", "keep", *part) == 0
        told = [int(line.split(",")[0]) for line in (tmp_path / "c.csv").read_text().split()[1:]]
        assert told == [t for t in times if inside(t)]


def test_mistakes_leave_nothing_behind(tmp_path, capsys):
    write(tmp_path / "a.bin", [(5, 0, 0, 1), (6, 40, 0, 0)])
    write(tmp_path / "late.bin", [(5, 0, 0, 1)])
    write(tmp_path / "two" / "a.bin", ROWS)
    (tmp_path / "none").mkdir()
    (tmp_path / "empty.bin").write_bytes(b"")
    out = tmp_path / "b.bin"
    for argv, message in (
        (
            (tmp_path / "a.bin", out),
            f"{tmp_path}/a.bin: event 1 (byte offset 5), t=6 µs: x=40 lies outside the 34x34",
        ),
        (
            (tmp_path / "a.bin", tmp_path / "b.mp4"),
            "no event file is written with the ending '.mp4'; choose one of .bin",
        ),
        (
            (tmp_path / "late.bin", tmp_path / "b.npz", "--to", ".csv"),
            f"--to .csv and OUT {tmp_path}/b.npz name two forms; leave --to out, or end OUT in .csv",
        ),
        (
            (tmp_path / "late.bin", tmp_path / "late.bin"),
            f"OUT {tmp_path}/late.bin: is what is read; name another file",
        ),
        ((tmp_path / "no.bin", out), f"{tmp_path}/no.bin: cannot be read (No such file or directory); check"),
        ((tmp_path / "empty.bin", out), f"{tmp_path}/empty.bin: 0 events to write; check its contents with"),
        (
            (tmp_path / "two", out),
            f"{tmp_path}/two is a folder; say with --to which form its files shall have",
        ),
        ((tmp_path / "none", out, "--to", ".bin"), f"{tmp_path}/none: holds no event file (.bin"),
        ((tmp_path / "late.bin", tmp_path / "none"), f"{tmp_path}/none: is a folder, and "),
        (
            (tmp_path / "late.bin", out, "--from-s", "2", "--until-s", "1"),
            "--until-s 1.0 leaves nothing after --from-s 2.0",
        ),
        (
            (tmp_path / "late.bin", out, "--from-s", "-1"),
            "--from-s -1.0 is out of range; choose seconds from 0",
        ),
        (
            (tmp_path / "late.bin", out, "--from-s", "5"),
            f"{tmp_path}/late.bin: no event lies between --from-s",
        ),
    ):
        assert run("convert", *argv) == 2, argv
        error = capsys.readouterr().err
        assert error.startswith(f"edge-sast: {message}"), error
        assert error.count("\n") == 1
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["a.bin", "empty.bin", "late.bin", "none", "two"]


def test_a_pipe_is_told(tmp_path, capsys):
    """By every command, as process substitution gives one."""
    os.mkfifo(tmp_path / "camera.raw")
    for argv in (("info", tmp_path / "camera.raw"), ("convert", tmp_path / "camera.raw", tmp_path / "a.npz")):
        held = os.open(tmp_path / "camera.raw", os.O_RDWR)  # so that no opening waits for the other end
        assert run(*argv) == 2
        os.close(held)
        message = f"{tmp_path / 'camera.raw'}: is a pipe, and files are read from their start again; save it to a file"
        assert capsys.readouterr().err.startswith(f"edge-sast: {message}")


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".h5"])
def test_whoever_has_read_enough_of_a_pipe_ends_it_in_silence(tmp_path, suffix):
    """As `... | head`: exit code 141, of SIGPIPE, and not a word; more is written than a pipe holds."""
    events = np.zeros(300_000, EVENT_DTYPE)
    events["t"] = np.cumsum(np.random.default_rng(0).integers(0, 100, len(events)))
    (tmp_path / "a.bin").write_bytes(write_recording_atis(events))
    argv = [*CONVERT, tmp_path / "a.bin", "-", "--to", suffix]
    with started(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.read(4)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_a_polite_kill_leaves_nothing(tmp_path):
    """As Ctrl-C: the file that is being written goes."""
    events = np.zeros(2_000_000, EVENT_DTYPE)
    events["t"], events["x"] = np.arange(len(events)), np.arange(len(events)) % 30
    (tmp_path / "a.bin").write_bytes(write_recording_atis(events))
    argv = [*CONVERT, tmp_path / "a.bin", tmp_path / "out" / "b.h5"]
    with started(argv, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("out/.b.h5.*")) and time.monotonic() < deadline:
            time.sleep(0.005)
        process.terminate()
        assert process.communicate()[1] == "edge-sast: interrupted\n"
    assert process.returncode == 130
    assert list((tmp_path / "out").iterdir()) == []
