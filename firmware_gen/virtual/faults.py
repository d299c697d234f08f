"""Faults of a line, drawn from a seed: what one direction does to the bytes that pass."""

from __future__ import annotations

import random
from collections import Counter, deque
from dataclasses import dataclass

from edge_sast.errors import EdgeSastError

BYTE_FAULTS = ("flip", "lose", "double", "reorder", "cut", "repeat")
BOARD_FAULTS = ("reset", "stall", "hang", "unplug")
KINDS = BYTE_FAULTS + BOARD_FAULTS
LONGEST_CUT = 300  # bytes lost at once
REMEMBERED = 8  # late frames that may come once more


@dataclass(frozen=True)
class FaultPlan:
    """How often what goes wrong.

    rate: faults per byte that passes, either way. weights: how often each of KINDS, as compared to the others. A kind
    that is not named never happens.

    flip    one bit changes
    lose    one byte is lost
    double  one byte comes twice
    reorder two neighbours swap
    cut     the rest of a frame is lost, up to LONGEST_CUT bytes, and what follows runs into it
    repeat  an earlier frame comes once more
    reset   the board restarts
    stall   nothing passes for stall_s
    hang    the board stops for hang_s
    unplug  the connection is closed
    """

    seed: int
    rate: float
    weights: dict[str, float]
    stall_s: float = 0.05
    hang_s: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise EdgeSastError(f"fault rate is {self.rate}; give 0 to 1 faults per byte")
        unknown = sorted(set(self.weights) - set(KINDS))
        if unknown or not any(self.weights.values()):
            raise EdgeSastError(f"fault kinds are {sorted(self.weights)}; choose from {', '.join(KINDS)}")


class FaultyLine:
    """One direction. counts: faults done so far by kind, shared by both directions."""

    def __init__(self, plan: FaultPlan, direction: int, counts: Counter[str]) -> None:
        self._plan = plan
        self._random = random.Random(f"{plan.seed} {direction}")
        self._counts = counts
        self._kinds = list(plan.weights)
        self._weights = [plan.weights[kind] for kind in self._kinds]
        self._gap = self._draw_gap()
        self._lose = 0
        self._held = b""  # a byte that its successor overtakes
        self._frame = bytearray()
        self._frames: deque[bytes] = deque(maxlen=REMEMBERED)

    def _draw_gap(self) -> int:
        """Bytes until the next fault."""
        return int(self._random.expovariate(self._plan.rate)) if self._plan.rate else 1 << 62

    def passing(self, data: bytes) -> tuple[bytes, list[str]]:
        """What comes out at the other end, and the faults of BOARD_FAULTS that are due now."""
        out = bytearray()
        due: list[str] = []
        at = 0
        while at < len(data):
            step = min(self._gap, len(data) - at)
            out += self._pass(data[at : at + step])
            self._gap -= step
            at += step
            if at < len(data):
                out += self._fault(data[at], due)
                self._gap = self._draw_gap()
                at += 1
        return bytes(out), due

    def _pass(self, data: bytes) -> bytes:
        self._remember(data)
        lost = min(self._lose, len(data))
        end = data.find(b"\0", 0, lost)
        if end >= 0:  # what is cut off is the rest of one frame, with its end
            lost, self._lose = end + 1, end + 1
        self._lose -= lost
        kept = data[lost:]
        if kept and self._held:
            kept, self._held = kept[:1] + self._held + kept[1:], b""
        return kept

    def _remember(self, data: bytes) -> None:
        *ends, rest = data.split(b"\0")
        for piece in ends:
            self._frame += piece
            if self._frame:
                self._frames.append(bytes(self._frame) + b"\0")
            self._frame.clear()
        self._frame += rest

    def _fault(self, byte: int, due: list[str]) -> bytes:
        kind = self._random.choices(self._kinds, self._weights)[0]
        self._counts[kind] += 1
        one = bytes([byte])
        if kind == "flip":
            return self._pass(bytes([byte ^ 1 << self._random.randrange(8)]))
        if kind == "lose":
            return b""
        if kind == "double":
            return self._pass(one + one)
        if kind == "reorder":
            self._held += one
            return b""
        if kind == "cut":
            self._lose = self._random.randint(1, LONGEST_CUT)
        elif kind == "repeat" and self._frames:
            return self._pass(one) + b"\0" + self._random.choice(self._frames)
        elif kind in BOARD_FAULTS:
            due.append(kind)
        return self._pass(one)
