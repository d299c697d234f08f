"""Emulated boards as processes: QEMU with the board's UART on TCP or a PTY, ended with the block that started it."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_sast.errors import CheckFailedError, EdgeSastError
from firmware_gen.boards.boards import INSTRUCTION_SHIFT, Board
from firmware_gen.toolchain.elf import symbol_address

START_TIMEOUT_S = 30.0  # QEMU itself starts within a second; a loaded machine may take longer
STOP_TIMEOUT_S = 5.0
MONITOR_TIMEOUT_S = 10.0
STACK_SEARCHED = 4096  # bytes below the top
HOST = "127.0.0.1"
_PR_SET_PDEATHSIG = 1  # prctl(2)
_TCP_READY = re.compile(rb"waiting for connection on: disconnected:tcp:([0-9.]+:[0-9]+)")
_PTY_READY = re.compile(rb"char device redirected to (/dev/\S+)")
_PACKAGES = {"qemu-system-arm": "qemu-system-arm", "qemu-system-riscv32": "qemu-system-misc"}


@dataclass(frozen=True)
class Emulator:
    """A running machine. port: what `edge-sast hil --port` takes; ready: what it prints once it listens."""

    port: str
    process: subprocess.Popen[bytes]
    program: Path
    monitor: Path

    def read_word(self, symbol: str) -> int:
        """A uint32 variable of the program, by name, while it runs.

        Raises EdgeSastError for an unknown one, CheckFailedError when the emulator does not answer.
        """
        return self._words(symbol_address(self.program, symbol), 1)[0]

    def stack_used(self) -> int:
        """Bytes of stack that ever held something: the machine's RAM is 0 where nothing was written.

        Looks no further down than STACK_SEARCHED. Raises as read_word does.
        """
        top = symbol_address(self.program, "port_stack_top")
        bottom = max(symbol_address(self.program, "port_bss_end"), top - STACK_SEARCHED)
        words = self._words(bottom, (top - bottom) // 4)
        unused = next((i for i, word in enumerate(words) if word), len(words))
        return 4 * (len(words) - unused)

    def _words(self, address: int, count: int) -> list[int]:
        """The machine's memory as its monitor shows it."""
        said = _ask_monitor(self.monitor, f"xp /{count}wx {address:#x}")
        words = [int(word, 16) for line in said.splitlines() for word in line.partition(":")[2].split()]
        if len(words) != count:
            raise CheckFailedError(f"emulator: memory at {address:#x} cannot be read ({said.strip()[:80]!r})")
        return words


@contextlib.contextmanager
def emulator(board: Board, program: Path, serial: str = "tcp:0") -> Iterator[Emulator]:
    """Run `program` (ELF) on an emulated board until the block ends; on Linux also when this process is killed.

    The thread that enters the block must live as long as it: Linux tells its end, not the process's.

    serial: "pty", or "tcp:PORT" on this computer only; port 0 is one that is free. With tcp the machine starts when
    the host connects, so that nothing sent early is lost.

    Raises EdgeSastError for a real board, another serial, no QEMU, a port in use.
    """
    check_emulated(board, serial)
    with tempfile.TemporaryDirectory(prefix="edge-sast-qemu-") as folder:
        monitor = Path(folder) / "monitor"
        command = [*_machine(board), *_serial_options(serial), "-qmp", f"unix:{monitor},server=on,wait=off"]
        command += ["-kernel", str(program.absolute())]
        process = _start(command)
        try:
            yield Emulator(_wait_until_ready(process, board), process, program, monitor)
        finally:
            _stop(process)


def check_emulated(board: Board, serial: str) -> None:
    """Raises EdgeSastError for a real board, a serial that is none, or no QEMU, before anything is built."""
    if board.machine is None:
        raise EdgeSastError(
            f"--board is {board.name}, which is not emulated: flash it ('edge-sast board build' says how) and give "
            "its serial port to 'edge-sast hil'"
        )
    _serial_options(serial)
    if shutil.which(board.machine[0]) is None:
        package = _PACKAGES[board.machine[0]]
        raise EdgeSastError(f"--board {board.name}: needs {board.machine[0]}; apt-get install {package}")


