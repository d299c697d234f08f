"""Figures out of the tools' JSON: parts of what nextpnr and Yosys wrote of real designs."""

from __future__ import annotations

from firmware_gen.fpga.families import FAMILIES
from firmware_gen.fpga.figures import memories, used_and_available

ICE40 = {
    "ICESTORM_DSP": {"available": 8, "used": 0},
    "ICESTORM_LC": {"available": 5280, "used": 3063},
    "ICESTORM_RAM": {"available": 30, "used": 28},
    "ICESTORM_SPRAM": {"available": 4, "used": 1},
    "SB_IO": {"available": 96, "used": 6},
}
ECP5 = {
    "ALU54B": {"available": 14, "used": 0},
    "DP16KD": {"available": 56, "used": 10},
    "MULT18X18D": {"available": 28, "used": 0},
    "TRELLIS_COMB": {"available": 24288, "used": 2624},
    "TRELLIS_FF": {"available": 24288, "used": 1585},
}
GOWIN = {
    "ALU": {"available": 6480, "used": 46},
    "BSRAM": {"available": 26, "used": 1},
    "DFF": {"available": 6480, "used": 44},
    "LUT4": {"available": 8640, "used": 54},
    "MULT9X9": {"available": 40, "used": 1},
    "MULT18X18": {"available": 20, "used": 2},
}


def netlist(**cells: str) -> dict:
    return {"modules": {"top": {"cells": {name: {"type": kind} for name, kind in cells.items()}}}}


def test_ice40_counts_its_flip_flops_in_the_netlist():
    made = netlist(a="SB_DFF", b="SB_DFFESR", c="SB_LUT4", d="SB_RAM40_4K", e="SB_CARRY")
    used, available = used_and_available(FAMILIES["ice40"], {"utilization": ICE40}, made, "top")
    assert used == {"logic": 3063, "ff": 2, "bram": 28, "spram": 1, "dsp": 0}
    assert available == {"logic": 5280, "ff": 5280, "bram": 30, "spram": 4, "dsp": 8}


def test_an_hx8k_has_neither_spram_nor_multipliers():
    cells = {name: ICE40[name] for name in ("ICESTORM_LC", "ICESTORM_RAM")}
    used, available = used_and_available(FAMILIES["ice40"], {"utilization": cells}, netlist(), "top")
    assert (used["spram"], available["spram"], used["dsp"], available["dsp"]) == (0, 0, 0, 0)


def test_ecp5():
    used, available = used_and_available(FAMILIES["ecp5"], {"utilization": ECP5}, netlist(), "top")
    assert used == {"logic": 2624, "ff": 1585, "bram": 10, "spram": 0, "dsp": 0}
    assert available == {"logic": 24288, "ff": 24288, "bram": 56, "spram": 0, "dsp": 28}


def test_a_gowin_adder_takes_a_luts_place():
    used, available = used_and_available(FAMILIES["gowin"], {"utilization": GOWIN}, netlist(), "top")
    assert used == {"logic": 100, "ff": 44, "bram": 1, "spram": 0, "dsp": 3}
    assert available == {"logic": 8640, "ff": 6480, "bram": 26, "spram": 0, "dsp": 40}


def test_blocks_of_ram_are_told_by_memory():
    names = {f"device.core.bank[0].bank.weights.words.0.{i}": "SB_RAM40_4K" for i in range(3)}
    names |= {"device.link.data.0.0_RAM": "SB_RAM40_4K", "device.count": "SB_DFF"}
    found = memories(FAMILIES["ice40"], netlist(**names), "top")
    assert list(found.items()) == [("device.core.bank[0].bank.weights.words", 3), ("device.link.data", 1)]
