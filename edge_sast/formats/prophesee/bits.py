"""Places of the bits in a mask of pixels."""

from __future__ import annotations

from functools import partial

import numpy as np

from edge_sast.jit import jit

# All 32 cyclic windows of 5 bits are different: C. E. Leiserson et al., "Using de Bruijn Sequences to Index a 1 in a
# Computer Word", MIT, 1998.
_DE_BRUIJN = 0x077CB531
_PLACES = np.zeros(32, np.uint8)
_PLACES[[(_DE_BRUIJN << bit & 0xFFFFFFFF) >> 27 for bit in range(32)]] = range(32)


@partial(jit, inner=True)
def lowest_bit(mask):
    """Place of the lowest bit that is set in a mask of 32 bits, as int64; the mask is not 0."""
    return _PLACES[((mask & -mask) * _DE_BRUIJN & 0xFFFFFFFF) >> 27]