def _machine(board: Board) -> list[str]:
    """QEMU's command: a fixed time an instruction, no window, nothing but the UART and the monitor."""
    shift = INSTRUCTION_SHIFT if board.core.family == "arm" else 0
    options = ["-icount", f"shift={shift}", "-display", "none", "-nodefaults", "-monitor", "none"]
    return [*(board.machine or ()), *options]


def serial_port(serial: str) -> int | None:
    """The TCP port that a serial line names, None for a PTY. Raises EdgeSastError for what is neither."""
    kind, _, port = serial.partition(":")
    if serial == "pty":
        return None
    if kind != "tcp" or not port.isdecimal() or int(port) > 65535:
        raise EdgeSastError(
            f"--serial is {serial!r}; it must be pty, or tcp:PORT with a port of 0 (any) to 65535"
        )
    return int(port)


def _serial_options(serial: str) -> list[str]:
    port = serial_port(serial)
    if port is None:
        return ["-serial", "pty"]
    return ["-serial", f"tcp:{HOST}:{port},server=on,wait=on,nodelay=on"]


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # an interrupt from the keyboard is for the program that started it
            preexec_fn=_ends_with_us(),
        )
    except OSError as error:
        raise EdgeSastError(f"{command[0]}: cannot be started: {error.strerror or error}") from error


def _ends_with_us() -> Callable[[], None] | None:
    """What makes a child end with the thread that starts it, to be called in the child; None where nothing does."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up here: a child of a program with threads may not take locks
    parent = os.getpid()

    def arrange() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it was killed in between
            os._exit(1)

    return arrange


def _wait_until_ready(process: subprocess.Popen[bytes], board: Board) -> str:
    """What to give to `hil --port`, from QEMU's own words."""
    said = b""
    deadline = time.monotonic() + START_TIMEOUT_S
    pipe = process.stdout
    assert pipe is not None  # PIPE was asked for
    while time.monotonic() < deadline:
        if not select.select([pipe], [], [], 0.5)[0]:
            continue
        chunk = os.read(pipe.fileno(), 4096)
        said += chunk
        for pattern, prefix in ((_TCP_READY, "socket://"), (_PTY_READY, "")):
            found = pattern.search(said)
            if found is not None:
                # Nobody may leave the pipe full, or QEMU stops at its next word.
                threading.Thread(target=_drain, args=(pipe,), daemon=True).start()
                return prefix + found[1].decode()
        if not chunk:
            break
    words = said.decode(errors="replace").strip().splitlines() or ["it said nothing"]
    raise EdgeSastError(
        f"--board {board.name}: QEMU did not start: {words[0]}; choose another --serial, or update QEMU"
    )


def _drain(pipe: object) -> None:
    with contextlib.suppress(OSError, ValueError):  # it is closed when the machine is stopped
        while pipe.read(4096):  # type: ignore[attr-defined]  # the pipe that Popen made
            pass


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _ask_monitor(path: Path, line: str) -> str:
    """QEMU's answer to a line for its human monitor, through its machine protocol."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(MONITOR_TIMEOUT_S)
        try:
            connection.connect(str(path))
            with connection.makefile("rw") as stream:
                stream.readline()  # its greeting
                for command in (
                    {"execute": "qmp_capabilities"},
                    {"execute": "human-monitor-command", "arguments": {"command-line": line}},
                ):
                    stream.write(json.dumps(command) + "\n")
                    stream.flush()
                    answer = _answer(stream)
        except OSError as error:
            raise CheckFailedError(f"emulator: its monitor does not answer ({error})") from error
    return str(answer)


def _answer(stream: object) -> object:
    for line in stream:  # type: ignore[attr-defined]  # a text file
        message = json.loads(line)
        if "return" in message or "error" in message:  # and not an event
            return message.get("return", message.get("error"))
    return ""
