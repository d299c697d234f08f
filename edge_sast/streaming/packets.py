"""What camera programs send in UDP packets.

spif     aestream, SpiNNaker's peripheral link: words of 32 bits, little-endian. Bit 31 = 1 for no time, x in bits 30 to
         16, p in bit 15, y in bits 14 to 0; where bit 31 is 0 a word with the time in µs follows
faery    faery, t64_x16_y16_on8: 13 bytes, little-endian, of u64 time, u16 x, u16 y, u8 ON
faery32  faery, t32_x16_y15_on1: 8 bytes, little-endian, of u32 time, u16 x, u16 y << 1 | ON

Read in what aestream 0.6.4 and faery 0.7.1 send. aestream's packets with times are 256 bytes; a shorter one, its last,
holds its events in its first half only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edge_sast.events.recording import EVENT_DTYPE

HALF_32 = 1 << 31
SPIF_TIMED_BYTES = 256  # of aestream's whole packets with times
FAERY = np.dtype([("t", "<u8"), ("x", "<u2"), ("y", "<u2"), ("p", "u1")])
FAERY_32 = np.dtype([("t", "<u4"), ("x", "<u2"), ("yp", "<u2")])


@dataclass
class PacketClock:
    """Times of one stream of packets. last: of the last event, None before any; wraps: of a time of 32 bits, in µs."""

    last: int | None = None
    wraps: int = 0
    untimed: bool = False  # packets without times have come

    def widen(self, t: np.ndarray) -> np.ndarray:
        """int64 [n] of u32 times: a fall by more than half the range is a wrap, a smaller one an old packet."""
        wide = t.astype(np.int64)
        before = np.empty_like(wide)
        before[1:] = wide[:-1]
        before[0] = wide[0] if self.last is None else self.last - self.wraps
        wide += self.wraps + 2 * HALF_32 * np.cumsum(before - wide > HALF_32)
        # An old packet after a wrap belongs before it.
        wide -= 2 * HALF_32 * (wide - (self.last if self.last is not None else wide[0]) > HALF_32)
        return wide


def spif(packet: bytes, clock: PacketClock, arrived_us: int) -> np.ndarray:
    """EVENT_DTYPE [n] of a SPIF packet; events without a time take that of the packet's arrival."""
    words = np.frombuffer(packet[: len(packet) // 4 * 4], "<u4")
    if not len(words):
        return np.empty(0, EVENT_DTYPE)
    if words[0] >> 31:
        clock.untimed = True
        return _spif_events(words[words >> 31 == 1], np.int64(arrived_us))
    if len(packet) != SPIF_TIMED_BYTES:
        words = words[: len(words) // 2]
    words = words[: len(words) // 2 * 2].reshape(-1, 2)
    return _spif_events(words[:, 0], clock.widen(words[:, 1]))


def _spif_events(words: np.ndarray, t: np.ndarray | np.int64) -> np.ndarray:
    events = np.empty(len(words), EVENT_DTYPE)
    events["t"] = t
    events["x"], events["y"], events["p"] = words >> 16 & 0x7FFF, words & 0x7FFF, words >> 15 & 1
    return events


def faery(packet: bytes, _clock: PacketClock, _arrived_us: int) -> np.ndarray:
    """EVENT_DTYPE [n] of a packet of faery's 13-byte events."""
    raw = np.frombuffer(packet[: len(packet) // FAERY.itemsize * FAERY.itemsize], FAERY)
    events = np.empty(len(raw), EVENT_DTYPE)
    events["t"] = np.minimum(raw["t"], (1 << 62) - 1)
    events["x"], events["y"], events["p"] = raw["x"], raw["y"], raw["p"] != 0
    return events


def faery_32(packet: bytes, clock: PacketClock, _arrived_us: int) -> np.ndarray:
    """EVENT_DTYPE [n] of a packet of faery's 8-byte events."""
    raw = np.frombuffer(packet[: len(packet) // FAERY_32.itemsize * FAERY_32.itemsize], FAERY_32)
    events = np.empty(len(raw), EVENT_DTYPE)
    if len(raw):
        events["t"] = clock.widen(raw["t"])
    events["x"], events["y"], events["p"] = raw["x"], raw["yp"] >> 1, raw["yp"] & 1
    return events


Decoder = Callable[[bytes, PacketClock, int], np.ndarray]
PACKETS: dict[str, Decoder] = {"spif": spif, "faery": faery, "faery32": faery_32}


def decode(decoder: Decoder, packet: bytes, clock: PacketClock, arrived_us: int) -> np.ndarray:
    """A packet's events EVENT_DTYPE [n] as they stand in it; packets may overtake one another. clock is moved on."""
    events = decoder(packet, clock, arrived_us)
    if len(events):
        latest = int(events["t"].max())
        clock.last = latest if clock.last is None else max(clock.last, latest)
        clock.wraps = clock.last // (2 * HALF_32) * 2 * HALF_32
    return events
