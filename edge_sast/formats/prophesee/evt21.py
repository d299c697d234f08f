"""EVT2.1 of Prophesee: words of 64 bits, in one of two byte orders.

| bits 63..60 | meaning | rest of the word |
|---|---|---|
| 0, 1 | up to 32 events, OFF or ON | 59..54 low time bits, 53..43 x, 42..32 y, 31..0: bit i is an event at x + i |
| 8 | time | 59..32 upper 28 bits of the time in µs |
| 10, 14, 15 | trigger, others, continued | left out |

Little-endian in a whole (GenX320), or "legacy": the upper 32 bits first, each half little-endian (IMX636). The header
says which; where it does not, only one of them makes sense of the words. The clock wraps as EVT2's.

Source: Prophesee, "EVT 2.1 Format", and the decoder of openeb 5.1.1.
"""

from __future__ import annotations

import numpy as np

from edge_sast.events.put import SPARE, P, Y, put
from edge_sast.formats.contract import State
from edge_sast.formats.prophesee.bits import count_bits, highest_bit, lowest_bit
from edge_sast.formats.prophesee.raw import raw_format
from edge_sast.formats.prophesee.structure import evt21_orders
from edge_sast.formats.prophesee.text import Text
from edge_sast.formats.prophesee.words import Evt
from edge_sast.jit import jit

MOST = 32
WRAP_US = 1 << 34
_TURNS = {"little": 0, "legacy": 32}


@jit
def _decode(words, start, events, state, found, bits):
    """See `Evt.decode`. state: [epoch in µs, 32 where the halves are exchanged else 0, upper 28 bits of the time]."""
    epoch, turn, high = state[0], np.uint64(state[1]), state[2]
    filled, seen = np.uint64(0), np.int64(0)
    before, bias, signs, met = epoch + (high << 6), bits[0], np.int64(0), np.int64(0)
    place, end, last = np.uint64(start), np.uint64(len(words)), np.uint64(len(events) - MOST - SPARE)
    while place < end and filled <= last:
        word = (words[place] >> turn) | (words[place] << turn)
        upper, mask = np.int64(word >> np.uint64(32)), np.int64(word & np.uint64(0xFFFFFFFF))
        kind = upper >> 28
        seen |= 1 << kind
        if kind <= 1:
            t = epoch + ((high << 6) | ((upper >> 22) & 63))
            event = upper >> 11 & 0x7FF | (upper & 0x7FF) << Y | kind << P
            signs |= t - before
            before = t
            met |= event + highest_bit(mask) + bias & (-count_bits(mask) >> 63)
            while mask:
                put(events, filled, t, event + lowest_bit(mask))
                filled += np.uint64(1)
                mask &= mask - 1
        elif kind == 8:
            time = upper & 0xFFFFFFF
            epoch += ((high - time) >> 27 > 0) * WRAP_US
            high = time
        place += np.uint64(1)
    state[0], state[2] = epoch, high
    found[0], found[1] = filled, seen
    bits[1], bits[2] = signs, met
    return place


def _kinds(words: np.ndarray, state: np.ndarray) -> np.ndarray:
    turn = np.uint64(state[1])
    return ((words >> turn) | (words << turn)) >> np.uint64(60)


def _turn(text: Text, words: bytes) -> tuple[State, str, str | None]:
    order, note = text.fields.get("endianness", "").lower(), None
    if order not in _TURNS:
        orders = evt21_orders(words)
        order = orders[0] if orders else "little"
        why = "as its words are" if len(orders) == 1 else "the usual one"
        note = f"the header says no byte order: {order}, {why}"
    return (0, _TURNS[order], 0), _ORDERS[order], note


_ORDERS = {"little": "little-endian", "legacy": "legacy: the upper half of a word first, each little-endian"}
EVT21 = raw_format(
    Evt(
        name="EVT2.1",
        version="2.1",
        word=np.dtype("<u8"),
        known=(0, 1, 8, 10, 14, 15),
        needed=(8,),
        most=MOST,
        state=(0, 0, 0),
        clock_bits=34,
        decode=_decode,
        kinds=_kinds,
    ),
    "evt21",
    _turn,
)
