"""What camera programs send in UDP packets.

spif     aestream, SpiNNaker's peripheral link: words of 32 bits, little-endian. Bit 31 = 1 for no time, x in bits 30 to
         16, p in bit 15, y in bits 14 to 0; where bit 31 is 0 a word with the time in µs follows
faery    faery, t64_x16_y16_on8: 13 bytes, little-endian, of u64 time, u16 x, u16 y, u8 ON
faery32  faery, t32_x16_y15_on1: 8 bytes, little-endian, of u32 time, u16 x, u16 y << 1 | ON

As aestream 0.6.4 and faery 0.7.1 send them. aestream's packets with times are 256 bytes; its last one, of r events, has
16 r bytes, and its second half holds no new events. Where r is 16 its size does not tell, but times step back in it.
A packet has times, or none, by its first word: a word of the other kind is an unknown word, and the time behind a word
that says it has none is no time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edge_sast.events.recording import EVENT_DTYPE, TIME_LIMIT_US

HALF_32 = 1 << 31
SPIF_TIMED_BYTES = 256  # of aestream's whole packets with times
FAERY = np.dtype([("t", "<u8"), ("x", "<u2"), ("y", "<u2"), ("p", "u1")])
FAERY_32 = np.dtype([("t", "<u4"), ("x", "<u2"), ("yp", "<u2")])


@dataclass
class PacketClock:
    """Times of one stream of packets.

    Attributes:
        last: time of the event before, µs, None before any.
        untimed: events that took the time of their packet's arrival.
        repeated: events left out because a packet's times step back at them.
        beyond: events left out because their time lies outside 0 to 2^62 µs.
        broken: packets with bytes left over.
        unknown: words of packets that say they have a time among words without, or none among words with one.
        last_unknown: (byte offset in its packet, word) of the first of them in the packet that had some last.
    """

    last: int | None = None
    untimed: int = 0
    repeated: int = 0
    beyond: int = 0
    broken: int = 0
    unknown: int = 0
    last_unknown: tuple[int, int] = (0, 0)

    def known(self, words: np.ndarray, good: np.ndarray, size: int) -> np.ndarray:
        """The words that are `good`, bool [n], others counted; each stands at so many times `size` bytes."""
        if good.all():
            return words
        first = int(np.argmin(good))
        self.unknown += len(good) - int(np.count_nonzero(good))
        self.last_unknown = first * size, int(words[first].flat[0])
        return words[good]

    def widen(self, t: np.ndarray) -> np.ndarray:
        """int64 [n] of u32 times that wrap: a fall by more than half their range is a wrap, a smaller one an old event.

        A rise by more than half the range is an old event too, from before the wrap; before the first wrap its time is
        below 0. Such a time does not move the clock on: later ones would be taken for old with it.
        """
        if not len(t):
            return np.empty(0, np.int64)
        begin = int(t[0]) if self.last is None else self.last
        before = np.concatenate([[begin % (2 * HALF_32)], t[:-1].astype(np.int64)])
        steps = (t.astype(np.int64) - before + HALF_32) % (2 * HALF_32) - HALF_32
        wide = begin + np.cumsum(steps)
        self.last = int(wide[-1])
        if wide.min() < 0:
            wide, self.last = _one_by_one(t, begin)
        return wide


def _one_by_one(t: np.ndarray, last: int) -> tuple[np.ndarray, int]:
    """(int64 [n] of u32 times, each by the one before it that is not below 0; the last of those)."""
    wide = np.empty(len(t), np.int64)
    for i, stored in enumerate(t.tolist()):
        wide[i] = last + (stored - last + HALF_32) % (2 * HALF_32) - HALF_32
        last = last if wide[i] < 0 else int(wide[i])
    return wide, last


def spif(packet: bytes, clock: PacketClock, arrived_us: int) -> np.ndarray:
    """EVENT_DTYPE [n] of a SPIF packet; events without a time take that of the packet's arrival."""
    words = _items(packet, np.dtype("<u4"), clock)
    if len(words) and words[0] >> 31:
        words = clock.known(words, words >> 31 == 1, 4)
        clock.untimed += len(words)
        return _spif_events(words, np.full(len(words), arrived_us), clock)
    if len(packet) != SPIF_TIMED_BYTES:
        words = words[: len(words) // 2]
    pairs = words[: len(words) // 2 * 2].reshape(-1, 2)
    pairs = clock.known(pairs, pairs[:, 0] >> 31 == 0, 8)
    back = np.flatnonzero(np.diff(pairs[:, 1]) >= HALF_32)  # differences of 32 bits: a wrap is none
    whole = int(back[0]) + 1 if len(back) else len(pairs)
    clock.repeated += len(pairs) - whole
    return _spif_events(pairs[:whole, 0], clock.widen(pairs[:whole, 1]), clock)


def _spif_events(words: np.ndarray, t: np.ndarray, clock: PacketClock) -> np.ndarray:
    return _events(t, words >> 16 & 0x7FFF, words & 0x7FFF, words >> 15 & 1, clock)


def faery(packet: bytes, clock: PacketClock, _arrived_us: int) -> np.ndarray:
    """EVENT_DTYPE [n] of a packet of faery's 13-byte events."""
    raw = _items(packet, FAERY, clock)
    return _events(raw["t"], raw["x"], raw["y"], raw["p"] != 0, clock)


def faery_32(packet: bytes, clock: PacketClock, _arrived_us: int) -> np.ndarray:
    """EVENT_DTYPE [n] of a packet of faery's 8-byte events."""
    raw = _items(packet, FAERY_32, clock)
    return _events(clock.widen(raw["t"]), raw["x"], raw["yp"] >> 1, raw["yp"] & 1, clock)


def _items(packet: bytes, of: np.dtype, clock: PacketClock) -> np.ndarray:
    count, left = divmod(len(packet), of.itemsize)
    clock.broken += left > 0
    return np.frombuffer(packet, of, count)


def _events(t: np.ndarray, x: np.ndarray, y: np.ndarray, p: np.ndarray, clock: PacketClock) -> np.ndarray:
    """Without those whose time is none, which are counted: one packet must not end a stream."""
    events = np.empty(len(t), EVENT_DTYPE)
    events["t"], events["x"], events["y"], events["p"] = t, x, y, p
    inside = (t >= 0) & (t < TIME_LIMIT_US)
    clock.beyond += len(t) - int(np.count_nonzero(inside))
    return events if inside.all() else events[inside]


# (bytes of a packet, clock that is moved on, µs at which it came) -> events as they stand in it.
Decoder = Callable[[bytes, PacketClock, int], np.ndarray]
PACKETS: dict[str, Decoder] = {"spif": spif, "faery": faery, "faery32": faery_32}
