"""Tables and figures of commands."""

import json
import re

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.report.tables import print_table, table_lines, write_json


def test_numbers_are_right_aligned(capsys):
    print_table([["a", "1.5", "-"], ["bcd", "10", "x"]], ["name", "value", "note"])
    assert capsys.readouterr().out.splitlines() == [
        "name  value  note",
        "----  -----  ----",
        "a       1.5  -",
        "bcd      10  x",
    ]


def test_table_without_rows():
    assert table_lines([], ["a", "bc"]) == ["a  bc", "-  --"]


def test_json_takes_numpy_values(tmp_path):
    write_json(
        str(tmp_path / "f.json"), {"a": np.float64(0.5), "b": np.int32(3), "c": np.arange(2), "d": None}
    )
    assert json.loads((tmp_path / "f.json").read_text()) == {"a": 0.5, "b": 3, "c": [0, 1], "d": None}


def test_no_path_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_json(None, {"a": float("nan")})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float64("nan")])
def test_nan_is_refused(tmp_path, value):
    path = tmp_path / "f.json"
    with pytest.raises(EdgeSastError, match=rf"^{re.escape(str(path))}: a figure is not a finite number \("):
        write_json(str(path), {"a": value})
    assert not path.exists()


def test_unwritable_folder_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(
        EdgeSastError, match=r"cannot write \d+ bytes: .*; free space or choose another folder$"
    ):
        write_json(str(tmp_path / "file" / "f.json"), {})
