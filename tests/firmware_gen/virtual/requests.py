"""Requests of docs/protocol.md as a host never sends them, and boards as plain processes that answer them."""

from __future__ import annotations

import os
import select
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edge_sast.link.frames import Frame, FrameReader, Kind, encode

PATIENCE_S = 30.0  # the machine may be busy
ASK_AGAIN_S = 0.1


class Process:
    """A board whose UART is standard input and output."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self._reader = FrameReader()
        self._number = 0

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            pipe.close()

    def ask(self, frame: Frame) -> bytes:
        """The payload of its answer, which must come."""
        self._write(b"\0" + encode(frame))
        answer = self._answer(frame, PATIENCE_S)
        assert answer is not None, frame
        return answer

    def tell(self, line: bytes) -> list[Frame]:
        """Bytes that may get no answer: what comes until it answers a HELLO."""
        self._write(line + b"\0")
        self._number += 1
        hello = Frame(Kind.HELLO, self._number, 0xFFFFFFFF, b"\1\0")
        end, self._others = time.monotonic() + PATIENCE_S, []
        while time.monotonic() < end:
            self._write(b"\0" + encode(hello))  # what comes while it works is lost
            if self._answer(hello, ASK_AGAIN_S) is not None:
                return self._others
        raise AssertionError("no answer any more")

    def _write(self, line: bytes) -> None:
        self._process.stdin.write(line)

    def _answer(self, request: Frame, patience_s: float) -> bytes | None:
        key = (request.kind | 0x80, request.seq, request.token)
        end = time.monotonic() + patience_s
        while (left := end - time.monotonic()) > 0:
            if not select.select([self._process.stdout], [], [], left)[0]:
                break
            data = os.read(self._process.stdout.fileno(), 4096)
            assert data, "it ended by itself"
            for frame in self._reader.feed(data):
                if (frame.kind, frame.seq, frame.token) == key:
                    return frame.payload
                if frame.kind != Kind.HELLO_ANSWER:
                    self._others.append(frame)
        return None


@contextmanager
def process(program: Path) -> Iterator[Process]:
    board = Process(program)
    try:
        yield board
    finally:
        board.close()


@dataclass
class Script:
    """Draws requests that suit where a run is, and some that do not. pieces: the event bytes of a recording, cut."""

    rng: np.random.Generator
    model: bytes
    pieces: list[bytes]
    beyond: bytes  # the number of an event that no input has
    token: int = 0
    seq: int = 0
    kinds: list[str] = field(default_factory=list)

    def next(self) -> Frame:
        self.kinds.append(str(self.rng.choice(list(_WEIGHTS), p=list(_WEIGHTS.values()))))
        return getattr(self, f"_{self.kinds[-1]}")()

    @property
    def whole(self) -> bool:
        return self.seq == len(self.pieces)

    def _begin(self) -> Frame:
        self.token, self.seq = int(self.rng.integers(1, 1 << 32)), 0
        return self._begins(self.model, flags=int(self.rng.integers(2)))

    def _begins(self, model: bytes, more: bytes = b"", flags: int = 1) -> Frame:
        return Frame(Kind.BEGIN, 0, self.token, struct.pack("<B8sHII", flags, model, 0, 0, 0) + more)

    def _same(self) -> Frame:
        return self._begins(self.model) if self.token else self._begin()

    def _other_model(self) -> Frame:
        return self._begins(self.rng.bytes(8))

    def _long_begin(self) -> Frame:
        return self._begins(self.model, b"\0")

    def _load(self) -> Frame:
        if self.whole:
            return self._read()
        self.seq += 1
        return Frame(Kind.LOAD, self.seq - 1, self.token, self.pieces[self.seq - 1])

    def _again(self) -> Frame:
        return (
            Frame(Kind.LOAD, max(0, self.seq - 1), self.token, self.pieces[0]) if self.seq else self._load()
        )

    def _early(self) -> Frame:
        return Frame(Kind.LOAD, self.seq + int(self.rng.integers(1, 200)), self.token, self.pieces[0])

    def _wrong(self) -> Frame:
        """Event bytes that are none. The run ends."""
        if self.whole:
            return self._begin()
        tail = [b"\x80", b"\xff" * 5, self.beyond, b"\0" * 9][self.rng.integers(4)]
        frame = Frame(Kind.LOAD, self.seq, self.token, tail)
        self.seq = len(self.pieces)
        return frame

    def _stranger(self) -> Frame:
        kind = [Kind.LOAD, Kind.POLL, Kind.READ][self.rng.integers(3)]
        return Frame(kind, self.seq, self.token ^ 1 << int(self.rng.integers(32)), bytes(4))

    def _poll(self) -> Frame:
        return Frame(Kind.POLL, int(self.rng.integers(1 << 16)), self.token)

    def _read(self) -> Frame:
        return Frame(Kind.READ, int(self.rng.integers(1 << 16)), self.token, bytes(4))

    def _wrong_read(self) -> Frame:
        payload = [b"", bytes(3), bytes(5), b"\xff\0\0\0", b"\0\0\0\1"][self.rng.integers(5)]
        return Frame(Kind.READ, 0, self.token, payload)


_COUNTS = {
    "begin": 3,
    "same": 2,
    "other_model": 1,
    "long_begin": 1,
    "load": 20,
    "again": 4,
    "early": 2,
    "wrong": 1,
}
_COUNTS |= {"stranger": 2, "poll": 3, "read": 3, "wrong_read": 2}
_WEIGHTS = {name: count / sum(_COUNTS.values()) for name, count in _COUNTS.items()}
