"""Event Stream (`.es`), version 2: 20 bytes of header, then events of which each says the time since the one before.

    "Event Stream", 3 bytes of version, 1 byte of type, u16 width, u16 height

Little-endian, y from the bottom, times in µs from 0. An event is one byte with time and flags, u16 x, u16 y, and what
the type has behind them; other first bytes are no events:

| type | first byte | behind y | only time | nothing |
|---|---|---|---|---|
| 1 DVS | time · 2 + polarity (1 = ON) | | 255: 127 µs | 254 |
| 2 ATIS | time · 4 + polarity · 2 + brightness | | 252 + n: n · 63 µs | |
| 4 colour | time | red, green, blue | 255: 254 µs | 254 |

Events of an ATIS with the flag of brightness are ends of a measurement, no changes, and are left out. Colour events
have no polarity.

Source: Event Stream specification 2.0.0, A. Marcireau; its reader sepia.hpp.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from functools import partial
from typing import BinaryIO

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats import contract
from edge_sast.formats.contract import Format, Header, Likeness, Opened, Reading, Sensor, State
from edge_sast.formats.fits import UnfitError, check_limits
from edge_sast.jit import jit

MAGIC = b"Event Stream"
VERSION = (2, 0, 0)
HEADER = struct.Struct("<12s3BBHH")
DVS, ATIS, COLOUR = 1, 2, 4
EVENT_BYTES = {DVS: 5, ATIS: 5, COLOUR: 8}
TYPES = {0: "generic", DVS: "DVS", ATIS: "ATIS", 3: "display", COLOUR: "colour"}
OVERFLOW, OVERFLOW_US = 255, 127  # of DVS events
MAX_SIDE = (1 << 16) - 1
MAX_GAP_US = 1 << 32  # each 127 µs take a byte: 34 MB
PIECE_BYTES = 1 << 20  # that are written at once


def sniff_event_stream(first: bytes) -> Likeness:
    """Whether it says that it is an Event Stream."""
    return Likeness.CERTAIN if first.startswith(MAGIC) else Likeness.NOT


def open_event_stream(stream: BinaryIO, source: str, reading: Reading) -> Opened:
    """The events of an Event Stream, y turned to count from the top.

    Raises EdgeSastError for another version or type, a sensor without pixels, or a file that ends inside its header or
    an event.
    """
    return _opened(stream, source, reading, (HEADER.size, 0))


def resume_event_stream(stream: BinaryIO, source: str, reading: Reading, state: State) -> Opened:
    """An Event Stream from (byte offset, time there) on."""
    stream.seek(0)
    return _opened(stream, source, reading, state)


def _opened(stream: BinaryIO, source: str, reading: Reading, state: State) -> Opened:
    kind, sensor, version = _header(stream, source)
    if state[0] != HEADER.size:
        stream.seek(state[0])
    events = _Events(stream, source, reading, kind, sensor, state)
    said = (
        ("version", f"Event Stream {version}, {TYPES[kind]} events"),
        ("time", "1 µs since the event before"),
        ("origin", "bottom left: rows were turned round"),
        ("polarity", "none" if kind == COLOUR else "1 = ON"),
    )
    assumed = ("colour events have no polarity: all are read as ON.",) if kind == COLOUR else ()
    return Opened(Header(sensor, said, assumed), events.chunks(), events.offset_of, events.state)


def _header(stream: BinaryIO, source: str) -> tuple[int, Sensor, str]:
    """Type, (width, height) and version."""
    head = contract.exactly(stream, HEADER.size)
    if not head.startswith(MAGIC):
        raise EdgeSastError(
            f"{source}: does not begin with '{MAGIC.decode()}'; the file is damaged or no Event Stream: copy it again"
        )
    if len(head) < HEADER.size:
        raise EdgeSastError(f"{source}: ends inside its header; the file is truncated: copy it again")
    _, major, minor, patch, kind, width, height = HEADER.unpack(head)
    if major != VERSION[0]:
        raise EdgeSastError(
            f"{source}: is Event Stream {major}.{minor}.{patch}, not {VERSION[0]}; convert it to version {VERSION[0]}"
        )
    if kind not in EVENT_BYTES:
        raise EdgeSastError(
            f"{source}: holds events of type {kind} ({TYPES.get(kind, 'unknown')}), not of DVS (1), ATIS (2) or colour "
            "(4): they have no pixels; use a recording of a camera"
        )
    if not width or not height:
        raise EdgeSastError(
            f"{source}: says a sensor of {width}x{height} pixels; the file is damaged: copy it again"
        )
    return kind, (width, height), f"{major}.{minor}.{patch}"


class _Events:
    """Chunks of events, and where they stand."""

    def __init__(
        self, stream: BinaryIO, source: str, reading: Reading, kind: int, sensor: Sensor, state: State
    ) -> None:
        self.stream, self.source, self.reading = stream, source, reading
        self.kind, self.sensor, self.size = kind, sensor, EVENT_BYTES[kind]
        self.begin = state == (HEADER.size, 0)
        self.next, self.t = state  # of the chunk to come
        self.last = (self.next, np.empty(0, np.uint8))  # of the chunk before: where, its bytes

    def state(self) -> State:
        return self.next, self.t

    def offset_of(self, index: int) -> int:
        """Byte offset of event `index` of the last chunk: its bytes are read again up to it."""
        start, data = self.last
        out = np.empty(index + 1, EVENT_DTYPE)
        return start + int(_decode(data, self.kind, self.size, self.sensor[1], 0, out)[-1])

    def chunks(self) -> Iterator[np.ndarray]:
        rest, events, left_out = b"", 0, 0
        while more := self.stream.read(contract.CHUNK_BYTES):
            data = np.frombuffer(rest + more, np.uint8)
            out = np.empty(len(data) // self.size, EVENT_DTYPE)
            found = _decode(data, self.kind, self.size, self.sensor[1], self.t, out)
            place, filled, skipped, self.t, _ = map(int, found)
            self.last = (self.next, data[:place])
            rest, self.next = data[place:].tobytes(), self.next + place
            events, left_out = events + filled, left_out + skipped
            if filled:
                yield out[:filled]
        if rest:
            self.reading.defects.truncated(
                f"{self.source}: ends at byte {self.next + len(rest)}, {len(rest)} bytes into the event at byte offset "
                f"{self.next}"
            )
        if left_out and not events and self.begin:
            raise EdgeSastError(
                f"{self.source}: has {left_out} events of an ATIS, and all are of brightness, none of change; use a "
                "recording with changes"
            )


@jit
def _decode(data, kind, size, height, t, out):
    """(bytes read, events, events left out, time, place of the last event) of what is whole in `data`, until `out` is
    full.

    size: bytes of an event; t: time before them.
    """
    place = filled = left_out = at = 0
    while place < len(data):
        first = np.int64(data[place])
        step, event, taken, p = _first_byte(first, kind)
        if not event:
            t += step
            place += 1
            continue
        if len(data) - place < size or (taken and filled == len(out)):
            break
        t += step
        if taken:
            y = np.int64(data[place + 3]) | np.int64(data[place + 4]) << 8
            out[filled].t = t
            out[filled].x = np.int64(data[place + 1]) | np.int64(data[place + 2]) << 8
            out[filled].y = height - 1 - y if y < height else y  # a row that the sensor lacks stays outside
            out[filled].p = p
            filled += 1
            at = place
        else:
            left_out += 1
        place += size
    return place, filled, left_out, t, at


@partial(jit, inner=True)
def _first_byte(first, kind):
    """(µs that it stands for, whether an event begins with it, whether that is one of change, its polarity)."""
    if kind == 1:
        return (first >> 1, True, True, first & 1) if first < 254 else (127 * (first & 1), False, True, first)
    if kind == 2:
        if first < 252:
            return first >> 2, True, first & 1 == 0, first >> 1 & 1
        return 63 * (first & 3), False, True, first
    return (first, True, True, first * 0 + 1) if first < 254 else (254 * (first & 1), False, True, first)


def write_event_stream(stream: BinaryIO, sensor: Sensor, chunks: Iterable[np.ndarray]) -> None:
    """An Event Stream of DVS events that `open_event_stream` reads back as the same events.

    Raises UnfitError where an event lies outside the sensor, its time steps back, or is more than 2^32 µs after the
    one before (or after 0, where times begin).
    """
    width, height = sensor
    if max(sensor) > MAX_SIDE:
        raise UnfitError(
            f"a sensor of {width}x{height} does not fit an Event Stream (sides of 1..{MAX_SIDE}); crop it"
        )
    stream.write(HEADER.pack(MAGIC, *VERSION, DVS, width, height))
    last = done = 0
    for chunk in chunks:
        gaps = np.diff(chunk["t"], prepend=last)
        _check(chunk, gaps, sensor, done)
        ends = np.cumsum(gaps // OVERFLOW_US + EVENT_BYTES[DVS])
        cuts = np.flatnonzero(np.diff(ends // PIECE_BYTES)) + 1
        for events, steps in zip(np.split(chunk, cuts), np.split(gaps, cuts), strict=True):
            stream.write(_written(events, steps, height))
        if len(chunk):
            last, done = int(chunk["t"][-1]), done + len(chunk)


def _check(events: np.ndarray, gaps: np.ndarray, sensor: Sensor, done: int) -> None:
    limits = {"x": sensor[0] - 1, "y": sensor[1] - 1, "p": 1}
    form = f"an Event Stream of {sensor[0]}x{sensor[1]}"
    check_limits(events, done, limits, form, "crop the recording first")
    bad = (gaps < 0) | (gaps > MAX_GAP_US)
    if bad.any():
        index = int(bad.argmax())
        t = int(events["t"][index])
        raise UnfitError(
            f"event {done + index}: t={t} µs does not fit an Event Stream behind {t - int(gaps[index])} µs: times "
            f"begin at 0, and an event is 0..{MAX_GAP_US} µs later than the one before; order the events, or take the "
            "time of the first off all of them"
        )


def _written(events: np.ndarray, gaps: np.ndarray, height: int) -> bytes:
    """DVS events; gaps: time in µs of each since the one before."""
    marks = gaps // OVERFLOW_US
    places = np.cumsum(marks + EVENT_BYTES[DVS]) - EVENT_BYTES[DVS]
    raw = np.full(int(places[-1]) + EVENT_BYTES[DVS] if len(events) else 0, OVERFLOW, np.uint8)
    y = height - 1 - events["y"].astype(np.int64)
    columns = (gaps % OVERFLOW_US << 1 | events["p"], events["x"] & 255, events["x"] >> 8, y & 255, y >> 8)
    for column, values in enumerate(columns):
        raw[places + column] = values
    return raw.tobytes()


EVENT_STREAM = Format(
    "Event Stream",
    "es",
    (".es",),
    sniff_event_stream,
    open_event_stream,
    resume=resume_event_stream,
    write=write_event_stream,
)
