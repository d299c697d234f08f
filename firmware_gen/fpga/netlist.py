"""The core as Yosys synthesises it for a family of FPGA: a netlist in Verilog, beside models of that family's cells.

The same benches run on it as on the core's own Verilog.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_sast.errors import EdgeSastError
from firmware_gen.fpga.boards import BOARDS
from firmware_gen.fpga.families import NETLIST_VERILOG, YOSYS
from firmware_gen.fpga.messages import check_messages
from firmware_gen.fpga.simulate import BENCH, ICARUS, TOP, VERILATOR, check_core
from firmware_gen.fpga.tables import parameter
from firmware_gen.fpga.toolchain import find_yosys

NETLIST = "netlist"  # of every family
# Target to the board whose arguments Yosys gets: the netlist is the one that its bitstreams are made of.
BOARD_OF = {f"{NETLIST}-ice40": BOARDS["hx8k-breakout"], f"{NETLIST}-ecp5": BOARDS["ulx3s-25f"]}
NETLISTS = tuple(BOARD_OF)
MODELS = "cells_sim.v"  # among Yosys's own files
CELLS = "cells.v"
SEED = 1  # of the bits that memories begin with where the core has none
# Yosys's models say nothing of the inside of some cells: they get models of the bench's.
OWN_CELLS = {"DP16KD": "sast_dp16kd"}
# Models of iCE40's have default values of ports, which Icarus 11 cannot read.
DEFINES = "-DNO_ICE40_DEFAULT_ASSIGNMENTS"
# Attributes, delays and marks of Yosys's own, which Icarus 11 cannot read all.
_NOT_FOR_OTHERS = re.compile(
    r"\(\*(?!\)).*?\*\)|^`file_(?:push|pop)[^\n]*|^\s*specify\b.*?^\s*endspecify\b", re.DOTALL | re.MULTILINE
)
_DUMP = re.compile(r"-- Verilog code after preprocessor --\n(.*)-- END OF DUMP --", re.DOTALL)


@dataclass(frozen=True)
class Netlist:
    """files: of Verilog, without the bench. yosys: its version."""

    files: tuple[Path, ...]
    yosys: str


@contextmanager
def netlist_of(rtl: Path, target: str, toolchain: str | None = None) -> Iterator[Netlist]:
    """The core in folder `rtl`, synthesised for one of NETLISTS in a temporary folder. toolchain: see find_yosys.

    It is synthesised as sast_uart_top has it, with the narrow CRC, and with the ports that benches look at.

    Raises EdgeSastError: no Yosys here, no core in the folder, or Yosys finds it wrong.
    """
    check_core(rtl)
    if parameter(rtl, "SPRAM"):
        raise EdgeSastError(
            f"{rtl}: weights lie in SPRAM, which is empty in a netlist; verify it with --on verilator or icarus"
        )
    tools = find_yosys(toolchain)
    with tempfile.TemporaryDirectory(prefix="edge-sast-netlist-") as scratch:
        folder = Path(scratch)
        for path in rtl.iterdir():
            if path.suffix in (".v", ".vh", ".mem"):
                shutil.copyfile(path, folder / path.name)
        modules = [path.name for path in sorted(rtl.glob("sast_*.v"))]
        (folder / "synth.ys").write_text("\n".join(_script(target, modules)) + "\n")
        code, text = tools.run(YOSYS, ["-s", "synth.ys"], folder, "yosys.log")
        check_messages(YOSYS, code, text)
        (folder / CELLS).write_text(cell_models((folder / CELLS).read_text("utf-8")))
        version = re.search(r"^Yosys (\S+) \(", text, re.MULTILINE)
        own = (BENCH / f"{name}.v" for name in OWN_CELLS.values())
        files = (folder / NETLIST_VERILOG, folder / CELLS, *own)
        yield Netlist(files, version[1] if version else "of unknown version")


def fastest_simulator() -> str:
    """Verilator where it is whole, else Icarus."""
    whole = all(shutil.which(program) for program in ("verilator", "g++", "make"))
    return VERILATOR if whole else ICARUS


def _script(target: str, modules: list[str]) -> list[str]:
    """Of Yosys. Modules are elaborated with the parameters that they get, never with their defaults (no tables)."""
    board = BOARD_OF[target]
    family = board.family.name
    return [
        f"read_verilog -defer -I. {' '.join(modules)}",
        f"hierarchy -top {TOP} -chparam CRC_WIDE 0",
        *board.family.prepare,
        f"synth_{family} {board.synth} -top {TOP}",
        *(f"chtype -set {own} t:{cell}" for cell, own in OWN_CELLS.items()),
        f"setundef -params -random {SEED}",  # what no file fills: nothing may depend on it
        f"write_verilog -noattr {NETLIST_VERILOG}",
        "design -reset",
        # the text of the models as Yosys has it, wherever it lies, without macros and includes
        f"tee -o {CELLS} read_verilog -defer -ppdump {DEFINES} +/{family}/{MODELS}",
    ]


def cell_models(said: str) -> str:
    """What Yosys dumped of its models, as Verilog for others. Raises EdgeSastError where it dumped none."""
    found = _DUMP.search(said)
    if found is None:
        raise EdgeSastError(f"{YOSYS}: dumps no models of its cells; install another Yosys, 0.23 or newer")
    return _NOT_FOR_OTHERS.sub("", found[1])
