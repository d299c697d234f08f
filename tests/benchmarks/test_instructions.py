"""The benchmark that counts instructions, and the network that its figures are quoted for."""

from __future__ import annotations

import json
import re
import sys

import instructions
import pytest
import reference_network

from edge_sast.errors import EdgeSastError
from edge_sast.formats.registry import read_file
from edge_sast.model import modelfile
from edge_sast.model.bounds import accumulator_bound
from firmware_gen.toolchain.cores import CORES
from tests.cli.models import line_model, save_line_model
from tests.cli.recordings import write_lines
from tests.firmware_gen.builds import small_model
from tests.strategies import as_counts


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["instructions.py", *map(str, arguments)])
    return instructions.main()


def test_a_model_on_random_events(tmp_path, monkeypatch, capsys):
    modelfile.save(small_model(), tmp_path / "model")
    out = tmp_path / "figures.json"
    arguments = (
        "--rates",
        "10,50",
        "--on",
        "cortex-m0,rv32",
        "--recordings",
        2,
        "--functions",
        "--json",
        out,
    )
    assert run(monkeypatch, tmp_path / "model", *arguments) == 0
    figures = json.loads(out.read_text())
    assert [(f["case"], f["core"]) for f in figures] == [
        (case, core) for case in ("10 %", "50 %") for core in ("cortex-m0", "rv32")
    ]
    for found in figures:
        assert found["core"] in CORES
        assert found["steps"] == 2 * 3
        assert found["instructions"] == sum(found["functions"].values()) == sum(found["parts"].values())
        assert list(found["ways"]) == ["unique"]
        assert found["ways"]["unique"]["mean"] == found["instructions"] / found["steps"]
        assert all(found["parts"][part] > 0 for part in ("scatter", "delivery", "sweep", "input", "rest"))
        assert not any(function.startswith("sast_emulator") for function in found["functions"])
    assert figures[2]["synops"] > figures[0]["synops"]
    printed = capsys.readouterr().out
    assert "per SynOp" in printed
    assert "sast_step" in printed


@pytest.mark.needs("arm-none-eabi-gcc")
def test_recordings_are_counted_as_the_sensor_sent_them_first(tmp_path, monkeypatch, capsys):
    write_lines(tmp_path / "data", {"test": 1})
    model = save_line_model(tmp_path)
    out = tmp_path / "figures.json"
    arguments = (
        "--data",
        tmp_path / "data",
        "--cache-dir",
        tmp_path / "cache",
        "--toolchain",
        "gcc",
        "--json",
        out,
    )
    assert run(monkeypatch, model, *arguments) == 0
    (found,) = json.loads(out.read_text())
    paths = sorted((tmp_path / "data" / "test").glob("*/*.bin"))
    events = [read_file(path).events for path in paths]
    counts = [as_counts(read_file(path), line_model().binning) for path in paths]
    steps = found["steps"]
    assert (len(paths), steps) == (3, 3 * 4)
    ways = found["ways"]
    assert list(ways) == ["sent", "unique", "stream"]
    assert ways["sent"]["events"] == ways["stream"]["events"] == sum(map(len, events)) / steps
    assert ways["unique"]["events"] == sum(count.sum() for count in counts) / steps < ways["sent"]["events"]
    assert ways["unique"]["mean"] < ways["sent"]["mean"] < ways["stream"]["mean"]
    lines = capsys.readouterr().out.splitlines()
    assert [re.split(r" {2,}", line)[4] for line in lines[2:5]] == [
        "as the sensor sends them",
        "without repeats",
        "through sast_stream",
    ]
    assert found["recordings"] == 3
    assert lines[2].split()[-5:] == [
        *(f"{ways['sent'][name]:,.0f}" for name in ("mean", "p99", "max")),
        f"{4 * ways['sent']['mean']:,.0f}",
        f"{2 * ways['sent']['mean']:,.0f}",
    ]


def test_the_reference_network():
    for rate, synops in ((0.01, 66_704.4), (0.05, 87_577.2), (0.1, 116_617.8)):
        model = reference_network.reference_model(rate)
        assert 0.049 < reference_network.pooled_rate(model, rate) <= 0.05
        simulator = reference_network.Simulator(model)
        result = simulator.run(reference_network.random_events(model, rate))
        assert result.synops.sum() == round(10 * synops)
        shapes = model.shapes()
        assert shapes[5].neurons == 800
        bounds = [accumulator_bound(layer, shapes[i].max_count).bits for i, layer in model.weighted()]
        assert bounds == [16, 16, 16]


def test_data_without_a_model(monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run(monkeypatch, "--data", "digits")
    assert "--data is for a MODEL; name one" in capsys.readouterr().err


def test_a_core_that_is_none(tmp_path, monkeypatch):
    modelfile.save(small_model(), tmp_path / "model")
    with pytest.raises(EdgeSastError, match="--on is 'z80'; use host or one of"):
        run(monkeypatch, tmp_path / "model", "--on", "z80")
