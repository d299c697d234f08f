"""UDP packets of camera programs, written here word by word, and their clocks of 32 bits."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_sast.streaming.packets import PACKETS, PacketClock

WRAP = 1 << 32


def spif_word(x, y, p, untimed=False):
    return untimed << 31 | x << 16 | p << 15 | y


def spif_packet(events, untimed=False, times=True):
    words = []
    for t, x, y, p in events:
        words.append(spif_word(x, y, p, untimed))
        words += [t % WRAP] if times else []
    return struct.pack(f"<{len(words)}I", *words)


def faery_packet(events):
    return b"".join(struct.pack("<QHHB", *event) for event in events)


def faery_32_packet(events):
    return b"".join(struct.pack("<IHH", t % WRAP, x, y << 1 | p) for t, x, y, p in events)


def events_of(kind, packet, clock=None, arrived=0):
    return PACKETS[kind](packet, clock or PacketClock(), arrived).tolist()


EVENT = st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 32767), st.integers(0, 32767), st.integers(0, 1))
EVENTS = st.lists(EVENT, max_size=40).map(sorted)


@given(events=EVENTS)
def test_faery_comes_back(events):
    assert events_of("faery", faery_packet(events)) == events
    assert events_of("faery32", faery_32_packet(events)) == events


@given(events=EVENTS)
def test_spif_without_times_takes_the_arrival(events):
    clock = PacketClock()
    packet = spif_packet(events, untimed=True, times=False)
    assert events_of("spif", packet, clock, 77) == [(77, x, y, p) for _, x, y, p in events]
    assert clock.untimed == len(events)


@pytest.mark.parametrize("count", range(1, 33))
def test_spif_with_times_and_the_short_last_packet(count):
    """aestream's last packet of r events has 16 r bytes: behind them stand r more of the packet before."""
    events = [(1000 + i, i, 2 * i, i % 2) for i in range(32 + count)]
    clock = PacketClock()
    got = events_of("spif", spif_packet(events[:32]), clock)
    last = events[32:] if count == 32 else events[32:] + events[count : 2 * count]
    got += events_of("spif", spif_packet(last), clock)
    assert got == events
    assert clock.repeated == (16 if count == 16 else 0)  # 256 bytes as a whole packet has: told by the times


def test_spif_wraps_inside_a_whole_packet():
    events = [(WRAP - 16 + i, i, 0, 0) for i in range(32)]
    clock = PacketClock()
    assert events_of("spif", spif_packet(events), clock) == events
    assert clock.repeated == 0


@given(
    begin=st.integers(0, WRAP - 1),
    steps=st.lists(st.integers(-(2**31) + 1, 2**31 - 1), max_size=30),
    cuts=st.lists(st.integers(0, 30)),
)
def test_times_of_32_bits_go_on(begin, steps, cuts):
    """A slow oracle: of all times that are equal in 32 bits, the one nearest to the time before that is not below 0."""
    true, last = [begin], begin
    for step in steps:
        true.append(last + step)
        last = true[-1] if true[-1] >= 0 else last
    stored = np.array([t % WRAP for t in true], np.uint32)
    clock, want, got = PacketClock(), [begin], []
    for t in stored[1:].tolist():
        before = [w for w in want if w >= 0][-1]
        want.append(min((t + k * WRAP for k in range(-40, 40)), key=lambda w: abs(w - before)))
    for part in np.split(stored, sorted(min(cut, len(stored)) for cut in cuts)):
        got += clock.widen(part).tolist()
    assert got == want == true


def test_an_old_packet_after_a_wrap_belongs_before_it():
    clock = PacketClock()
    for t, want in ((WRAP - 5, WRAP - 5), (3, WRAP + 3), (WRAP - 2, WRAP - 2), (4, WRAP + 4)):
        assert [event[0] for event in events_of("faery32", faery_32_packet([(t, 0, 0, 0)]), clock)] == [want]


@pytest.mark.parametrize(
    ("kind", "packet_of"),
    [("faery32", faery_32_packet), ("spif", lambda events: spif_packet(events * 2))],
)
def test_a_time_below_0_is_left_out_and_does_not_move_the_clock(kind, packet_of):
    """A clock that went on from 3e9 - 2^32 would take 1e9 and 60, and all that follows, for times below 0."""
    clock, got = PacketClock(), []
    for t in (50, WRAP - 6, 3 * 10**9, 10**9, 60, WRAP - 1):
        got += events_of(kind, packet_of([(t, 1, 2, 1)]), clock)
    assert got == [(t, 1, 2, 1) for t in (50, 10**9, 60)]
    assert clock.beyond == 3


def test_words_of_the_other_kind_are_counted_with_their_place():
    clock = PacketClock()
    one, other = spif_packet([(0, 1, 2, 1)], True, False), spif_packet([(0, 3, 4, 1)], False, False)
    assert events_of("spif", one + other + one + other * 2, clock, 7) == [(7, 1, 2, 1)] * 2
    assert (clock.unknown, clock.last_unknown, clock.untimed) == (3, (4, 0x00038004), 2)
    timed, untimed = [(90 + i, i, 2, 1) for i in range(32)], [(2**31, 9, 9, 0)]
    packet = spif_packet(timed[:5]) + spif_packet(untimed, True) + spif_packet(timed[6:])
    assert events_of("spif", packet, clock) == timed[:5] + timed[6:]  # its time is none: no step back
    assert (clock.unknown, clock.last_unknown, clock.repeated) == (4, (40, 0x80090009), 0)


def test_times_beyond_our_range_and_bytes_left_over():
    clock = PacketClock()
    packet = faery_packet([(t, 1, 2, 255) for t in (2**62 - 1, 2**62, 2**63, 2**64 - 1, 5)])
    assert events_of("faery", packet + b"abc", clock) == [(2**62 - 1, 1, 2, 1), (5, 1, 2, 1)]
    assert clock.beyond == 3
    assert events_of("faery32", b"1234567", clock) == []
    assert events_of("spif", b"", clock) == events_of("spif", b"ab", clock) == []
    assert clock.broken == 3
