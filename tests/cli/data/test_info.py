import json
import re
import subprocess
import sys

import pytest

from edge_sast.cli.data import data
from edge_sast.cli.main import main, parse
from edge_sast.errors import EdgeSastError
from tests.events.oracles import write_classes
from tests.programs import LIMIT


def run(*argv):
    return data.run(parse(["data", *argv]))


def test_table_and_json_agree(tmp_path, capsys):
    write_classes(tmp_path / "set" / "train", {"a": 2, "b": 1})
    write_classes(tmp_path / "set" / "extra", {"c": 1})
    (tmp_path / "set" / "extra" / "c" / "001.bin").write_bytes(b"")
    assert run("info", str(tmp_path / "set"), "--json", str(tmp_path / "out.json")) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == f"{tmp_path}/set: 2 classes, sensor 34x34"
    assert out[3].split()[:4] == ["train", "3", "2", "200/200/200"]
    assert out[5:] == [
        "train: recordings per class: a: 2, b: 1",
        "extra: recordings per class: c: 2",
        "extra: classes that train does not have: c",
        f"extra: 1 recordings with 0 events, first {tmp_path}/set/extra/c/001.bin",
    ]
    figures = json.loads((tmp_path / "out.json").read_text())
    assert figures["sensor"] == [34, 34]
    assert list(figures["splits"]) == ["train", "extra"]
    assert figures["splits"]["train"]["events_total"] == 600


def test_one_split_and_sensor(tmp_path, capsys):
    write_classes(tmp_path / "train", {"a": 1})
    write_classes(tmp_path / "test", {"a": 1})
    assert run("info", str(tmp_path), "--split", "test", "--sensor", "40x36") == 0
    out = capsys.readouterr().out
    assert "sensor 40x36" in out
    assert "train" not in out.removeprefix(str(tmp_path))


def test_damaged_recordings_are_counted_and_the_first_is_the_error(tmp_path, capsys):
    write_classes(tmp_path / "set", {"a": 4})
    for name in ("001.bin", "003.bin"):
        (tmp_path / "set" / "a" / name).write_bytes(b"abc")
    message = (
        f"{tmp_path}/set/a/001.bin: ends at byte 3, 3 bytes into the event at byte offset 0 "
        "(5 bytes per event); the file is truncated or of another format: copy it again, or pass --defects drop "
        "(2 of 4 recordings are damaged, this is the first)"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        run("info", str(tmp_path / "set"), "--json", str(tmp_path / "out.json"))
    assert "200/200/200" in capsys.readouterr().out  # the sound ones are shown all the same
    assert len(json.loads((tmp_path / "out.json").read_text())["splits"]["all"]["bad"]) == 2


def test_arguments_are_parsed_without_numpy():
    code = "import sys, edge_sast.cli.data.data; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=LIMIT).returncode == 0


def test_options_of_files_are_not_for_a_data_set(capsys):
    for option, value in (
        ("--columns", "t,x,y,p"),
        ("--time-unit", "ms"),
        ("--format", "evt3"),
        ("--defects", "drop"),
    ):
        assert main(["data", "info", "digits", option, value]) == 2
        told = f"edge-sast: {option} {value}: is for event files, and digits is a data set; leave it out\n"
        assert capsys.readouterr().err == told
