"""What commands print: whatever files, classes and messages are called, a terminal gets lines of printable text."""

from __future__ import annotations

import ast
import os
import zipfile
from pathlib import Path

import pytest

import edge_sast
import firmware_gen
import trainer
from edge_sast.cli.main import main
from edge_sast.link import ports
from edge_sast.terminal import LONGEST_LINE, echo, one_line, printable
from tests.cli.models import save_line_model
from tests.cli.recordings import write_lines

RED = "\x1b[31m"
NAMES = [
    (f"a{RED}b", r"a\x1b[31mb"),
    ("a\nforged: 100 %", r"a\nforged: 100 %"),
    ("a\rb\tc\x00\x7f\x9b31m", r"a\rb\tc\x00\x7f\x9b31m"),
    ("a\u202eb\u2066\u200b\ufeff", r"a\u202eb\u2066\u200b\ufeff"),
    ("a\u2028b\x85c\xa0", r"a\u2028b\x85c\xa0"),
    (os.fsdecode(b"a\xff\xc3"), r"a\udcff\udcc3"),
    ("Straße 9 λ→µ 漢字 \\ ' \"", "Straße 9 λ→µ 漢字 \\ ' \""),
]
EVIL = f"cat{RED}\nforged: 100 %\u202e"


@pytest.mark.parametrize(("text", "shown"), NAMES)
def test_what_is_not_printable_is_escaped(text, shown, capsys):
    assert printable(text) == shown
    echo(text, "next", text)
    echo(text, error=True)
    assert capsys.readouterr() == (f"{shown}\nnext\n{shown}\n", f"{shown}\n")


def test_messages_are_one_line_that_keeps_its_end():
    assert one_line(f"x:\n  {RED}y\u2028 z") == r"x: \x1b[31my z"
    long = one_line("a" * 10_000 + "; do this")
    assert len(long) < LONGEST_LINE + 10
    assert long.endswith("; do this")


@pytest.mark.parametrize("package", [edge_sast, trainer, firmware_gen], ids=lambda package: package.__name__)
def test_nothing_is_printed_past_it(package):
    """`print` stands in terminal.py, and where a process speaks to its parent in JSON."""
    folder = Path(package.__file__).parent
    calls = [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert set(calls) <= {"terminal.py", "virtual/relay.py"}


def evil_data(folder: Path) -> Path:
    """Recordings in class folders and files of such names."""
    write_lines(folder / "data", {"train": 2, "test": 2})
    for split in ("train", "test"):
        (folder / "data" / split / "row").rename(folder / "data" / split / EVIL)
        for path in (folder / "data" / split).glob("*/001.bin"):
            path.rename(path.with_name(f"1{EVIL}.bin"))
    return folder / "data"


def evil_zip(folder: Path) -> Path:
    path = folder / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"train/{EVIL}/{EVIL}.bin", b"\x80no event")
        archive.writestr("train/b/1.bin", b"\x80no event")
    return path


def test_no_command_gives_a_name_as_it_is(tmp_path, monkeypatch, capsys):
    """Each in its output or its error; a line of its own is not even a line feed away."""
    monkeypatch.chdir(tmp_path)
    data, archive = evil_data(tmp_path), evil_zip(tmp_path)
    model = save_line_model(tmp_path)
    recordings = sorted(map(str, (data / "test").glob("*/*.bin")))
    evil_port = ports.PortInfo("/dev/ttyACM0", EVIL, f"USB {EVIL}")
    monkeypatch.setattr(ports, "list_ports", lambda: [evil_port])
    (tmp_path / f"{EVIL}.safetensors").write_bytes(b"none")
    commands: list[tuple[list[str], int]] = [
        (["data", "info", str(data)], 0),
        (["data", "info", str(archive)], 2),
        (["data", "info", EVIL], 2),
        (["run", model, *recordings], 0),
        (["run", model, EVIL], 2),
        (["run", model, "--data", str(data)], 2),
        (["inspect", f"{EVIL}.safetensors"], 2),
        (["inspect", model, EVIL], 2),
        (["hil", "ports"], 0),
        (["hil", model, "--data", str(data), "--port", f"/dev/{EVIL}"], 2),
        (["verify", EVIL], 2),
        (["board", "build", EVIL, "--board", EVIL, "--out", EVIL], 2),
        (["export", model, "--out", EVIL, "--name", EVIL, "--no-data"], 2),
        (["train", "--data", str(data), "--out", "run", "--dt-us", "1000", "--steps", "4"], 2),
        (["sweep", EVIL, "--out", "s"], 2),
        (["evaluate", EVIL], 2),
        ([EVIL], 2),
    ]
    for arguments, code in commands:
        assert main(arguments) == code, arguments
        told = "".join(capsys.readouterr())
        lines = told.split("\n")
        assert all(line.isprintable() for line in lines), (arguments, told)
        assert not [line for line in lines if line.startswith("forged")], arguments
        assert r"cat\x1b[31m" in told, (arguments, told)
