"""A board's file of pins against its top's ports: place and route of ECP5 and Gowin ignores a name that is wrong."""

from __future__ import annotations

import re
from typing import Any

from edge_sast.errors import EdgeSastError
from firmware_gen.fpga.boards import Board, boards_folder

# iCE40's, ECP5's and Gowin's way to say it.
_PIN = re.compile(r'^\s*(?:set_io\s+(\S+)\s+\S+|LOCATE\s+COMP\s+"(\S+)"|IO_LOC\s+"(\S+)")', re.MULTILINE)


def named(text: str) -> set[str]:
    """Ports, bit by bit, that a file of pins has a pin for."""
    return {"".join(found) for found in _PIN.findall(text)}


def ports(netlist: dict[str, Any], top: str) -> set[str]:
    """Ports of the top in Yosys's JSON, bit by bit, by the names that such files use."""
    found = set()
    for name, port in netlist["modules"][top]["ports"].items():
        bits = range(len(port["bits"]))
        found |= {name} if len(bits) == 1 else {f"{name}[{port.get('offset', 0) + bit}]" for bit in bits}
    return found


def check_pins(board: Board, netlist: dict[str, Any]) -> None:
    """Raises EdgeSastError for a port without a pin, or a pin for a port that there is not."""
    given = named((boards_folder() / board.pins).read_text())
    there = ports(netlist, board.top)
    for names, told in ((there - given, "names no pin for"), (given - there, "names a pin for")):
        if names:
            why = "" if names & there else ", which the top has not"
            raise EdgeSastError(
                f"{board.pins}: {told} {', '.join(sorted(names))}{why}; mend {board.top}.v or it"
            )
