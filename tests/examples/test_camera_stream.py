"""examples/camera_stream.py, whole: from a camera's file to decisions over time."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("matplotlib")

from camera_stream import SHOWN, check, main, read_csv

from edge_sast.errors import CheckFailedError, EdgeSastError
from tests.examples.pictures import assert_picture


def test_each_digit_is_answered_while_it_is_there(tmp_path, capsys):
    main(["--out", str(tmp_path / "stream")])
    out = tmp_path / "stream"
    told = capsys.readouterr().out
    assert "    100.00 " in told  # the windows that were cut
    assert "30 decisions: EventStream in Python has the same outputs, bit for bit\n" in told
    decisions = [json.loads(line) for line in (out / "decisions.jsonl").read_text().splitlines()]
    complete = [line for line in decisions if line["complete"]]
    assert [line["answer"] for line in complete] == [str(digit) for digit in SHOWN]
    assert {line["answer"] for line in decisions} == {None, *(str(digit) for digit in SHOWN)}
    labels = [line.split(",") for line in (out / "labels.csv").read_text().splitlines()[1:]]
    for (name, begin, _), line in zip(labels, complete, strict=True):
        assert name == line["class"]
        assert 0 <= line["begin_us"] - int(begin) < 30_000
    assert_picture(out / "stream.png")
    decisions[7]["outputs"][0] += 1
    with pytest.raises(CheckFailedError, match=r"^EventStream and edge-sast stream decide differently$"):
        check(decisions, read_csv(out / "clean.csv"))
    with pytest.raises(
        EdgeSastError, match=r"stream: there is something; name another folder, or delete it$"
    ):
        main(["--out", str(out)])
