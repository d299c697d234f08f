"""A board at the other end of a port: who it is, recordings run on it, layers read from it."""

from __future__ import annotations

import secrets
import struct
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sast.errors import EdgeSastError
from edge_sast.hil import transfer
from edge_sast.hil.channel import Channel, LinkStatistics
from edge_sast.hil.events import Load, loads
from edge_sast.hil.frames import OVERHEAD, Kind
from edge_sast.hil.messages import (
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
from edge_sast.hil.transfer import NEURON, RECORD, Dump, RestartedError, Transfer

PROTOCOL = 1
LEAST_FRAME = 64  # decoded bytes: room for BEGIN, and for any number of the event bytes
OBSERVED, DUMPED = 1, 2
_HELLO = struct.Struct("<H32sHIBBBIHHBIIHHHI")
_READ = struct.Struct("<BIIII")
_COUNTERS = np.dtype([("synops", "<u8"), ("spikes", "<u8")])


@dataclass(frozen=True)
class _Begin:
    """Payload of BEGIN without the model hash."""

    flags: int
    layer: int = 0
    step: int = 0
    first: int = 0


class BoardLink:
    """One board. After an error other than BoardGoneError it may be used again at once.

    trace: called with one line of text for each frame.
    """

    def __init__(self, port: Port, settings: LinkSettings | None = None, trace: Trace | None = None) -> None:
        self.settings = settings or LinkSettings()
        self._trace = trace
        self._channel = Channel(port, self.settings, trace)
        self._info: BoardInfo | None = None

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
        self._channel = Channel(port, self.settings, self._trace)

    def hello(self) -> BoardInfo:
        """Who is there. Raises LinkError; BoardRefusedError for a board of another protocol or, later, model."""
        answer = self._channel.ask(
            Kind.HELLO, _token(), PROTOCOL.to_bytes(2, "little"), self.settings.hello_s
        )
        info = _parse_hello(answer.payload)
        if self._info is not None and info.model_hash != self._info.model_hash:
            raise BoardRefusedError(
                f"board: now has model {info.model_hash[:12]}, before {self._info.model_hash[:12]}; "
                "run all recordings on one firmware"
            )
        self._info = info
        return info

    def run(self, steps: Sequence[StepEvents], observed: bool) -> BoardRun:
        """One recording. observed: with the CRC of every step; else with fair ticks.

        Raises LinkError; EdgeSastError for events outside the board's input.
        """
        begin = _Begin(OBSERVED if observed else 0)
        tries = 0
        reason = ""
        info = self._known()
        parts = loads(steps, info, info.frame_bytes - OVERHEAD)
        while tries < self.settings.attempts:
            tries += 1
            try:
                token = self._begin(info, begin)
                start = time.monotonic()
                job = Transfer(self._channel, info, token, parts, one_at_a_time=not observed)
                job.run()
                load_s = time.monotonic() - start
                results = self._results(info, token, parts, bytes(job.records))
            except RestartedError as error:
                reason = str(error)
                self._channel.statistics.restarts += 1
                self.hello()
                continue
            return _board_run(info, job, results, observed, tries, parts, load_s)
        raise self._gave_up(reason)

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
        parts = loads(steps[: step + 1], info, info.frame_bytes - OVERHEAD)
        have = bytearray()
        tries = 0
        reason = "not all neurons came"
        while tries < self.settings.attempts:
            tries += 1
            found = Dump(layer, len(have) // NEURON.itemsize)
            try:
                token = self._begin(info, _Begin(OBSERVED | DUMPED, layer, step, found.next))
                job = Transfer(self._channel, info, token, parts, one_at_a_time=False)
                job.dump = found
                job.run()
                self._results(info, token, parts, bytes(job.records))
            except RestartedError as error:
                reason = str(error)
                self._channel.statistics.restarts += 1
                self.hello()
                continue
            have += b"".join(found.parts)
            if found.complete:
                neurons = np.frombuffer(bytes(have), NEURON)
                return neurons["membrane"].astype(np.int32), neurons["spike"].copy()
            tries = 0 if found.parts else tries
        raise self._gave_up(reason)

    def _gave_up(self, reason: str) -> BoardResetError:
        return BoardResetError(
            f"board: could not finish a recording in {self.settings.attempts} attempts ({reason}); check its supply "
            "and cable"
        )

    def _known(self) -> BoardInfo:
        return self._info or self.hello()

    def _begin(self, info: BoardInfo, begin: _Begin) -> int:
        """Starts a run. Returns its token."""
        token = _token()
        payload = struct.pack("<B8sHII", begin.flags, bytes.fromhex(info.model_hash)[:8], begin.layer, begin.step,
                              begin.first)  # fmt: skip
        answer = self._channel.ask(Kind.BEGIN, token, payload, self.settings.stall_s).payload
        transfer.check_status(answer[:1])
        return token

    def _results(self, info: BoardInfo, token: int, parts: Sequence[Load], records: bytes) -> bytes:
        """The bytes of the results, proved to be of what was sent. Raises RestartedError where they are not."""
        stream = b"".join(part.payload for part in parts)
        wanted = (
            transfer.OK,
            sum(part.steps for part in parts),
            zlib.crc32(stream),
            zlib.crc32(records),
            2 + 4 * info.classes + _COUNTERS.itemsize * info.weighted,
        )
        found = b""
        while len(found) < wanted[-1]:
            offset = len(found).to_bytes(4, "little")
            answer = self._channel.ask(Kind.READ, token, offset, self.settings.stall_s).payload
            transfer.check_status(answer[:1])
            if len(answer) <= _READ.size or _READ.unpack_from(answer) != wanted:
                raise RestartedError("what it received and computed is not what was sent")
            found += answer[_READ.size :]
        return found[: wanted[-1]]


def _token() -> int:
    return secrets.randbelow(0xFFFFFFFF) + 1


def _parse_hello(payload: bytes) -> BoardInfo:
    version = int.from_bytes(payload[:2], "little")
    if version != PROTOCOL:
        raise BoardRefusedError(
            f"board: speaks protocol {version}, this edge-sast {PROTOCOL}; build and flash the firmware again"
        )
    if len(payload) < _HELLO.size:
        raise BoardRefusedError(
            f"board: its HELLO has {len(payload)} bytes, not {_HELLO.size}; flash the firmware again"
        )
    _, model, frame, rx, window, frame_steps, kind, hz, *shape = _HELLO.unpack_from(payload)
    if frame < LEAST_FRAME or window < 1 or frame_steps < 1:
        raise BoardRefusedError(
            f"board: takes frames of {frame} bytes, {window} at once, {frame_steps} steps in each, which is too "
            "little; build its firmware with larger buffers"
        )
    ticks = TICKS_KINDS[kind] if kind < len(TICKS_KINDS) else "unknown"
    name = payload[_HELLO.size :].decode("ascii", "replace")
    return BoardInfo(version, name, model.hex(), frame, rx, window, frame_steps, ticks, hz, *shape)


def _board_run(
    info: BoardInfo,
    job: Transfer,
    results: bytes,
    observed: bool,
    attempts: int,
    parts: Sequence[Load],
    load_s: float,
) -> BoardRun:
    steps = np.frombuffer(bytes(job.records), RECORD)
    outputs_end = 2 + 4 * info.classes
    counters = np.frombuffer(results[outputs_end:], _COUNTERS)
    return BoardRun(
        crcs=steps["crc"].astype(np.uint32) if observed else None,
        ticks=steps["ticks"].astype(np.uint32),
        synops=counters["synops"].astype(np.uint64),
        spikes=counters["spikes"].astype(np.uint64),
        outputs=np.frombuffer(results[2:outputs_end], "<i4").astype(np.int32),
        prediction=int.from_bytes(results[:2], "little"),
        attempts=attempts,
        event_bytes=sum(len(part.payload) for part in parts),
        load_s=load_s,
    )
