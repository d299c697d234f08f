"""Packed weight tables: layout by hand, and there and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from firmware_gen.c_plan.packing import container_bits, pack_rows, row_bytes


def unpack_rows(packed: np.ndarray, bits: int, n: int) -> np.ndarray:
    """The int8 [..., n] that pack_rows packed."""
    container = container_bits(bits)
    shifts = container * np.arange(8 // container, dtype=np.uint8)
    lanes = (packed[..., None] >> shifts).reshape(*packed.shape[:-1], -1)[..., :n]
    if bits == 1:
        return 2 * (lanes & 1).view(np.int8) - 1
    # Move each value's sign bit to bit 7 and shift back, so that int8's arithmetic shift extends it.
    return (lanes << (8 - container)).astype(np.uint8).view(np.int8) >> (8 - container)


def test_containers():
    assert [container_bits(bits) for bits in range(1, 9)] == [1, 2, 4, 4, 8, 8, 8, 8]


@pytest.mark.parametrize(
    ("bits", "row", "packed"),
    [
        (1, [1, -1, -1, 1, 1, 1, -1, -1, 1], [0b00_11_10_01, 0b00_00_00_01]),
        (1, [-1, -1], [0]),
        (2, [1, -1, -2, 1, 1], [0b01_10_11_01, 0b00_00_00_01]),
        (3, [3, -4, -1], [0xC3, 0x0F]),
        (4, [7, -8, -1], [0x87, 0x0F]),
        (5, [-16, 15], [0xF0, 0x0F]),
        (8, [-128, 127], [0x80, 0x7F]),
    ],
)
def test_layout_by_hand(bits, row, packed):
    assert pack_rows(np.array([row], np.int8), bits).tolist() == [packed]


@given(st.integers(1, 8), st.integers(1, 17), st.integers(0, 1 << 32))
def test_there_and_back(bits, n, seed):
    limit = 1 << (bits - 1)
    values = [-1, 1] if bits == 1 else np.arange(-limit, limit)
    weight = np.random.default_rng(seed).choice(values, (2, 3, n)).astype(np.int8)
    packed = pack_rows(weight, bits)
    assert (packed.dtype, packed.shape) == (np.uint8, (2, 3, row_bytes(bits, n)))
    unpacked = unpack_rows(packed, bits, n)
    assert unpacked.dtype == np.int8
    assert np.array_equal(unpacked, weight)


def test_refusals():
    with pytest.raises(EdgeSastError, match=r"^packing: bits is 9; it must be 1 to 8$"):
        container_bits(9)
    with pytest.raises(
        EdgeSastError, match=r"^packing: weights 0 to 2 do not fit 2 bits; quantise the layer again$"
    ):
        pack_rows(np.array([[0, 2]], np.int8), 2)
    with pytest.raises(
        EdgeSastError, match=r"^packing: weights -1 to 1 do not fit 1 bits; quantise the layer again$"
    ):
        pack_rows(np.array([[-1, 0, 1]], np.int8), 1)
