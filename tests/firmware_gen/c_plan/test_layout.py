"""Packed quads and layouts by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_sast.model.layers import Integrator, Linear, Shape
from firmware_gen.c_plan.layout import Layout, layout, narrow_container, pack_narrow
from tests.model.test_layers import lif


@pytest.mark.parametrize(
    ("container", "shift", "row", "packed"),
    [
        (8, 0, [1, -2, 3, -4, 5], [0xFC_FE_03_01, 0x00_00_00_05]),
        (8, 1, [1, -2], [0x00_FC_00_02]),
        (4, 4, [1, -2, 3, -4, 5, 6, 7, -8], [0xC8_E6_37_15]),
        (4, 5, [-4, 0, 0, 3], [0x60_00_00_80]),
        (2, 6, [1, -2, 0, -1, 1], [0b11000000_10000000_00000000_01010000]),
        (1, 5, [1, -1, -1, 1, 1], [0x80_00_00_C0]),
    ],
)
def test_quads_by_hand(container, shift, row, packed):
    """Bytes of a quad: neurons 0, 2, 1, 3; of several in a word, the first one's bits on top of every byte."""
    found = pack_narrow(np.array([row], np.int8), container, shift)
    assert [f"{word:08X}" for word in found[0].tolist()] == [f"{word:08X}" for word in packed]


@given(st.sampled_from([(8, 0), (4, 4), (2, 6), (1, 5)]), st.integers(1, 40), st.integers(0, 1 << 32))
def test_quads_unpack_to_scaled_weights(form, n, seed):
    container, shift = form
    limit = 1 << (container - 1)
    values = [-1, 1] if container == 1 else np.arange(-limit, limit)
    weight = np.random.default_rng(seed).choice(values, n).astype(np.int8)
    words = pack_narrow(weight, container, shift)
    assert (words.dtype, words.shape) == (np.uint32, ((n + 3) // 4 * container + 7 >> 3,))
    for i, w in enumerate(weight.tolist()):
        quad, place = divmod(i, 4)
        byte = int(words[quad // (8 // container)]) >> (8 * [0, 2, 1, 3][place]) & 0xFF
        top = (byte << container * (quad % (8 // container)) & 0xFF) >> (8 - container) << (8 - container)
        unpacked = (32 if top else -32) if container == 1 else top - 256 * (top >> 7)
        assert unpacked == w << shift


def test_idle_words():
    """Cells of eight positions of two words: two are too few; 113 take a bit each, share 16 words, and are counted."""
    assert Layout(True, 8, 1, 1, 2, 8, 16, 2).idle_words == 0
    assert Layout(True, 8, 1, 1, 2, 8, 16, 63).idle_words == 0  # 504 positions
    assert Layout(True, 8, 1, 1, 2, 8, 16, 113).idle_words == 1 + 4 + 16
    assert Layout(False, 8, 1, 4, 4, 1, 4, 900).idle_words == 0


def test_layouts_by_hand():
    weight = np.ones((6, 5), np.int8)
    narrow = layout(Linear(weight, 4, lif(5), 4), Shape(1, 1, 6), Shape(1, 1, 5))
    assert narrow == Layout(True, 4, 1, 2, 4, 1, 4, 1)
    wide = layout(Linear(weight, 4, Integrator([0] * 5, [0] * 5, (), 20), 4), Shape(1, 1, 6), Shape(1, 1, 5))
    assert wide == Layout(False, 4, 4, 5, 5, 1, 5, 1, packed=True)  # 30 weights of 4 bits, four words


@pytest.mark.parametrize(
    ("bits", "shift", "largest", "container"),
    [
        (8, 0, 127, 8),
        (5, 3, 15, 8),
        (4, 4, 7, 4),
        (3, 5, 3, 4),
        (2, 6, 1, 2),
        (1, 5, 1, 1),
        (1, 0, 1, 8),
        (4, 5, 7, 0),
    ],
)
def test_containers(bits, shift, largest, container):
    assert narrow_container(Linear(np.array([[largest], [1]]), bits, lif(1), shift)) == container
