"""An exported folder's FPGA as a board of its own process on this computer: Verilated, its UART behind a PTY or TCP."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from edge_sast.errors import EdgeSastError
from firmware_gen.fpga.tables import check_tables
from firmware_gen.toolchain.compiler import run_compiler
from firmware_gen.virtual.board import VirtualBoard, running
from firmware_gen.virtual.faults import FaultPlan
from firmware_gen.virtual.relay import RelaySettings

TOP = "sast_uart_top"
CLK_HZ = 12_000_000  # so it says: that of many a board's oscillator; it runs as fast as this computer lets it
BIT_CLOCKS = 8  # the fastest that the UART can: a simulated clock is dear
RX_BYTES = 4096  # what waits for the line; a host has less under way


def build_fpga_board(rtl: Path, program: Path, optimise: str = "-O2") -> None:
    """Compiles the Verilog in folder `rtl` into `program`, which must stay where it is, as must the folder.

    Raises EdgeSastError: no Verilator, no Verilog in the folder, damaged tables, or Verilator refuses it.
    """
    rtl = rtl.absolute()
    if not (rtl / f"{TOP}.v").is_file():
        raise EdgeSastError(
            f"{rtl}: has no {TOP}.v; an export with --target verilog has it, unless the model's input or results are "
            "too large for its UART"
        )
    check_tables(rtl)
    if shutil.which("verilator") is None:
        raise EdgeSastError(
            "verilator is not installed; sudo apt-get install --no-install-recommends verilator"
        )
    objects = program.absolute().with_name(program.name + "-objects")
    command = ["verilator", "--cc", "--exe", "--build", "-O3", "-Wno-fatal", "--x-initial", "unique"]
    command += [
        "--top-module",
        TOP,
        "--Mdir",
        str(objects),
        "-o",
        TOP,
        "-CFLAGS",
        f"{optimise} -DSAST_BIT={BIT_CLOCKS}",
    ]
    command += ["-MAKEFLAGS", f"OPT_FAST={optimise} OPT_SLOW=-O0 OPT_GLOBAL={optimise}"]
    command += [f"-GCLK_HZ={CLK_HZ}", f"-GBAUD={CLK_HZ // BIT_CLOCKS}"]
    command += [f"-I{rtl}", "-y", str(rtl), str(rtl / f"{TOP}.v")]
    bench = resources.files("firmware_gen") / "fpga" / "bench" / "sast_board.cpp"
    with resources.as_file(bench) as source:
        run_compiler([*command, str(source)], "install another Verilator")
    # It opens its tables where it runs.
    script = f"#!/bin/sh\ncd {shlex.quote(str(rtl))} && exec {shlex.quote(str(objects / TOP))}\n"
    program.write_text(script)
    os.chmod(program, 0o755)


@contextmanager
def fpga_board(
    rtl: Path, *, tcp: bool = True, tcp_port: int = 0, faults: FaultPlan | None = None
) -> Iterator[VirtualBoard]:
    """The FPGA of a folder with Verilog, compiled, running until the end of the block. Arguments as RelaySettings'."""
    with tempfile.TemporaryDirectory(prefix="edge-sast-board-") as folder:
        program = Path(folder) / TOP
        build_fpga_board(rtl, program)
        with running(RelaySettings(str(program), RX_BYTES, tcp, 0, faults, tcp_port)) as board:
            yield board
