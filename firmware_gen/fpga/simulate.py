"""The Verilog of a folder as a program on this computer, by Verilator or Icarus: runs in, traces out (bench/)."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_sast.errors import EdgeSastError
from firmware_gen.fpga.tables import check_tables, parameter
from firmware_gen.toolchain.compiler import run_compiler

BENCH = Path(__file__).parent / "bench"
VERILATOR, ICARUS = "verilator", "icarus"
# The command that is looked for, and the package of Debian that brings it.
PROGRAMS = {VERILATOR: ("verilator", "verilator"), ICARUS: ("iverilog", "iverilog")}
SIMULATORS = tuple(PROGRAMS)
TOP = "sast_core"


@dataclass(frozen=True)
class Simulation:
    """command: the program. folder: where it must run, as it opens its tables there."""

    command: tuple[str, ...]
    folder: Path


@contextmanager
def simulation(
    rtl: Path,
    simulator: str,
    optimise: str = "-O3",
    keep: Path | None = None,
    netlist: Sequence[Path] | None = None,
) -> Iterator[Simulation]:
    """The core in folder `rtl` and the bench, built in a temporary folder. optimise: of the C++ that Verilator makes.

    keep: a folder for what all builds by Verilator have in common, which is then compiled only once. netlist: files
    that take the place of the core's Verilog.

    Raises EdgeSastError: no such simulator here, no core in the folder, or the simulator refuses it.
    """
    rtl = rtl.absolute()
    program, package = PROGRAMS[simulator]
    if shutil.which(program) is None:
        raise EdgeSastError(
            f"{program} is not installed; sudo apt-get install --no-install-recommends {package}"
        )
    check_core(rtl)
    sources = _sources(rtl) if netlist is None else [f"-I{rtl}", *map(str, netlist)]
    with tempfile.TemporaryDirectory(prefix="edge-sast-core-") as scratch:
        if simulator == VERILATOR:
            command = _verilate(rtl, sources, Path(scratch), optimise, keep)
        else:
            command = _compile(sources, Path(scratch))
        yield Simulation(command, rtl)


def check_core(rtl: Path) -> None:
    """Raises EdgeSastError where the folder has no core, or damaged tables."""
    if not (rtl / f"{TOP}.v").is_file():
        raise EdgeSastError(f"{rtl}: has no {TOP}.v; export it again with --target verilog")
    check_tables(rtl)


def _sources(rtl: Path) -> list[str]:
    """The core, and where the modules in it are found, each in a file of its name."""
    return [f"-I{rtl}", "-y", str(rtl), str(rtl / f"{TOP}.v")]


def _verilate(
    rtl: Path, sources: list[str], scratch: Path, optimise: str, keep: Path | None
) -> tuple[str, ...]:
    objects = scratch / "obj"
    objects.mkdir()
    common = keep / "verilated.o" if keep else None
    if common and common.is_file():
        shutil.copy(common, objects)  # newer than its source: make leaves it as it is
    sizes = " ".join(f"-DSAST_{name}={parameter(rtl, name)}" for name in ("P", "MW", "MARGIN"))
    command = ["verilator", "--cc", "--exe", "--build", "-O3", "-Wno-fatal", "--x-initial", "unique"]
    command += ["--top-module", TOP, "--Mdir", str(objects), "-o", TOP, "-CFLAGS", f"{optimise} {sizes}"]
    command += ["-MAKEFLAGS", f"OPT_FAST={optimise} OPT_SLOW=-O0 OPT_GLOBAL={optimise}"]
    run_compiler([*command, *sources, str(BENCH / "sast_bench.cpp")], "install another Verilator")
    if common and not common.is_file():
        shutil.copy(objects / "verilated.o", common)
    return (str(objects / TOP),)


def _compile(sources: list[str], scratch: Path) -> tuple[str, ...]:
    program = scratch / f"{TOP}.vvp"
    command = ["iverilog", "-g2005", "-s", "sast_bench", "-o", str(program)]
    run_compiler([*command, *sources, str(BENCH / "sast_bench.v")], "install another Icarus Verilog")
    # vvp's messages go to standard output: the traces leave by another door, which becomes the program's output.
    return ("sh", "-c", 'exec "$@" 3>&1 1>&2', "sh", "vvp", "-n", str(program))
