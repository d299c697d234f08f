"""ATIS 5-byte events, the format of N-MNIST and N-Caltech101.

Big-endian, 5 bytes per event: x[7:0], y[7:0], then 24 bits: polarity (bit 23), timestamp in µs (bits 22..0).
An event with y = 240, one row below the ATIS array of 304x240 pixels, is no pixel: from it on every
timestamp is 2^13 µs later.

Source: G. Orchard et al., "Converting Static Image Datasets to Spiking Neuromorphic Datasets Using Saccades",
Frontiers in Neuroscience 9:437, 2015, and the reader published with it (Event-Python, eventvision.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats.contract import Format, Header, Likeness, Opened, Reading, Sensor, State, whole_records
from edge_sast.formats.fits import check_limits, check_order

EVENT_BYTES = 5
OVERFLOW_Y = 240
OVERFLOW_US = 1 << 13
TIME_MASK = (1 << 23) - 1
MAX_COLUMN = 255
# One overflow event carries 8 ms, so a day-long recording would be mostly overflow events: about 17 minutes
# is the end.
MAX_WRITE_US = 1 << 30
LIMITS = {"x": MAX_COLUMN, "y": OVERFLOW_Y - 1, "t": MAX_WRITE_US - 1, "p": 1}


def sniff_atis(first: bytes) -> Likeness:
    """Any bytes may be ATIS events: the format has no mark."""
    return Likeness.POSSIBLE if first else Likeness.NOT


def open_atis(stream: BinaryIO, source: str, reading: Reading) -> Opened:
    """An ATIS file, its overflow events applied and removed; it says no sensor size.

    Raises EdgeSastError where it ends inside an event.
    """
    return _Events(stream, source, reading, 0, 0).opened()


def resume_atis(stream: BinaryIO, source: str, reading: Reading, state: State) -> Opened:
    """An ATIS file from (byte offset, overflow events before it) on."""
    stream.seek(state[0])
    return _Events(stream, source, reading, *state).opened()


class _Events:
    """Chunks of an ATIS file, and where they stand in it."""

    def __init__(self, stream: BinaryIO, source: str, reading: Reading, offset: int, overflows: int) -> None:
        self.blocks = whole_records(stream, EVENT_BYTES, source, reading, offset)
        self.next, self.overflows = offset, overflows  # of the chunk to come
        self.place, self.between = offset, np.empty(0, np.int64)  # of the last chunk, see `offset_of`

    def opened(self) -> Opened:
        said = (("time", "23 bits of 1 µs, overflow events of 8,192 µs"), ("origin", "top left"))
        return Opened(
            Header(None, said),
            self.chunks(),
            self.offset_of,
            lambda: (self.next, self.overflows),
        )

    def chunks(self) -> Iterator[np.ndarray]:
        for offset, data in self.blocks:
            events, self.between = _decoded(data, self.overflows)
            self.overflows += len(self.between)
            self.place, self.next = offset, offset + len(data)
            yield events

    def offset_of(self, index: int) -> int:
        """Byte offset of event `index` of the last chunk: behind the overflow events before it."""
        before = np.searchsorted(self.between - np.arange(len(self.between)), index, "right")
        return int(self.place + EVENT_BYTES * (index + before))


def _decoded(data: bytes, overflows: int) -> tuple[np.ndarray, np.ndarray]:
    """(EVENT_DTYPE[n] of whole events, places of the overflow events between them); overflows: before them."""
    count = len(data) // EVENT_BYTES
    word = np.ndarray(count, ">u4", data, 1, (EVENT_BYTES,)).astype(np.uint32)  # all but x
    y = word >> 24
    events = np.empty(count, EVENT_DTYPE)
    events["t"], events["p"] = word & TIME_MASK, word >> 23 & 1
    events["x"], events["y"] = np.frombuffer(data, np.uint8)[::EVENT_BYTES], y
    between = np.flatnonzero(y == OVERFLOW_Y)
    if overflows or len(between):
        runs = np.diff(between, prepend=0, append=count)
        events["t"] += OVERFLOW_US * np.repeat(np.arange(overflows, overflows + len(runs)), runs)
    return (np.delete(events, between) if len(between) else events), between


def write_recording_atis(events: np.ndarray) -> bytes:
    """The ATIS file that `open_atis` reads back as the same events.

    Args:
        events: EVENT_DTYPE[n] in time order.

    Returns:
        5 bytes per event, with overflow events inserted where t passes 2^23 - 1 µs.

    Raises:
        UnfitError: an event that the format cannot hold, or a step back.
    """
    return _Writer().written(events)


@dataclass
class _Writer:
    """done, last, overflows: events of the file so far, the time of the last in µs, and overflow events."""

    done: int = 0
    last: int = 0
    overflows: int = 0

    def written(self, events: np.ndarray) -> bytes:
        """The bytes of EVENT_DTYPE[n] behind those before."""
        check_limits(events, self.done, LIMITS, "an ATIS file", "crop, shift or cut the recording first")
        check_order(events, self.done, self.last, "an ATIS file")
        if not len(events):
            return b""
        # Overflows needed before event i, so that the rest of its timestamp fits 23 bits; monotone because t is.
        needed = np.maximum(self.overflows, -(-(events["t"] - TIME_MASK) // OVERFLOW_US))
        raw = _with_overflows(events, needed, self.overflows)
        self.done, self.last, self.overflows = self.done + len(events), int(events["t"][-1]), int(needed[-1])
        return raw.tobytes()


def _with_overflows(events: np.ndarray, needed: np.ndarray, before: int) -> np.ndarray:
    """uint8[m, 5] of events and overflow events. needed: int64[n], overflow events of the file before each event.

    before: overflow events of the file before these.
    """
    positions = np.arange(len(events)) + needed - before
    raw = np.zeros((int(positions[-1]) + 1, EVENT_BYTES), dtype=np.uint8)
    raw[:, 1] = OVERFLOW_Y
    word = (events["t"] - needed * OVERFLOW_US) | events["p"].astype(np.int64) << 23
    columns = (events["x"], events["y"], word >> 16, word >> 8 & 0xFF, word & 0xFF)
    for column, values in enumerate(columns):
        raw[positions, column] = values
    return raw


def write_atis(stream: BinaryIO, _sensor: Sensor, chunks: Iterable[np.ndarray]) -> None:
    """An ATIS file of events in order of time; see `write_recording_atis`."""
    writer = _Writer()
    for chunk in chunks:
        stream.write(writer.written(chunk))


ATIS = Format(
    "ATIS (N-MNIST)",
    "atis",
    (".bin",),
    sniff_atis,
    open_atis,
    resume=resume_atis,
    write=write_atis,
    holds_sensor=False,
    usual_sensor=(34, 34),
)
