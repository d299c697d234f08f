"""The slowest path of a report, by the names that the Verilog has."""

from __future__ import annotations

import pytest

from firmware_gen.fpga.flow import slowest_path


def path(start, end, clocks=("posedge clk", "posedge clk")):
    steps = [{"from": {"cell": start}, "to": {"cell": "x"}}, {"from": {"cell": "x"}, "to": {"cell": end}}]
    return {"from": clocks[0], "to": clocks[1], "path": steps}


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        (
            "device.core.events.ev_error_SB_DFFESR_Q_E_SB_LUT4_O_I2$CARRY",
            "device.core.cycles_SB_DFFESR_Q_1_D_SB_LUT4_O_LC",
            ", slowest path from device.core.events.ev_error to device.core.cycles",
        ),
        (
            "device.core.bank[0].bank.weights.words.0.3_RAM",
            "device.core.bank[0].bank.y_DFFR_Q_5_D_ALU_SUM",
            ", slowest path from device.core.bank[0].bank.weights.words to device.core.bank[0].bank.y",
        ),
        (
            "device.table_0.0.0",
            "device.count_TRELLIS_FF_Q_3",
            ", slowest path from device.table_0 to device.count",
        ),
    ],
)
def test_ends_of_the_slowest_path(start, end, told):
    asynchronous = path("button_n", "reset.free", ("<async>", "posedge clk"))
    assert slowest_path({"critical_paths": [asynchronous, path(start, end)]}) == told


def test_without_a_path():
    assert slowest_path({}) == ""
    assert slowest_path({"critical_paths": [path("a", "b", ("<async>", "posedge clk"))]}) == ""
