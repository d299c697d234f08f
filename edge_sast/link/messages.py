"""What a host and a board say to each other, as values: docs/protocol.md has their bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_sast.errors import EdgeSastError

TICKS_KINDS = ("none", "cycles", "instructions", "microseconds")
EARLY_PROTOCOL = 2  # of boards whose model may answer early; the others speak 1
NO_MODEL = "0" * 64  # hash that an FPGA tells while none is valid

Trace = Callable[[str], None]  # one line of text for each frame sent or received


class Port(Protocol):
    """What is needed of pyserial's Serial, or of anything else that carries bytes.

    read returns what has come within `timeout` seconds, `size` bytes at most, b"" for none.
    Any OSError (pyserial's SerialException is one) counts as a board that is gone.
    """

    timeout: float | None

    def read(self, size: int, /) -> bytes: ...

    def write(self, data: bytes, /) -> int | None: ...

    def close(self) -> None: ...


class LinkError(EdgeSastError):
    """The board could not do what was asked. One line: what happened, and what to do."""


class BoardSilentError(LinkError):
    """Nothing that could be understood ever came."""


class BoardStalledError(LinkError):
    """It answered before, and does so no longer."""


class BadLineError(LinkError):
    """So much is lost that a recording cannot be finished."""


class BoardResetError(LinkError):
    """It restarted during a run more often than a run is tried again."""


class BoardGoneError(LinkError):
    """The port failed: unplugged, or the other end closed it."""


class BoardRefusedError(LinkError):
    """It answered that it cannot: another model or protocol, or no such layer."""


@dataclass(frozen=True)
class BoardInfo:
    """HELLO: what is at the other end.

    model_hash: SHA-256 of the model file, hexadecimal. frame_bytes, reply_bytes: largest frames it takes and sends,
    decoded.
    rx_bytes: wire bytes it can hold while it computes. window: load frames that may be unanswered.
    frame_steps: most steps that end in one load frame. ticks_kind: one of TICKS_KINDS; ticks_hz: 0 if unknown.
    width, height: of the model's input; sensor coordinates are shifted right by `shift` first.
    """

    protocol: int
    name: str
    model_hash: str
    frame_bytes: int
    reply_bytes: int
    rx_bytes: int
    window: int
    frame_steps: int
    ticks_kind: str
    ticks_hz: int
    width: int
    height: int
    shift: int
    steps: int
    dt_us: int
    layers: int
    weighted: int
    classes: int
    memory_bytes: int

    @property
    def ends_early(self) -> bool:
        """Whether a recording may end before its last step, and the board tells how many it computed."""
        return self.protocol >= EARLY_PROTOCOL

    @property
    def counts_steps(self) -> bool:
        """Whether it begins anew after the model's steps, as FPGAs do that were exported without --running: they tell
        these sizes, and no other board."""
        return (self.window, self.rx_bytes) == (1, 64)


@dataclass(frozen=True)
class StepEvents:
    """The events of one step in sensor coordinates: x, y and polarity, integers [n], in any order.

    An event given m times counts m times, up to the model's count_cap.
    """

    x: NDArray[np.integer]
    y: NDArray[np.integer]
    polarity: NDArray[np.integer]

    def __post_init__(self) -> None:
        if not len(self.x) == len(self.y) == len(self.polarity):
            raise EdgeSastError(
                f"step events: {len(self.x)} x, {len(self.y)} y and {len(self.polarity)} polarities; "
                "give one of each for every event"
            )


@dataclass(frozen=True)
class BoardRun:
    """One recording as the board computed it, every part proved to belong to the same run.

    crcs: uint32 [T], one per step computed (docs/arithmetic.md, section 7); None for a run that was not observed.
    ticks: uint32 [T] spent adding events and computing each step; only runs that were not observed give fair ones.
    synops, spikes: uint64 [weighted layers], of these steps. outputs: int32 [classes]. prediction: class index.
    attempts: 1, and one more for each time that it had to start again.
    event_bytes: what the events took, docs/protocol.md section 4; load_s: how long the last attempt took to load
    and compute them, seconds.
    seconds: from its first byte, or the end of the run before it where that came later, to its result.
    wire_bytes: of its own frames, both ways.
    """

    crcs: NDArray[np.uint32] | None
    ticks: NDArray[np.uint32]
    synops: NDArray[np.uint64]
    spikes: NDArray[np.uint64]
    outputs: NDArray[np.int32]
    prediction: int
    attempts: int
    event_bytes: int
    load_s: float
    seconds: float
    wire_bytes: int


@dataclass(frozen=True)
class LinkSettings:
    """Patience of the host, seconds of a monotonic clock.

    hello_s: longest wait for the first answer of a board; it may still be starting.
    reply_s: wait for an answer before asking again; then twice that, and so on.
    stall_s: longest silence within a run; more than the slowest step takes.
    attempts: how often a recording is started before giving up.
    patience_s: longest time that frames which are lost, not a board that is slow, may hold up one recording.
    """

    hello_s: float = 5.0
    reply_s: float = 0.25
    stall_s: float = 10.0
    attempts: int = 5
    patience_s: float = 60.0

    def __post_init__(self) -> None:
        for name in ("hello_s", "reply_s", "stall_s", "patience_s"):
            if not 0 < getattr(self, name) < float("inf"):
                raise EdgeSastError(f"{name} is {getattr(self, name)}; give seconds above 0")
        if self.attempts < 1:
            raise EdgeSastError(f"attempts is {self.attempts}; give 1 or more")
