"""One board's design through the tools: synthesised, placed and routed, packed, each step's messages read."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_sast.errors import CheckFailedError, EdgeSastError
from firmware_gen.fpga.boards import Board
from firmware_gen.fpga.families import NETLIST, NETLIST_VERILOG, REPORT, YOSYS
from firmware_gen.fpga.figures import memories
from firmware_gen.fpga.messages import check_messages, overfull
from firmware_gen.fpga.pll import MHZ, Clock
from firmware_gen.fpga.toolchain import Tools

# Where the names of cells begin that Yosys and nextpnr make, behind the name of a register or wire.
_MADE = re.compile(
    r"_(?:SB|LUT\d?|TRELLIS|CCU2C|PFUMX|L6MUX21|DP16KD|PDPW16KD|DFF\w*|ALU|MUX2)_|_LC$|\$|(?:\.\d+)+(?:_RAM)?$"
)
MOST_NAMED = 5  # memories, in a message
SMALLER = "use fewer weight bits, lanes or channels, or another board"


@dataclass(frozen=True)
class Routed:
    """One placement. report: of nextpnr, as JSON; fmax_hz: the slowest clock's."""

    seed: int
    report: dict[str, Any]
    fmax_hz: float


def synthesise(board: Board, clock: Clock, baud: int, tools: Tools, folder: Path) -> dict[str, Any]:
    """The Verilog files in `folder` to its netlists, JSON and Verilog; returns the first.

    Modules are elaborated with the parameters that they get, never with their defaults: those name no tables.
    """
    parameters = {"CLK_HZ": clock.hz, "BAUD": baud, **clock.parameters}
    values = " ".join(f"-chparam {name} {value}" for name, value in parameters.items())
    files = " ".join(path.name for path in sorted(folder.glob("*.v")))
    script = [
        f"read_verilog -defer -I. {files}",
        f"hierarchy -top {board.top} {values}",
        *board.family.prepare,
        f"synth_{board.family.name} {board.synth} -top {board.top}",
        "delete t:$scopeinfo",  # a newer Yosys's, which an older nextpnr takes for cells
        f"write_json {NETLIST}",
        f"write_verilog -noattr {NETLIST_VERILOG}",
    ]
    (folder / "synth.ys").write_text("\n".join(script) + "\n")
    _run(tools, YOSYS, ["-s", "synth.ys"], folder, "yosys.log")
    netlist: dict[str, Any] = json.loads((folder / NETLIST).read_bytes())
    return netlist


def place(board: Board, clock: Clock, seed: int, tools: Tools, folder: Path) -> Routed:
    """The netlist of `folder` placed and routed.

    Raises EdgeSastError for a design that the board cannot hold, with the memories that take most.
    """
    family, pins = board.family, board.pins
    program, log = family.place, f"place-{seed}.log"
    constraints = ["--vopt", f"cst={pins}"] if family.constraints == "cst" else [family.constraints, pins]
    arguments = [*board.place, *constraints, "--json", NETLIST, "--freq", f"{clock.hz / MHZ:.6f}"]
    arguments += ["--seed", str(seed), *family.routed, "--report", REPORT, "--timing-allow-fail"]
    code, text = tools.run(program, arguments, folder, log)
    too_many = overfull(text)
    if too_many:
        raise EdgeSastError(f"{board.name}: needs {too_many}{_largest(board, folder)}; {SMALLER}")
    check_messages(program, code, text, log)
    report: dict[str, Any] = json.loads((folder / REPORT).read_bytes())
    clocks = [float(found["achieved"]) for found in report["fmax"].values()]
    if not clocks:
        raise EdgeSastError(f"{program}: found no clock in the design")
    return Routed(seed, report, min(clocks) * MHZ)


def _largest(board: Board, folder: Path) -> str:
    netlist = json.loads((folder / NETLIST).read_bytes())
    found = list(memories(board.family, netlist, board.top).items())[:MOST_NAMED]
    return f" (blocks of RAM: {', '.join(f'{name} {count}' for name, count in found)})" if found else ""


def check_speed(board: Board, clock: Clock, routed: Routed, seeds: int) -> None:
    """Raises CheckFailedError for a design that is slower than its clock: nextpnr writes its file all the same."""
    if routed.fmax_hz < clock.hz:
        raise CheckFailedError(
            f"{board.name}: reaches {routed.fmax_hz / MHZ:.2f} MHz of {clock.hz / MHZ:g} (best of {seeds} seed"
            f"{'s' * (seeds > 1)}{slowest_path(routed.report)}); try more --seeds, a lower --freq, or fewer lanes"
        )


def slowest_path(report: dict[str, Any]) -> str:
    """From which cell to which the slowest path within one clock leads, in words; empty where the report has none."""
    for found in report.get("critical_paths", ()):
        steps = found["path"]
        if found["from"] == found["to"] and steps:
            ends = (_in_verilog(steps[0]["from"]["cell"]), _in_verilog(steps[-1]["to"]["cell"]))
            return f", slowest path from {ends[0]} to {ends[1]}"
    return ""


def _in_verilog(cell: str) -> str:
    """The name that a cell got from the Verilog, without what Yosys put behind it."""
    return _MADE.split(cell, maxsplit=1)[0]


def pack(board: Board, tools: Tools, folder: Path) -> None:
    """The routed design of `folder` to its bitstream."""
    family = board.family
    routed, bitstream = family.routed[1], family.bitstream
    order = ["-o", bitstream, routed] if family.name == "gowin" else [routed, bitstream]
    _run(tools, family.pack, [*board.pack, *order], folder, "pack.log")
    if not (folder / bitstream).is_file() or not (folder / bitstream).stat().st_size:
        raise EdgeSastError(f"{family.pack}: made no {bitstream}")


def _run(tools: Tools, program: str, arguments: list[str], folder: Path, log: str) -> None:
    code, text = tools.run(program, arguments, folder, log)
    check_messages(program, code, text, log)
