"""A board at the other end of a port: who it is, recordings run on it, layers read from it."""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_sast.errors import EdgeSastError
from edge_sast.link.channel import Channel, LinkStatistics
from edge_sast.link.event_payload import EventBytes
from edge_sast.link.flow import Flow
from edge_sast.link.frames import Kind
from edge_sast.link.job import DUMPED, NEURON, OBSERVED, Dump, Job, new_token
from edge_sast.link.line import Line
from edge_sast.link.messages import (
    EARLY_PROTOCOL,
    TICKS_KINDS,
    BoardInfo,
    BoardRefusedError,
    BoardResetError,
    BoardRun,
    LinkSettings,
    Port,
    StepEvents,
    Trace,
)

PROTOCOL = 1
LEAST_FRAME = 64  # decoded bytes: room for BEGIN, and for any number of the event bytes
NAME_BYTES = 24
_HELLO = struct.Struct("<H32sHHIBBBIHHBIIHHHI")


class BoardLink:
    """One board. After an error other than BoardGoneError it may be used again at once.

    trace: called with one line of text for each frame. line: what is known of the port's line from before.
    """

    def __init__(
        self,
        port: Port,
        settings: LinkSettings | None = None,
        trace: Trace | None = None,
        line: Line | None = None,
    ) -> None:
        self.settings = settings or LinkSettings()
        self._trace = trace
        self._line = line or Line(self.settings)
        self._channel = Channel(port, self.settings, trace, self._line)
        self._info: BoardInfo | None = None
        self._quiet = False  # nothing of ours is under way

    @property
    def statistics(self) -> LinkStatistics:
        """What went over the present port."""
        return self._channel.statistics

    def close(self) -> None:
        """Closes the port."""
        self._channel.close()

    def reopen(self, port: Port) -> None:
        """Goes on with the same board at a new port, after BoardGoneError."""
        self._channel.close()
        self._channel = Channel(port, self.settings, self._trace, self._line)
        self._quiet = False

    def hello(self, *, anew: bool = False) -> BoardInfo:
        """Who is there. anew: whatever model it had before.

        Raises LinkError; BoardRefusedError for a board of another protocol or, later, model.
        """
        version = PROTOCOL.to_bytes(2, "little")
        info = _parse_hello(
            self._channel.ask(Kind.HELLO, new_token(), version, self.settings.hello_s).payload
        )
        if not anew and self._info is not None and info.model_hash != self._info.model_hash:
            raise BoardRefusedError(
                f"board: now has model {info.model_hash[:12]}, before {self._info.model_hash[:12]}; "
                "run all recordings on one firmware"
            )
        self._info = info
        self._line.greet(info)
        self._quiet = True
        return info

    def ask(self, kind: Kind, token: int, payload: bytes, patience_s: float | None = None) -> bytes:
        """The payload of the answer to a request that changes nothing when it comes again. Raises LinkError."""
        if not self._quiet:
            self.hello()
        return self._channel.ask(kind, token, payload, patience_s or self.settings.stall_s).payload

    def run(self, steps: Sequence[StepEvents], observed: bool) -> BoardRun:
        """One recording. observed: with the CRC of every step; else with fair ticks.

        Raises LinkError; EdgeSastError for events outside the board's input.
        """
        [run] = self.runs([steps], observed)
        return run

    def runs(
        self, recordings: Iterable[Sequence[StepEvents]], observed: bool
    ) -> Generator[BoardRun, None, None]:
        """Recordings one after the other, so that the line is never idle: each result when it is proved, in order.

        `recordings` is read some recordings ahead. Raises as `run` does; the recordings without a result have to be
        given again.
        """
        return self.runs_of((steps, observed) for steps in recordings)

    def runs_of(
        self, requests: Iterable[tuple[Sequence[StepEvents], bool]]
    ) -> Generator[BoardRun, None, None]:
        """As `runs`, each recording with its own `observed`. What is not observed is computed with an idle line."""
        info = self._known()
        jobs = (
            Job(info, EventBytes(steps, info), OBSERVED if observed else 0) for steps, observed in requests
        )
        for job in self._flow(info, jobs):
            yield job.run()

    def dump(
        self, steps: Sequence[StepEvents], step: int, layer: int
    ) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        """Membranes after reset int32 [neurons] and spikes uint8 [neurons] of a layer (index in the model) at `step`.

        The recording is run up to that step. Raises LinkError; EdgeSastError where it has no such step.
        """
        if not 0 <= step < len(steps):
            raise EdgeSastError(f"step is {step}; the recording has steps 0 to {len(steps) - 1}")
        info = self._known()
        if not 0 <= layer < info.layers:
            raise EdgeSastError(f"layer is {layer}; the model has layers 0 to {info.layers - 1}")
        events = EventBytes(steps[: step + 1], info)
        have = b""
        idle = 0
        while idle < self.settings.attempts:
            found = Dump(step, layer, len(have) // NEURON.itemsize)
            job = Job(info, events, OBSERVED | DUMPED, found)
            list(self._flow(info, iter([job])))
            have += b"".join(found.parts)
            if found.complete:
                neurons = np.frombuffer(have, NEURON)
                return neurons["membrane"].astype(np.int32), neurons["spike"].copy()
            idle = 0 if found.parts else idle + 1
        raise BoardResetError(
            f"board: layer {layer} did not come whole in {idle} attempts; check the cable, or lower --baud"
        )

    def _flow(self, info: BoardInfo, jobs: Iterator[Job]) -> Iterator[Job]:
        if not self._quiet:
            self.hello()  # what an earlier call left in the board's buffer is gone once it answers
        complete = False
        try:
            yield from Flow(self._channel, info, jobs, self.hello).finished()
            complete = True
        finally:
            self._quiet = complete

    def _known(self) -> BoardInfo:
        return self._info or self.hello()


def _parse_hello(payload: bytes) -> BoardInfo:
    version = int.from_bytes(payload[:2], "little")
    if version not in (PROTOCOL, EARLY_PROTOCOL):
        raise BoardRefusedError(
            f"board: speaks protocol {version}, this edge-sast {PROTOCOL} and {EARLY_PROTOCOL}; build and flash the "
            "firmware again"
        )
    if len(payload) < _HELLO.size:
        raise BoardRefusedError(
            f"board: its HELLO has {len(payload)} bytes, not {_HELLO.size}; flash the firmware again"
        )
    _, model, frame, reply, rx, window, frame_steps, kind, hz, *shape = _HELLO.unpack_from(payload)
    if min(frame, reply) < LEAST_FRAME or window < 1 or frame_steps < 1:
        raise BoardRefusedError(
            f"board: takes frames of {frame} bytes, {window} at once, {frame_steps} steps in each, and sends {reply}, "
            "which is too little; build its firmware with larger buffers"
        )
    ticks = TICKS_KINDS[kind] if kind < len(TICKS_KINDS) else "unknown"
    name = _name(payload[_HELLO.size :])
    return BoardInfo(version, name, model.hex(), frame, reply, rx, window, frame_steps, ticks, hz, *shape)


def _name(text: bytes) -> str:
    """What a board calls itself, made safe to print: NAME_BYTES of it, with ? for what is not printable ASCII."""
    return "".join(chr(byte) if 0x20 <= byte <= 0x7E else "?" for byte in text[:NAME_BYTES])
