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

import numpy as np

from edge_sast.formats.prophesee.bits import lowest_bit
from edge_sast.formats.prophesee.evt3_writer import write_evt3
from edge_sast.formats.prophesee.raw import raw_format
from edge_sast.formats.prophesee.words import Evt
from edge_sast.jit import jit

MOST = 32  # events in a group of three vectors
WRAP_US = 1 << 24


@jit
def _decode(words, start, events, state, found):
    """See `Evt.decode`.

    state: int64[18]: epoch in µs, then what the last word of kind k - 1 said, then how far x is from where the
    vectors begin. A store by kind and loads of what an event needs take no branch: kinds cannot be foreseen.
    """
    epoch, ahead, said = state[0], state[17], state[1:17]
    filled, seen = 0, np.int64(0)
    place, last = start, len(events) - MOST
    while place < len(words) and filled <= last:
        kind, rest = np.int64(words[place]) >> 12, np.int64(words[place]) & 0xFFF
        place += 1
        seen |= 1 << kind
        if kind >> 1 == 2:
            mask, width = (rest, 12) if kind == 4 else (rest & 0xFF, 8)
            # Cameras send vectors as 12 + 12 + 8: as one they cost one wrong guess of where they end, not three.
            if kind == 4 and place + 1 < len(words):
                second, third = np.int64(words[place]), np.int64(words[place + 1])
                if second >> 12 == 4 and third >> 12 == 5:
                    mask |= (second & 0xFFF) << 12 | (third & 0xFF) << 24
                    place, width, seen = place + 2, 32, seen | 1 << 5
            t, x = epoch + (said[8] << 12 | said[6]), (said[3] & 0x7FF) + ahead
            y, p = said[0] & 0x7FF, said[3] >> 11
            while mask:
                event = events[filled]
                event.t = t
                event.x = x + lowest_bit(mask)
                event.y = y
                event.p = p
                filled += 1
                mask &= mask - 1
            ahead += width
        else:
            if kind == 8 and rest != said[8]:
                epoch += (said[8] - rest >= 2048) * WRAP_US
                said[6] = 0
            said[kind] = rest
            ahead = 0 if kind == 3 else ahead
            event = events[filled]  # is written over by the next one where this word is none
            event.t = epoch + (said[8] << 12 | said[6])
            event.x = rest & 0x7FF
            event.y = said[0] & 0x7FF
            event.p = rest >> 11
            filled += kind == 2
    state[0], state[17] = epoch, ahead
    found[0], found[1] = filled, seen
    return place


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
        state=(0,) * 18,
        clock_bits=24,
        decode=_decode,
        kinds=_kinds,
    ),
    "evt3",
    write=write_evt3,
)
