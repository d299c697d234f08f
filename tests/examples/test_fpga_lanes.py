"""examples/fpga_lanes.py: what it makes of predictions and simulations, and the whole of it in both simulators."""

from __future__ import annotations

import pytest

pytest.importorskip("matplotlib")

import fpga_lanes
from fpga_lanes import Design, check, installed, main, picture, table

from edge_sast.errors import CheckFailedError, EdgeSastError
from tests.examples.pictures import assert_picture

MEMORIES = {"weights_0": 40, "weights_0_more": 8, "membranes_0": 30, "spikes": 6, "rows": 10, "ops": 5}
RUN = {"cycles": 100.0, "synops_cycle": 3.25, "lanes_used": 0.9}


def design(cycles: float) -> Design:
    return Design(4, {"run": RUN, "memories": MEMORIES, "memory_bits": 99}, cycles)


@pytest.mark.quality
@pytest.mark.needs("iverilog")
def test_the_core_takes_the_cycles_that_its_export_predicts(tmp_path, capsys):
    main(["--lanes", "16", "--on", "icarus", "--out", str(tmp_path / "lanes")])
    told = capsys.readouterr().out
    assert "icarus: 1 recordings, 10 steps, every membrane, spike, counter and CRC equal" in told
    assert told.splitlines()[-3].split() == ["16", "10,582", "10,583", "12.71", "91%", "185,028"]
    assert_picture(tmp_path / "lanes" / "lanes.png")


@pytest.mark.quality
@pytest.mark.needs("verilator", "g++", "make")
def test_all_of_it(tmp_path):
    main(["--out", str(tmp_path / "lanes")])
    assert_picture(tmp_path / "lanes" / "lanes.png")


def test_a_simulator_that_is_not_there(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        main(["--lanes", "8", "--on", "icarus", "--out", str(tmp_path / "lanes")])
    assert ended.value.code == 2
    assert "$ edge-sast verify " in capsys.readouterr().out


def test_the_picture_has_what_was_predicted_and_simulated():
    cycles, memory = picture([design(101)], "icarus").axes
    shown = {line.get_label(): line.get_ydata() for line in cycles.lines}
    assert (list(shown["predicted by export"]), list(shown["simulated in icarus"])) == ([100], [101])
    assert [bars[0].get_height() for bars in memory.containers] == pytest.approx([0.048, 0.03, 0.006, 0.015])


def test_memories_are_summed_by_what_they_hold():
    assert design(100).bits() == {"weights": 48, "membranes": 30, "spikes": 6, "tables": 15}
    assert table([design(101)])[-1].split() == ["4", "100", "101", "3.25", "90%", "99"]


@pytest.mark.parametrize("cycles", [99, 103])
def test_a_wrong_prediction_fails(cycles):
    check([design(100), design(102)])
    with pytest.raises(CheckFailedError, match=rf"^P = 4: 100 cycles were predicted, {cycles} simulated$"):
        check([design(102), design(cycles)])


def test_without_a_simulator(monkeypatch):
    monkeypatch.setattr(fpga_lanes.shutil, "which", lambda name: None if name == "verilator" else name)
    assert installed() == "icarus"
    monkeypatch.setattr(fpga_lanes.shutil, "which", lambda _: None)
    with pytest.raises(
        EdgeSastError, match=r"^no simulator of Verilog is installed; sudo apt-get install iverilog$"
    ):
        installed()
