"""Weight tables as devices store them: packed into bytes, row by row.

A weight of 1 bit takes 1, of 2 bits 2, of 3 or 4 bits 4, of 5 to 8 bits 8: its container. Values are in two's
complement, but for those of 1 bit, which has no zero: bit 0 is −1, bit 1 is +1. A row is the contiguous run of
weights over the last axis (the output channels of a group, or a layer's outputs). Every row starts on a byte;
value i of a row lies at bit (i·container mod 8) of byte (i·container div 8), least significant bits first;
unused bits of the last byte are 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_sast.errors import EdgeSastError
from edge_sast.model.layers import fits


def container_bits(bits: int) -> int:
    """Bits that one weight of `bits` (1 to 8) takes in a packed table: 1, 2, 4 or 8."""
    if not 1 <= bits <= 8:
        raise EdgeSastError(f"packing: bits is {bits}; it must be 1 to 8")
    return bits if bits <= 2 else 4 if bits <= 4 else 8


def row_bytes(bits: int, n: int) -> int:
    """Bytes of one packed row of n weights."""
    return (n * container_bits(bits) + 7) // 8


def pack_rows(weight: NDArray[np.int8], bits: int) -> NDArray[np.uint8]:
    """int8 [..., n] as uint8 [..., row_bytes(bits, n)].

    Raises EdgeSastError when a weight does not fit `bits`.
    """
    container = container_bits(bits)
    if not fits(weight, bits):
        raise EdgeSastError(
            f"packing: weights {weight.min()} to {weight.max()} do not fit {bits} bits; "
            "quantise the layer again"
        )
    per_byte = 8 // container
    n = weight.shape[-1]
    padded = np.zeros((*weight.shape[:-1], row_bytes(bits, n) * per_byte), np.uint8)
    padded[..., :n] = weight > 0 if bits == 1 else weight.view(np.uint8) & ((1 << container) - 1)
    lanes = padded.reshape(*weight.shape[:-1], -1, per_byte) << (
        container * np.arange(per_byte, dtype=np.uint8)
    )
    packed: NDArray[np.uint8] = np.bitwise_or.reduce(lanes, axis=-1)
    return packed
