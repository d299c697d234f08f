"""EVT2 of Prophesee: words of 32 bits, little-endian.

| bits 31..28 | meaning | rest of the word |
|---|---|---|
| 0, 1 | event, OFF or ON | 27..22 low 6 bits of the time, 21..11 x, 10..0 y |
| 8 | time | 27..0 upper 28 bits of the time in µs |
| 10, 13, 14, 15 | trigger, inertial unit, others, continued | left out |

The clock of 34 bits wraps after 4.8 hours: time words that fall by half the range or more are a wrap.

Source: Prophesee, "EVT 2.0 Format", and the decoder of openeb 5.1.1.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from edge_sast.events.put import SPARE, P, Y, put
from edge_sast.formats.prophesee.raw import raw_format
from edge_sast.formats.prophesee.words import Evt
from edge_sast.jit import jit

WRAP_US = 1 << 34
LOOKED_AT = 512  # words of a piece, by which its way of decoding is chosen
RARE = 24  # words between others than events, from which on a wrong guess at each costs less than no branches


@partial(jit, inner=True)
def _decode_mixed(words, events, state, found, bits):
    """Without branches: where other words lie among events cannot be foreseen."""
    epoch, high = state[0], state[1]
    before, bias, signs, met = epoch + (high << 6), bits[0], np.int64(0), np.int64(0)
    filled, seen = np.uint64(0), np.int64(0)
    for i in range(len(words)):
        word = np.int64(words[i])
        kind = word >> 28
        is_event = kind - 2 >> 63  # all bits or none
        last = high
        high = (word & 0xFFFFFFF) if kind == 8 else high
        epoch += ((last - high) >> 27 > 0) * WRAP_US
        seen |= 1 << kind
        t = epoch + ((high << 6) | ((word >> 22) & 63))
        event = word >> 11 & 0x7FF | (word & 0x7FF) << Y | kind << P
        put(events, filled, t, event)  # is written over by the next one where this word is none
        signs |= t - before & is_event
        before ^= (before ^ t) & is_event
        met |= event + bias & is_event
        filled -= np.uint64(is_event)
    state[0], state[1] = epoch, high
    found[0], found[1] = filled, seen
    bits[1], bits[2] = signs, met


@partial(jit, inner=True)
def _decode_runs(words, events, state, found, bits):
    """The same for long runs of events: what a time word says is worked out once."""
    epoch, high = state[0], state[1]
    filled, seen = np.uint64(0), np.int64(0)
    base = epoch + (high << 6)
    before, bias, signs, met = base, bits[0], np.int64(0), np.int64(0)
    for i in range(len(words)):
        word = np.int64(words[i])
        kind = word >> 28
        if kind < 2:
            t = base + (word >> 22 & 63)
            event = word >> 11 & 0x7FF | (word & 0x7FF) << Y | kind << P
            put(events, filled, t, event)
            signs |= t - before
            before = t
            met |= event + bias
            filled += np.uint64(1)
        else:
            seen |= 1 << kind
            if kind == 8:
                last, high = high, word & 0xFFFFFFF
                epoch += ((last - high) >> 27 > 0) * WRAP_US
                base = epoch + (high << 6)
    state[0], state[1] = epoch, high
    found[0], found[1] = filled, seen
    bits[1], bits[2] = signs, met


@jit
def _decode(words, start, events, state, found, bits):
    """See `Evt.decode`. state: [epoch in µs, upper 28 bits of the time]."""
    stop = min(len(words), start + len(events) - SPARE)
    piece, others = words[start:stop], 0
    looked_at = min(len(piece), LOOKED_AT)
    for i in range(looked_at):
        others += piece[i] >= 2 << 28
    if others * RARE > looked_at:
        _decode_mixed(piece, events, state, found, bits)
    else:
        _decode_runs(piece, events, state, found, bits)
    return stop


def _kinds(words: np.ndarray, _state: np.ndarray) -> np.ndarray:
    return words >> 28


EVT2 = raw_format(
    Evt(
        name="EVT2",
        version="2",
        word=np.dtype("<u4"),
        known=(0, 1, 8, 10, 13, 14, 15),
        needed=(8,),
        most=1,
        state=(0, 0),
        clock_bits=34,
        decode=_decode,
        kinds=_kinds,
    ),
    "evt2",
)
