"""EVT3 of Prophesee: words of 16 bits, little-endian; what a word says holds for the words after it.

| bits 15..12 | meaning | rest of the word |
|---|---|---|
| 0 | row | 10..0 y |
| 2 | event | 11 polarity, 10..0 x |
| 3 | where vectors begin | 11 polarity, 10..0 x |
| 4 | vector | bit i of 11..0 is an event at x + i; then x is 12 further |
| 5 | vector | bit i of 7..0 is an event at x + i; then x is 8 further |
| 6 | time | lower 12 bits of the time in µs |
| 8 | time | upper 12 bits of the time in µs; where they change, the lower ones begin at 0 |
| 7, 10, 14, 15 | continued, trigger, others, continued | left out |

The clock of 24 bits wraps after 16.8 seconds: upper bits that fall by half the range or more are a wrap.

Source: Prophesee, "EVT 3.0 Format", and the decoder of openeb 5.1.1.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from edge_sast.events.put import SPARE, P, Y, put
from edge_sast.formats.prophesee.bits import count_bits, highest_bit, lowest_bit
from edge_sast.formats.prophesee.evt3_writer import write_evt3
from edge_sast.formats.prophesee.raw import raw_format
from edge_sast.formats.prophesee.words import Evt
from edge_sast.jit import jit

MOST = 32  # events in a group of three vectors
WRAP_US = 1 << 24
USUAL = 1 << 0 | 1 << 2 | 1 << 6  # kinds of most words
NO_GROUP = -1


@jit
def _decode(words, start, events, state, found, bits):
    """See `Evt.decode`; rows, events and lower bits of the time are not counted among the kinds met.

    state: [epoch in µs, row, word where vectors begin, lower and upper bits of the time, how far x is from where the
    vectors begin]. What seldom changes stays there, so that the rest has room in registers.

    Rows, events and lower bits of the time take no branch, for which of them comes cannot be foreseen: a mask of all
    bits or none says what a word changes, and what is no event is written over by the next one.
    """
    row, base = state[1] << Y, state[0] + (state[4] << 12)
    t, bias, signs, met = base + state[3], bits[0], np.int64(0), np.int64(0)
    filled, seen, one = np.uint64(0), np.int64(0), np.uint64(1)
    place, end, last = np.uint64(start), np.uint64(len(words)), np.uint64(len(events) - MOST - SPARE)
    while place < end and filled <= last:
        word = np.int64(words[place])
        kind, rest = word >> 12, word & 0xFFF
        place += one
        if USUAL >> kind & 1:
            now = t ^ (t ^ (base + rest)) & ((word ^ 0x6000) - 0x1000 >> 63)
            signs |= now - t
            t = now
            row ^= (row ^ (word & 0x7FF) << Y) & (word - 0x1000 >> 63)
            is_event = (word ^ 0x2000) - 0x1000 >> 63
            event = word & 0x7FF | row | (word & 0x800) << P - 11
            put(events, filled, t, event)
            met |= event + bias & is_event
            filled -= np.uint64(is_event)
            continue
        seen |= 1 << kind
        if kind == 3:
            state[2], state[5] = rest, 0
            mask = _group(words, place) if place + one + one < end else NO_GROUP
            if mask != NO_GROUP:
                state[5] = 32
                place += np.uint64(3)
                event, count = rest & 0x7FF | row | (rest & 0x800) << P - 11, count_bits(mask)
                met |= event + highest_bit(mask) + bias & (-count >> 63)
                _put_eights(events, filled, t, event, mask)
                filled += np.uint64(count)
        elif kind >> 1 == 2:
            mask, width = (rest, 12) if kind == 4 else (rest & 0xFF, 8)
            while mask:
                event = (state[2] & 0x7FF) + state[5] + lowest_bit(mask) & 0xFFFF | row | state[2] >> 11 << P
                put(events, filled, t, event)
                met |= event | event + bias
                filled += one
                mask &= mask - 1
            state[5] += width
        elif kind == 8 and rest != state[4]:
            state[0] += (state[4] - rest >= 2048) * WRAP_US
            state[4], base = rest, state[0] + (rest << 12)
            signs |= base - t
            t = base
    state[1], state[3] = row >> Y, t - base
    found[0], found[1] = filled, seen
    bits[1], bits[2] = signs, met
    return place


@partial(jit, inner=True, merged=True)
def _group(words, place):
    """The mask of the three vectors that cameras send, 12 + 12 + 8; NO_GROUP where the next three words are others.

    As one they cost one wrong guess of where their events end, not three.
    """
    first = np.int64(words[place])
    second, third = np.int64(words[place + np.uint64(1)]), np.int64(words[place + np.uint64(2)])
    if (first >> 12 != 4) | (second >> 12 != 4) | (third >> 12 != 5):
        return np.int64(NO_GROUP)
    return first & 0xFFF | (second & 0xFFF) << 12 | (third & 0xFF) << 24


@partial(jit, inner=True, merged=True)
def _put_eights(events, filled, t, event, mask):
    """Puts the pixels of a mask, and no events behind them: eight at once cost less than a wrong guess of the end."""
    while True:
        for i in range(8):
            put(events, filled + np.uint64(i), t, event + lowest_bit(mask))
            mask &= mask - 1
        filled += np.uint64(8)
        if not mask:
            break


def _kinds(words: np.ndarray, _state: np.ndarray) -> np.ndarray:
    return words >> 12


EVT3 = raw_format(
    Evt(
        name="EVT3",
        version="3",
        word=np.dtype("<u2"),
        known=(0, 2, 3, 4, 5, 6, 7, 8, 10, 14, 15),
        needed=(8, 0),
        most=MOST,
        state=(0,) * 6,
        clock_bits=24,
        decode=_decode,
        kinds=_kinds,
    ),
    "evt3",
    write=write_evt3,
)
