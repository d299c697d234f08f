"""A process between a port (PTY or TCP) and a virtual board: paces bytes as a UART does, and does a plan's faults.

    python -m firmware_gen.virtual.relay SETTINGS

SETTINGS is a RelaySettings as JSON. It prints one line of JSON with the port's name, runs until its standard input
ends, and prints another line with what it counted.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import json
import os
import select
import socket
import subprocess
import sys
import termios
import time
import tty
from collections import Counter
from dataclasses import asdict, dataclass

from firmware_gen.virtual.faults import FaultPlan, FaultyLine

READ_BYTES = 65536
IDLE_S = 1.0
TICK_S = 0.0002  # how finely bytes are paced
BITS_PER_BYTE = 10  # start, eight, stop
TO_BOARD, TO_HOST = 0, 1


@dataclass(frozen=True)
class RelaySettings:
    """program: the virtual board. rx_bytes: what its UART buffer holds; bytes beyond that are lost.

    tcp: TCP on this computer, at tcp_port (0: any that is free), else a PTY. baud: 0: as fast as it goes. faults: None:
    none.
    """

    program: str
    rx_bytes: int
    tcp: bool
    baud: int = 0
    faults: FaultPlan | None = None
    tcp_port: int = 0

    def dumps(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def loads(text: str) -> RelaySettings:
        fields = json.loads(text)
        faults = fields.pop("faults")
        return RelaySettings(**fields, faults=FaultPlan(**faults) if faults else None)


class Pacer:
    """Bytes on their way over one direction of a UART of so many baud; 0: no delay."""

    def __init__(self, baud: int) -> None:
        self.waiting = bytearray()
        self._rate = baud / BITS_PER_BYTE
        self._clock = 0.0  # until when the bytes that left had the line

    def push(self, data: bytes, now: float) -> None:
        if not self.waiting:
            self._clock = max(self._clock, now)
        self.waiting += data

    def pop(self, now: float) -> bytes:
        """What has arrived."""
        size = len(self.waiting)
        if self._rate:
            size = min(size, max(0, int((now - self._clock) * self._rate)))
            self._clock += size / self._rate
        out = bytes(self.waiting[:size])
        del self.waiting[:size]
        return out


class HostEnd:
    """The port that the host opens. name: what to give to --port."""

    def __init__(self, tcp: bool, tcp_port: int = 0) -> None:
        self._listener: socket.socket | None = None
        self._connection: socket.socket | None = None
        self._master = self._slave = -1
        if tcp:
            self._listener = socket.create_server(("127.0.0.1", tcp_port))
            self._listener.setblocking(False)
            self.name = f"socket://127.0.0.1:{self._listener.getsockname()[1]}"
        else:
            self._master, self._slave = (
                os.openpty()
            )  # the slave stays open: bytes are kept while no one listens
            tty.setraw(self._slave)
            os.set_blocking(self._master, False)
            self.name = os.ttyname(self._slave)

    def waitable(self) -> int | socket.socket | None:
        """What select can wait for."""
        return self._connection or self._listener or self._master

    def read(self) -> bytes:
        """b"" for nothing, or for a change of who is connected."""
        if self._listener is None:
            with contextlib.suppress(BlockingIOError):
                return os.read(self._master, READ_BYTES)
            return b""
        if self._connection is None:
            with contextlib.suppress(BlockingIOError):
                self._connection = self._listener.accept()[0]
                self._connection.setblocking(False)
                self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return b""
        try:
            data = self._connection.recv(READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self.unplug()
        return data

    def write(self, data: bytes) -> None:
        """What no one takes is lost, as on a UART."""
        with contextlib.suppress(OSError):
            if self._connection is not None:
                self._connection.sendall(data)
            elif self._listener is None:
                os.write(self._master, data)

    def unplug(self) -> None:
        """Closes the connection; a PTY has none."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Board:
    """The virtual board's process; `reset` starts it anew, and all that it knew is gone."""

    def __init__(self, program: str, rx_bytes: int) -> None:
        self.overruns = 0
        self._program = program
        self._rx_bytes = rx_bytes
        self._process: subprocess.Popen | None = None
        self.reset()

    def reset(self) -> None:
        self.close()
        feed, self._inlet = os.pipe()
        self._process = subprocess.Popen([self._program], stdin=feed, stdout=subprocess.PIPE, bufsize=0)
        os.set_blocking(self.fileno(), False)  # it may have been reset since select saw bytes
        self._feed = feed  # kept open to ask how much is waiting in it

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()  # type: ignore[union-attr]  # PIPE was asked for
            os.close(self._inlet)
            os.close(self._feed)
            self._process = None

    def fileno(self) -> int:
        return self._process.stdout.fileno()  # type: ignore[union-attr]  # PIPE was asked for

    def read(self) -> bytes:
        """b"" for nothing. Ends the relay when the process has ended by itself, which no board does."""
        try:
            data = os.read(self.fileno(), READ_BYTES)
        except BlockingIOError:
            return b""
        if not data:
            raise SystemExit(f"virtual board: {self._program} ended by itself")
        return data

    def write(self, data: bytes) -> None:
        """Bytes that its UART buffer has no room for are lost."""
        waiting = array.array("i", [0])
        fcntl.ioctl(self._feed, termios.FIONREAD, waiting)
        room = max(0, self._rx_bytes - waiting[0])
        self.overruns += max(0, len(data) - room)
        if data[:room]:
            os.write(self._inlet, data[:room])


