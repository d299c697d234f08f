"""What a design takes of its device, from the tools' own JSON: routed cells, and the netlist's flip-flops."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from firmware_gen.fpga.families import Family

FIGURES = ("logic", "ff", "bram", "spram", "dsp")


def used_and_available(
    family: Family, report: dict[str, Any], netlist: dict[str, Any], top: str
) -> tuple[dict[str, int], dict[str, int]]:
    """Of each figure, how many the design uses and the device has; a kind that the device lacks is 0 of 0.

    report: of place and route. netlist: Yosys's JSON, for flip-flops where the report has none of their own (an iCE40's
    logic cell holds one each).
    """
    cells = report["utilization"]
    used, available = {}, {}
    for figure in FIGURES:
        names = [name for name in family.cells.get(figure, ()) if name in cells]
        used[figure] = sum(int(cells[name]["used"]) for name in names)
        available[figure] = int(cells[names[0]]["available"]) if names else 0
    if "ff" not in family.cells:
        used["ff"], available["ff"] = flip_flops(family, netlist, top), available["logic"]
    return used, available


def memories(family: Family, netlist: dict[str, Any], top: str) -> dict[str, int]:
    """Blocks of RAM by the memory that they hold, the largest first; names as in the Verilog, from below the top on."""
    cells = netlist["modules"][top]["cells"].items()
    found = Counter(
        re.sub(r"(\.\d+)+(_RAM)?$", "", name)
        for name, cell in cells
        if str(cell["type"]).startswith(family.rams)
    )
    return dict(found.most_common())


def flip_flops(family: Family, netlist: dict[str, Any], top: str) -> int:
    """Of the flattened top in Yosys's JSON."""
    cells = netlist["modules"][top]["cells"].values()
    return sum(str(cell["type"]).startswith(family.flip_flops) for cell in cells)
