"""Programs on emulated boards for tests: what must be installed, the echo program, talking to it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import serial

from edge_sast.link.ports import DEFAULT_BAUD
from firmware_gen.boards.boards import BOARDS, Board
from firmware_gen.boards.build import Firmware, link_program
from firmware_gen.boards.qemu import Emulator, emulator
from tests import tools

EMULATED = [board.name for board in BOARDS.values() if board.emulated]
REAL = [board.name for board in BOARDS.values() if not board.emulated]
TOOLS = ("arm-none-eabi-gcc", "riscv64-unknown-elf-gcc", "qemu-system-arm", "qemu-system-riscv32")
ECHO = Path(__file__).parent / "programs" / "board" / "echo.c"
ROOT = Path(__file__).parents[2]
HEADERS = [ROOT / "firmware_gen" / "c" / "board", ROOT / "firmware_gen" / "c" / "include"]


def require_tools() -> None:
    """Skips where a cross compiler or an emulator is missing; .ci/run has them all."""
    tools.require(*TOOLS)


def echo_firmware(
    board: Board, folder: Path, toolchain: str | None = None, baud: int = DEFAULT_BAUD
) -> Firmware:
    return link_program(board, [ECHO], HEADERS, '#include "sast_board.h"\n', folder, toolchain, baud)


@contextlib.contextmanager
def echoing(board: Board, program: Path, kind: str) -> Iterator[tuple[Emulator, serial.SerialBase]]:
    """The machine and its port, once the program answers: bytes before its UART is on are lost."""
    with emulator(board, program, kind) as machine, serial.serial_for_url(machine.port, timeout=0.2) as port:
        deadline = time.monotonic() + 30
        while not port.read(1):
            assert time.monotonic() < deadline, "the board does not answer"
            port.write(b"x")
        while port.read(64):  # the other echoes of what was sent while it started
            pass
        port.timeout = 20
        yield machine, port
