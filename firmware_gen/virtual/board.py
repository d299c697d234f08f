"""A build folder as a board of its own process on this computer, behind a PTY or a TCP port.

It runs the very C that goes onto microcontrollers, board application included; only the UART is another.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import firmware_gen
from edge_sast.errors import CheckFailedError, EdgeSastError
from firmware_gen.build.folder import read_manifest
from firmware_gen.toolchain.compiler import DEFAULT_FLAGS, compile_program
from firmware_gen.virtual.faults import FaultPlan
from firmware_gen.virtual.relay import RelaySettings

RX_BYTES = 1024
END_TIMEOUT_S = 10.0  # the relay only prints a line and ends


@dataclass
class VirtualBoard:
    """A running one. port: for --port. stop: ends it at once, as pulling its plug does. wait: until it ends by itself.

    Filled when it ends: faults, how many of each kind were done; overruns, bytes that came when the board's buffer
    was full; to_board, to_host: bytes that went in.
    """

    port: str
    stop: Callable[[], None]
    wait: Callable[[], int]
    faults: dict[str, int] = field(default_factory=dict)
    overruns: int = 0
    to_board: int = 0
    to_host: int = 0


def build_virtual_board(
    build: Path, program: Path, rx_bytes: int = RX_BYTES, flags: tuple[str, ...] = ()
) -> None:
    """Compiles the C of a build folder with the board application into `program`.

    Raises EdgeSastError for a folder that is no build, and without a C compiler.
    """
    name = read_manifest(build).name
    ours = resources.files("firmware_gen") / "c"
    with resources.as_file(ours) as folder:
        sources = sorted((build / "src").glob("*.c")) + sorted((folder / "board").glob("*.c"))
        macros = [
            f'-DSAST_VIRTUAL_HEADER="{name}_model.h"',
            f"-DSAST_VIRTUAL_MODEL={name}_model",
            f"-DSAST_VIRTUAL_MEMORY={name}_memory_t",
            f"-DSAST_VIRTUAL_RX_BYTES={rx_bytes}u",
        ]
        compile_program(
            [path.absolute() for path in sources] + [folder / "virtual" / "sast_virtual.c"],
            [(build / "include").absolute(), folder / "board"],
            program,
            [*DEFAULT_FLAGS, *macros, *flags],
        )


@contextmanager
def virtual_board(
    build: Path, *, tcp: bool = True, baud: int = 0, rx_bytes: int = RX_BYTES, faults: FaultPlan | None = None
) -> Iterator[VirtualBoard]:
    """A build folder's virtual board, compiled, running until the end of the block. Arguments as RelaySettings'."""
    with tempfile.TemporaryDirectory(prefix="edge-sast-board-") as folder:
        program = Path(folder) / "sast_virtual"
        build_virtual_board(build, program, rx_bytes)
        with running(RelaySettings(str(program), rx_bytes, tcp, baud, faults)) as board:
            yield board


@contextmanager
def running(settings: RelaySettings) -> Iterator[VirtualBoard]:
    """A virtual board that is compiled already. Raises EdgeSastError where it cannot be started."""
    package = Path(firmware_gen.__file__).parents[1]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(package), os.environ.get("PYTHONPATH", "")])
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "firmware_gen.virtual.relay", settings.dumps()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,  # an interrupt from the keyboard is for the program that started it
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise EdgeSastError("virtual board: its relay did not start; see the messages above")
        board = VirtualBoard(json.loads(line)["port"], process.kill, process.wait)
        yield board
        figures, _ = process.communicate(timeout=END_TIMEOUT_S)
        if process.returncode == -signal.SIGKILL:
            return  # stopped: it can tell nothing any more
        if process.returncode:
            raise CheckFailedError(f"virtual board: its relay ended with exit code {process.returncode}")
        for name, value in json.loads(figures).items():
            setattr(board, name, value)
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
