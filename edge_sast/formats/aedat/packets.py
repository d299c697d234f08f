"""Packets of AEDAT 4, one after the other: in a file behind its header, or as they come from a connection.

A packet is i32 stream, i32 size, and that many bytes, compressed as the header says. Those of a stream of events hold a
FlatBuffer `EVTS`, its size before it, whose field 0 is a vector of events of 16 bytes: i64 time in µs, i16 x, i16 y,
u8 polarity (1 = ON), 3 unused. All little-endian, origin at the top left. Packets of other streams are skipped.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.put import SPARE, P, put
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats import contract
from edge_sast.formats.aedat.compression import DamagedError, Source, decoder_of
from edge_sast.formats.aedat.flatbuffer import BrokenError, Table
from edge_sast.formats.aedat.io_header import IoHeader
from edge_sast.formats.contract import Reading, State
from edge_sast.jit import jit

HEAD = struct.Struct("<ii")
STORED = np.dtype(
    {
        "names": ["t", "x", "y", "p"],
        "formats": ["<i8", "<u2", "<u2", "u1"],
        "offsets": [0, 8, 10, 12],
        "itemsize": 16,
    }
)
# The same, with x and y as one number.
JOINED = np.dtype(
    {"names": ["t", "xy", "p"], "formats": ["<i8", "<u4", "u1"], "offsets": [0, 8, 12], "itemsize": 16}
)
LEAST_PIECE_BYTES = 4096  # the table of a packet lies in its first piece
# Bytes 4 to 27 of a table as dv-processing lays it out: its vector has its number at byte 28, and begins at 32.
USUAL = struct.pack("<I4s2x3HiI", 16, b"EVTS", 6, 8, 4, 6, 4)
USUAL_SIZES = struct.Struct("<I24xI")
REMEDY = "the file is damaged: copy it again"


class _Packet:
    """Bytes of one packet; `cut` where the stream ended before it."""

    def __init__(self, stream: BinaryIO, place: int, size: int) -> None:
        self.stream, self.place, self.size, self.left, self.cut = stream, place, size, size, False

    def read(self, most: int) -> bytes:
        data = self.stream.read(min(most, self.left)) if self.left else b""
        self.cut |= self.left > 0 and not data
        self.left -= len(data)
        return data

    @property
    def ended(self) -> bool:
        return not self.left


class Packets:
    """The events of one stream of packets, and where they stand."""

    def __init__(
        self, stream: BinaryIO, source: str, reading: Reading, header: IoHeader, number: int, at: State
    ) -> None:
        """stream: at a packet; number: of the stream of events; at: (byte offset of that packet, events of it that were
        given before).
        """
        self.stream, self.source, self.reading, self.header, self.number = (
            stream,
            source,
            reading,
            header,
            number,
        )
        self.glance = reading.defects.glance
        self.decoder = decoder_of(header.compression, source)
        self.place = at[0]  # of what is read next
        self.over = False  # the stream ended inside a packet
        self.next = at  # as `at`, behind the last chunk
        self.piece = max(LEAST_PIECE_BYTES, contract.CHUNK_BYTES)

    def chunks(self, gather: bool) -> Iterator[np.ndarray]:
        """EVENT_DTYPE[n]; gather: of many packets together, else of each packet as soon as it is there."""
        room = max(1, contract.CHUNK_BYTES // STORED.itemsize)
        place, given = self.next
        out, filled = np.empty(room + SPARE, EVENT_DTYPE), 0
        while packet := self._next_packet():
            done = 0  # events of the packet
            for part in self._parts(packet):
                taken = max(0, min(given - done, len(part))) if packet.place == place else 0
                while taken < len(part):
                    count = min(len(part) - taken, room - filled)
                    _copy(part, taken, count, out, filled, self.glance.bits)
                    taken, filled = taken + count, filled + count
                    if filled == room:
                        self.next = (packet.place, done + taken)
                        yield self._noted(out[:filled])
                        out, filled = np.empty(room + SPARE, EVENT_DTYPE), 0
                done += len(part)
            if filled and not gather:
                self.next = (self.place, 0)
                yield self._noted(out[:filled])
                out, filled = np.empty(room + SPARE, EVENT_DTYPE), 0
        if filled:
            self.next = (self.place, 0)
            yield self._noted(out[:filled])

    def _noted(self, events: np.ndarray) -> np.ndarray:
        self.glance.chunk = events
        return events

    def _next_packet(self) -> _Packet | None:
        """The next packet of events; None at the end."""
        while True:
            place, end = self.place, self.header.table
            if self.over or place == end > 0:
                return None
            head = contract.exactly(self.stream, HEAD.size)
            if len(head) < HEAD.size:
                self._ended(place, len(head))
                return None
            number, size = HEAD.unpack(head)
            self.place = place + HEAD.size + size
            if size < 0 or self.place > end > 0:
                reach = f", and the packets end at byte {end}" if size >= 0 else ""
                raise self._broken(place, f"has a size of {size} bytes{reach}")
            packet = _Packet(self.stream, place, size)
            if number == self.number:
                return packet
            if number not in self.header.streams:
                named = ", ".join(map(str, sorted(self.header.streams)))
                self.reading.defects.unknown_word(
                    f"{self.source}: packet at byte offset {place}: is of stream {number}, and the header names {named}"
                )
            self._skip(packet)

    def _ended(self, place: int, size: int) -> None:
        """The stream ended `size` bytes into the head of a packet."""
        end = self.header.table
        if size:
            self._truncated(place, size)
        elif end > 0:
            self.reading.defects.truncated(
                f"{self.source}: ends at byte {place}, and its packets at byte {end} by its header"
            )

    def _parts(self, packet: _Packet) -> Iterator[np.ndarray]:
        """JOINED[n] of a packet, in pieces."""
        try:
            yield from self._stored(packet)
        except (BrokenError, DamagedError) as error:
            self._skip(packet)
            if not packet.cut:
                raise self._broken(packet.place, str(error)) from None
        else:
            if packet.left:
                self._skip(packet)

    def _stored(self, packet: _Packet) -> Iterator[np.ndarray]:
        payload = self.decoder.opened(packet, self.piece)
        data = _exactly(payload, self.piece)
        size, place, left = _vector(data)
        if place + left * STORED.itemsize > size:
            raise BrokenError(f"says {left} events in {size} bytes")
        while left:
            count = min(left, max(0, (len(data) - place) // STORED.itemsize))
            if count:
                yield np.frombuffer(data, JOINED, count, place)
            left -= count
            rest = data[place + count * STORED.itemsize :]
            place = 0
            if left:
                data = rest + _exactly(payload, self.piece - len(rest))
                if len(data) < STORED.itemsize:
                    raise BrokenError(f"ends {left} events before the number that it says")

    def _skip(self, packet: _Packet) -> None:
        """Reads what is left of a packet."""
        while packet.read(self.piece):
            pass
        if packet.cut:
            self._truncated(packet.place, HEAD.size + packet.size - packet.left)

    def _truncated(self, place: int, size: int) -> None:
        self.over = True
        self.reading.defects.truncated(
            f"{self.source}: ends at byte {place + size}, {size} bytes into the packet at byte offset {place}"
        )

    def _broken(self, place: int, what: str) -> EdgeSastError:
        return EdgeSastError(f"{self.source}: packet at byte offset {place}: {what}; {REMEDY}")


def _vector(data: bytes) -> tuple[int, int, int]:
    """(bytes of the table, place of the first event, how many) of a table EVTS, by its beginning."""
    if data[4:28] == USUAL and len(data) >= USUAL_SIZES.size:
        size, count = USUAL_SIZES.unpack_from(data)
        return 4 + size, USUAL_SIZES.size, count
    table = Table(data, b"EVTS")
    return table.size, *table.vector(0)


def _exactly(source: Source, size: int) -> bytes:
    """So many bytes, fewer only at the end."""
    data = source.read(size)
    while len(data) < size and not source.ended and (more := source.read(size - len(data))):
        data += more
    return data


@jit
def _copy(stored, begin, count, events, filled, bits):
    """`count` of JOINED[n] from `begin` on, at least 1, to EVENT_DTYPE[m] from `filled` on; bits: of `Glance`."""
    bias, signs, met, before = bits[0], np.int64(0), np.int64(0), stored[begin].t
    if filled:
        signs, met, before = bits[1], bits[2], events[filled - 1].t
    for i in range(count):
        found = stored[begin + i]
        t, xy = found.t, np.int64(found.xy)
        put(events, np.uint64(filled + i), t, xy | np.int64(found.p != 0) << P)
        signs |= t | (t - before)
        before = t
        met |= xy | xy + bias
    bits[1], bits[2] = signs, met