class Relay:
    """Everything between the two ends."""

    def __init__(self, settings: RelaySettings) -> None:
        self.counts: Counter[str] = Counter()
        self.host = HostEnd(settings.tcp, settings.tcp_port)
        self.board = Board(settings.program, settings.rx_bytes)
        self.passed = [0, 0]
        self._faults = settings.faults
        self._lines = (
            [FaultyLine(settings.faults, i, self.counts) for i in (0, 1)] if settings.faults else None
        )
        self._pacers = [Pacer(settings.baud), Pacer(settings.baud)]
        self._held_until = 0.0

    def run(self) -> None:
        """Until standard input ends."""
        while True:
            now = time.monotonic()
            stalled = now < self._held_until
            ends: list = [sys.stdin] if stalled else [sys.stdin, self.host.waitable(), self.board]
            ready = select.select(ends, [], [], self._patience(now))[0]
            if sys.stdin in ready and not os.read(sys.stdin.fileno(), READ_BYTES):
                break
            if not stalled:
                self._move(ready)
        self.board.close()

    def _patience(self, now: float) -> float:
        if now < self._held_until:
            return self._held_until - now
        return TICK_S if any(pacer.waiting for pacer in self._pacers) else IDLE_S

    def _move(self, ready: list) -> None:
        if self.host.waitable() in ready:
            self._pass(TO_BOARD, self.host.read())
        if self.board in ready:
            self._pass(TO_HOST, self.board.read())
        now = time.monotonic()
        self.board.write(self._pacers[TO_BOARD].pop(now))
        self.host.write(self._pacers[TO_HOST].pop(now))

    def _pass(self, direction: int, data: bytes) -> None:
        self.passed[direction] += len(data)
        if self._lines is not None:
            data, due = self._lines[direction].passing(data)
            for kind in due:
                self._board_fault(kind)
        self._pacers[direction].push(data, time.monotonic())

    def _board_fault(self, kind: str) -> None:
        assert self._faults is not None
        if kind == "unplug":
            self.host.unplug()
        elif kind == "reset":
            self.board.reset()
        else:
            self._held_until = time.monotonic() + getattr(self._faults, f"{kind}_s")


def main() -> int:
    relay = Relay(RelaySettings.loads(sys.argv[1]))
    print(json.dumps({"port": relay.host.name}), flush=True)
    relay.run()
    to_board, to_host = relay.passed
    figures = {
        "faults": relay.counts,
        "overruns": relay.board.overruns,
        "to_board": to_board,
        "to_host": to_host,
    }
    print(json.dumps(figures), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
