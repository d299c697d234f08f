"""DAT of Prophesee: an ASCII header, a byte of type, a byte of size, then events of 8 bytes.

An event is two little-endian words of 32 bits: the time in µs, then polarity (bit 28), y (27..14), x (13..0). Types
0x0C (CD) and 0x00 (2D events of the oldest cameras, as in N-Cars) are alike; a file without a header has no byte of
type or size either. The clock of 32 bits wraps after 71.6 minutes: a fall by half the range or more is a wrap.

Source: Prophesee, "DAT File Format", and the reader of its automotive dataset toolbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.put import SPARE, P, put
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats.contract import (
    SNIFFED_BYTES,
    Format,
    Header,
    Likeness,
    Opened,
    Reading,
    State,
    exactly,
    whole_records,
)
from edge_sast.formats.prophesee.text import DAT_EVENT_BYTES, DAT_TYPES, Text, parse_text, read_text
from edge_sast.formats.prophesee.words import PIECE_EVENTS
from edge_sast.jit import jit

EVENT_BYTES = 8
WRAP_US = 1 << 32
VERSION = "2"
MIN_EVENTS = 32  # of a file without a header, whose bits are looked at


def sniff_dat(first: bytes) -> Likeness:
    """By the header; a file without one is possible where its times rise and no unused bit is set."""
    text = parse_text(first, len(first) < SNIFFED_BYTES) or parse_text(first, True) or Text()
    if text.size:
        return Likeness.CERTAIN if text.is_dat(first[text.size :]) and not text.evt else Likeness.NOT
    words = np.frombuffer(first, "<u4", len(first) // EVENT_BYTES * 2).reshape(-1, 2)
    rises = len(words) >= MIN_EVENTS and bool((words[1:, 0] >= words[:-1, 0]).all())
    return Likeness.POSSIBLE if rises and not (words[:, 1] >> 29).any() else Likeness.NOT


def open_dat(stream: BinaryIO, source: str, reading: Reading) -> Opened:
    """A DAT file of CD or 2D events."""
    text, begin = read_text(stream, source)
    version = text.fields.get("version", VERSION)
    if text.evt or version != VERSION:
        of = f"EVT{text.evt}" if text.evt else f"DAT version {version}"
        raise EdgeSastError(f"{source}: the header says {of}, not DAT version {VERSION}: convert the file")
    sensor, note = text.sensor(source)
    begin_us = text.begin_us(source)
    place, assumed = text.size, [note] if note else []
    if text.size:
        begin += exactly(stream, max(0, 2 - len(begin)))
        _check_type(begin[:2], source, place)
        begin, place = begin[2:], place + 2
    else:
        assumed.append("no header: events of type 0x00 from the first byte on")
    said = (
        ("version", f"DAT version {VERSION}"),
        ("time", "32 bits of 1 µs, wraps undone"),
        ("origin", "top left"),
        ("polarity", "1 = ON"),
        *((("begin", f"{begin_us} µs, by the header's t0"),) if "t0" in text.fields else ()),
    )
    return _Events(stream, source, reading, (place, begin_us, 0), begin).opened(
        Header(sensor, said, tuple(assumed))
    )


def resume_dat(stream: BinaryIO, source: str, reading: Reading, state: State) -> Opened:
    """A DAT file from an `Opened.state` on."""
    stream.seek(state[0])
    return _Events(stream, source, reading, state, b"").opened(Header())


def _check_type(said: bytes, source: str, place: int) -> None:
    if len(said) < 2:
        raise EdgeSastError(
            f"{source}: ends at byte {place + len(said)}, before the type and size of its events; the file is "
            "truncated: copy it again"
        )
    if said[1:] != DAT_EVENT_BYTES or said[:1] not in DAT_TYPES:
        raise EdgeSastError(
            f"{source}: events of type {said[0]:#04x} and {said[1]} bytes; read are types 0x00 (2D) and 0x0c (CD) of "
            "8 bytes: export the file's CD events"
        )


class _Events:
    """Chunks of a DAT file, and where they stand in it."""

    def __init__(self, stream: BinaryIO, source: str, reading: Reading, state: State, begin: bytes) -> None:
        """state: byte offset of the next event, epoch in µs, the 32 bits of the time before."""
        self.next = self.first = state[0]
        self.clock = np.array(state[1:], np.int64)
        self.glance = reading.defects.glance
        self.blocks = whole_records(stream, EVENT_BYTES, source, reading, self.next, begin)

    def opened(self, header: Header) -> Opened:
        return Opened(
            header,
            self.chunks(),
            lambda index: self.first + EVENT_BYTES * index,
            lambda: (self.next, *self.clock.tolist()),
        )

    def chunks(self) -> Iterator[np.ndarray]:
        for offset, data in self.blocks:
            words = np.frombuffer(data, "<u4").reshape(-1, 2)
            for start in range(0, len(words), PIECE_EVENTS):
                piece = words[start : start + PIECE_EVENTS]
                filled = np.empty(len(piece) + SPARE, EVENT_DTYPE)
                _decode(piece, filled, self.clock, self.glance.bits)
                events = self.glance.chunk = filled[: len(piece)]
                self.first = offset + EVENT_BYTES * start
                self.next = self.first + EVENT_BYTES * len(piece)
                yield events


@jit
def _decode(words, events, clock, bits):
    """Fills events, EVENT_DTYPE[len(words) + SPARE].

    clock: int64[2], epoch in µs and the time before without it; bits: of `Glance`.
    """
    epoch, last = clock
    before, bias, signs, met = epoch + last, bits[0], np.int64(0), np.int64(0)
    for i in range(len(words)):
        t, word = np.int64(words[i, 0]), np.int64(words[i, 1])
        if last - t >= WRAP_US >> 1:
            epoch += WRAP_US
        last = t
        t += epoch
        event = word & 0x3FFF | (word & 0xFFFC000) << 2 | (word & 1 << 28) << P - 28
        put(events, np.uint64(i), t, event)
        signs |= t - before
        before = t
        met |= event + bias
    clock[0], clock[1] = epoch, last
    bits[1], bits[2] = signs, met


DAT = Format(
    "Prophesee DAT",
    "dat",
    (".dat",),
    sniff_dat,
    open_dat,
    resume=resume_dat,
)
