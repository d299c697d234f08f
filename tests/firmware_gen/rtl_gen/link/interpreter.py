"""The byte machine of rtl/sast_link.v, an instruction at a time, written from the table in link/machine.py."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Sequence

from firmware_gen.rtl_gen.link.layout import DATA_BYTES, PAGE


class Machine:
    """Feed it bytes, and the core's records and results.

    events: words that went to the core. runs: `observed` of each begin.
    """

    def __init__(self, program: Sequence[int], data: Sequence[int]) -> None:
        self.records: deque[int] = deque()
        self.results: deque[int] = deque()
        self._asked = self.records
        self.events: list[int] = []
        self.runs: list[bool] = []
        self._program, self._step = bytes(program), len(program) // 512
        self._data = bytearray(data)
        assert len(self._data) == DATA_BYTES
        self._pc = self._back = self._a = self._carry = self._crc = 0

    def run(self, received: bytes) -> bytes:
        """What it sends until it waits for more than was received."""
        self._received, self._sent = deque(received), bytearray()
        while self._instruction():
            pass
        assert not self._received
        return bytes(self._sent)

    def _fetch(self) -> int:
        self._pc += 1
        return self._program[self._pc - 1]

    def _set(self, value: int) -> None:
        self._carry, self._a = value >> 8 & 1, value & 0xFF

    def _subtract(self, value: int) -> None:
        self._set(self._a + (value ^ 0xFF) + 1)

    def _instruction(self) -> bool:
        op = self._fetch()
        kind, cell = op >> 5, op & 31
        if kind == 0:
            self._set(self._data[cell])
        elif kind == 1:
            self._data[cell] = self._a
        elif kind == 2:
            self._subtract(self._data[cell])
        elif kind == 3:
            self._set(self._a + self._data[cell])
        elif kind == 4:
            self._store(cell, self._data[cell] + 1)
        elif kind == 5:
            self._store(op & 15, self._data[op & 15] + 0xFF if op & 16 else self._fetch())
        elif kind == 6:
            self._point((op >> 2) & 7, op & 3)
        elif op == 0xFF:
            self._set(int(bool(self.results)))
        elif op & 16:
            self._jump(op)
        else:
            return self._other(op & 15)
        return True

    def _store(self, cell: int, value: int) -> None:
        self._set(value)
        self._data[cell] = self._a

    def _point(self, kind: int, cell: int) -> None:
        name = ("ldf+", "ldf", "stf+", "subf", "ldd+", "ldn+", "std+", "stf")[kind]
        place = self._data[cell] + (PAGE if name[2] == "f" or name == "subf" else 0)
        if name.startswith("st"):
            self._data[place] = self._a
        if name.endswith("+"):
            self._store(cell, self._data[cell] + 1)
        if name == "subf":
            self._subtract(self._data[place])
        elif name.startswith("ld"):
            self._set(self._data[place] ^ (0xFF if name == "ldn+" else 0))

    def _jump(self, op: int) -> None:
        target = ((op & 1) << 8 | self._fetch()) * self._step
        condition = (op >> 1) & 7
        holds = (True, True, self._a == 0, self._a != 0, self._carry == 1, self._carry == 0)[condition]
        if condition == 1:
            self._back = self._pc
        if holds:
            self._pc = target

    def _other(self, code: int) -> bool:
        if code < 3:
            value = self._fetch()
            [lambda: self._set(value), lambda: self._set(self._a + value), lambda: self._subtract(value)][
                code
            ]()
        elif code == 3:
            self._pc = self._back
        elif code == 4:
            if not self._received:
                self._pc -= 1
                return False
            self._set(self._received.popleft())
        elif code == 5:
            self._set(self._asked.popleft())
        elif code <= 9:
            low, self._crc = self._crc & 0xFF, self._a << 24 | self._crc >> 8
            self._asked = self.records if code == 9 else self.results
            if code < 9:
                self._set((low, low ^ 0xFF, self._a + low + 1)[code - 6])
        elif code == 10:
            self._sent.append(self._a)
        elif code == 11:
            self.events.append(self._crc)
            self._asked = self.results
            self.on_event()
        elif code == 12:
            self.runs.append(bool(self._a & 1))
        elif code == 13:
            self._crc = zlib.crc32(bytes([self._a]), self._crc ^ 0xFFFFFFFF) ^ 0xFFFFFFFF
        else:
            for bit in range(7 if code == 14 else 1):
                self._crc = (self._a >> bit & 1) << 31 | self._crc >> 1
        return True

    def on_event(self) -> None:
        """For what plays the core."""
