"""AEDAT 3.1, as cAER writes it: lines of text, then packets, little-endian.

The lines end with `#!END-HEADER`; `#Format: RAW` is the one that is read, `#Source 1: DAVIS240C` names the camera. A
packet begins with 28 bytes:

    i16 type (1 = polarity), i16 source, i32 bytes of an event, i32 place of the time in it, i32 overflow,
    i32 capacity, i32 events, i32 valid events

and an event of type 1 is u32 data, i32 time in µs, to which overflow · 2^31 is added:

    bit 0 valid, bit 1 polarity (1 = ON), bits 2..16 row, bits 17..31 column, from the top left

Events that are not valid are left out, packets of other types and of further sources are skipped.

Source: AEDAT file formats, iniVation; libcaer, events/polarity.h.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats import contract
from edge_sast.formats.aedat.chips import chip_called
from edge_sast.formats.aedat.text_header import MAGIC, Lines, has_version
from edge_sast.formats.contract import Format, Header, Likeness, Opened, Reading, State
from edge_sast.jit import jit

VERSION = "3.1"
VERSION_LINE, FORMAT_LINE, SOURCE_LINE, LAST_LINE = "!AER-DAT", "Format:", "Source ", "!END-HEADER"
RAW = "RAW"
HEAD_BYTES, EVENT_BYTES = 28, 8
ANY_SOURCE = -1


def sniff_aedat3(first: bytes) -> Likeness:
    """Whether it says that it is AEDAT 3."""
    return Likeness.CERTAIN if has_version(first, b"3") else Likeness.NOT


def open_aedat3(stream: BinaryIO, source: str, reading: Reading) -> Opened:
    """The valid events of an AEDAT 3.1 file; of its first camera where it has many.

    Raises EdgeSastError for another version, a compressed file, a packet that cannot be, a file that ends inside its
    header or a packet, or events of which none is valid.
    """
    return _opened(stream, source, reading, None)


def resume_aedat3(stream: BinaryIO, source: str, reading: Reading, state: State) -> Opened:
    """An AEDAT 3.1 file from a byte offset and the state of `_decode` there on."""
    stream.seek(0)
    return _opened(stream, source, reading, state)


def _opened(stream: BinaryIO, source: str, reading: Reading, state: State | None) -> Opened:
    lines = Lines(stream, source, LAST_LINE, (VERSION_LINE, FORMAT_LINE, SOURCE_LINE))
    _check(lines, source)
    cameras = sorted(_cameras(lines).items())
    assumed: tuple[str, ...] = ()
    if len(cameras) > 1:
        assumed = (f"source {cameras[0][0]} ('{cameras[0][1]}') of {len(cameras)} sources is read.",)
    chip = chip_called(cameras[0][1]) if cameras else None
    taken = cameras[0][0] if len(cameras) > 1 else ANY_SOURCE
    events = _Events(stream, source, reading, taken, lines, state)
    said = (
        ("version", f"AEDAT {VERSION}"),
        ("camera", cameras[0][1] if cameras else "not said"),
        ("time", "31 bits of 1 µs, overflows in each packet"),
        ("origin", "top left"),
        ("polarity", "1 = ON"),
    )
    sensor = chip.sensor if chip else None
    return Opened(Header(sensor, said, assumed), events.chunks(), events.offset_of, events.state)


def _check(lines: Lines, source: str) -> None:
    version, form = lines.value(VERSION_LINE), lines.value(FORMAT_LINE)
    if version is None:
        raise EdgeSastError(
            f"{source}: does not begin with '{MAGIC.decode()}{VERSION}'; the file is damaged or no AEDAT file: copy it "
            "again"
        )
    if version != VERSION:
        raise EdgeSastError(
            f"{source}: is AEDAT {version}, not AEDAT {VERSION}; its rows may count from the bottom: open it in cAER "
            f"and record it as AEDAT {VERSION}"
        )
    if form not in (None, RAW):
        raise EdgeSastError(
            f"{source}: has the format '{form}', and only {RAW} is read; open it in cAER and record it as {RAW}"
        )
    if not lines.ended:
        raise EdgeSastError(
            f"{source}: has no line '#{LAST_LINE}' at the end of its header; the file is damaged: copy it again"
        )


def _cameras(lines: Lines) -> dict[int, str]:
    """Number of a source -> its camera."""
    found = (re.fullmatch(r"(\d{1,5}): *(.*)", line[len(SOURCE_LINE) :]) for line in lines.lines)
    return {int(match[1]): match[2] for match in found if match}


class _Events:
    """Chunks of events, and where they stand."""

    def __init__(
        self, stream: BinaryIO, source: str, reading: Reading, taken: int, lines: Lines, state: State | None
    ) -> None:
        self.stream, self.source, self.reading, self.taken = stream, source, reading, taken
        self.resumed = state is not None
        self.next, *walk = state or (lines.size, 0, 0, 0, lines.size)  # of the chunk to come
        self.walk = np.array(walk, np.int64)
        self.rest = b""  # bytes read behind `next`
        if state:
            stream.seek(self.next)
        self.last = (
            self.next,
            np.empty(0, np.uint8),
            self.walk,
        )  # of the chunk before: where, its bytes, its state

    def state(self) -> State:
        return (self.next, *self.walk.tolist())

    def offset_of(self, index: int) -> int:
        """Byte offset of event `index` of the last chunk: its bytes are read again up to it."""
        start, data, walk = self.last
        out = np.empty(index + 1, EVENT_DTYPE)
        return start + int(_decode(data, start, self.taken, walk.copy(), out)[-1])

    def chunks(self) -> Iterator[np.ndarray]:
        stored = events = 0
        while more := self.stream.read(contract.CHUNK_BYTES):
            data = np.frombuffer(self.rest + more, np.uint8)
            out = np.empty(len(data) // EVENT_BYTES, EVENT_DTYPE)
            walk = self.walk.copy()
            end, count, seen, sound, _ = _decode(data, self.next, self.taken, self.walk, out)
            self.last = (self.next, data[:end], walk)
            self.rest = data[end:].tobytes()
            self.next += int(end)
            stored, events = stored + int(seen), events + int(count)
            if count:
                yield out[:count]
            if not sound:
                raise self._broken()
        left, _, _, packet = self.walk.tolist()
        end = self.next + len(self.rest)
        if self.rest or left:
            self.reading.defects.truncated(
                f"{self.source}: ends at byte {end}, {end - packet} bytes into the packet at byte offset {packet}"
            )
        if stored and not events and not self.resumed:
            raise EdgeSastError(
                f"{self.source}: has {stored} events, and none is marked as valid; the file is damaged or was filtered "
                "empty: record it again"
            )

    def _broken(self) -> EdgeSastError:
        head = np.frombuffer(self.rest[:HEAD_BYTES], "<i2,<i2,<i4,<i4,<i4,<i4,<i4,<i4")[0].tolist()
        return EdgeSastError(
            f"{self.source}: packet at byte offset {self.next}: no RAW file has type {head[0]} with {head[6]} events "
            f"of {head[2]} bytes and overflow {head[4]}; the file is damaged: copy it again"
        )


@jit
def _decode(data, begin, taken, walk, out):
    """(bytes read, events, events with those that are not valid, whether the next packet can be, place of the last
    event) of what is whole in `data`, until `out` is full.

    begin: byte offset of data in the file; taken: source of which events are read, -1: any.
    walk: (bytes left of the packet, whether its events are read, what is added to its times, its byte offset).
    """
    left, reads, base, packet = walk
    place = filled = seen = at = 0
    sound = True
    while True:
        have = len(data) - place
        if not left:
            packet = begin + place
            if have < 28:
                break
            kind, source = _i16(data, place), _i16(data, place + 2)
            size, overflow, number = _i32(data, place + 4), _i32(data, place + 12), _i32(data, place + 20)
            if kind < 0 or size < 0 or overflow < 0 or number < 0 or (kind == 1 and size != 8):
                sound = False
                break
            left, base = size * number, overflow << 31
            reads = 1 if kind == 1 and (taken < 0 or source == taken) else 0
            place += 28
        elif not reads:
            step = min(left, have)
            place, left = place + step, left - step
            if left:
                break
        else:
            count = min(left, have) >> 3
            if not count or filled == len(out):
                break
            for _ in range(count):
                word = _i32(data, place) & 0xFFFFFFFF
                if word & 1:
                    out[filled].t = base + _i32(data, place + 4)
                    out[filled].x = word >> 17
                    out[filled].y = word >> 2 & 0x7FFF
                    out[filled].p = word >> 1 & 1
                    filled += 1
                    at = place
                place += 8
                left -= 8
                seen += 1
                if filled == len(out):
                    break
    walk[0], walk[1], walk[2], walk[3] = left, reads, base, packet
    return place, filled, seen, sound, at


@partial(jit, inner=True)
def _i16(data, place):
    return np.int64(np.int16(np.uint16(data[place]) | np.uint16(data[place + 1]) << 8))


@partial(jit, inner=True)
def _i32(data, place):
    return np.int64(
        np.int32(
            np.int64(data[place])
            | np.int64(data[place + 1]) << 8
            | np.int64(data[place + 2]) << 16
            | np.int64(data[place + 3]) << 24
        )
    )


AEDAT3 = Format("AEDAT 3.1", "aedat3", (".aedat",), sniff_aedat3, open_aedat3, resume=resume_aedat3)
