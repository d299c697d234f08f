"""The figures users see before flashing equal what the generated C takes."""

import numpy as np
import pytest
from hypothesis import given, settings

from edge_sast.events.binning import Binning
from edge_sast.model.layers import Conv2d, Flatten, Integrator, Lif, Linear, OrPool
from edge_sast.model.model import Model
from firmware_gen.c_gen.memory import memory
from firmware_gen.c_gen.tables import layer_tables
from firmware_gen.c_plan.footprint import LayerFootprint, footprint
from firmware_gen.c_plan.plan import CPlan
from tests.firmware_gen.builds import smallest_read_out, with_idle_cells
from tests.strategies import models


@settings(max_examples=100, deadline=None)
@given(models())
def test_footprint_equals_generated_c(model):
    found = footprint(CPlan(model))
    assert found.flash_bytes == sum(
        table.bytes for layer in CPlan(model).layers for table in layer_tables(layer)
    )
    assert found.ram_bytes == memory(CPlan(model)).bytes


def test_the_smallest_memory_holds_what_a_kernel_loads():
    found = footprint(CPlan(smallest_read_out()))
    before = 2 * 24 + 2 * 4 + 4 * 4  # counters, outputs, membranes of the layer before
    assert (found.read_bytes, found.ram_bytes) == (before + 8 * 4, 104)  # its own and two bitmaps take 16


def test_footprint_by_hand():
    three, two = np.array([1, 1, 1]), np.array([0, 0])
    lif = Lif(three, three, three, (1,), "zero", 16)
    conv = Conv2d(np.ones((3, 3, 2, 3), np.int8), 2, lif, padding=(1, 1))
    linear = Linear(np.ones((12, 2), np.int8), 3, Integrator(two, two, (), 20))
    model = Model(Binning(5, 4, 0, 1000, 2, 1), (conv, OrPool(2), Flatten(), linear), ("a", "b"))
    found = footprint(CPlan(model))
    assert found.layers == (
        # 16 bits of state and any weight need 32: a word each of weights, and of membranes.
        LayerFootprint(3 * 3 * 2 * 4 + 3 * 12 + 16 * (4 + 5) + 20 * 4, 4 * 5 * 3 * 4 + 24),
        LayerFootprint(4 * (4 + 5), 4),
        LayerFootprint(0, 0),
        LayerFootprint(12 * 2 * 4 // 8 + 2 * 12, 2 * 4 + 24),  # weights bit after bit
    )
    assert (found.input_bytes, found.output_bytes) == (8, 8)
    assert found.ram_bytes == 320  # 264 + 4 + 32 + 8 + 8 = 316, padded to a multiple of 8


@pytest.mark.parametrize("idle_words", [0, 1 + 1 + 8])
def test_narrow_footprint_by_hand(monkeypatch, idle_words):
    """20 positions of three channels, padded to four: cells of 4 positions, 8 words, five of them and, if so few may
    have one, one that untouched ones share. One quad of 4 bits is half a word: it takes bytes, and its columns join,
    up to three."""
    three, two = np.array([1, 1, 1]), np.array([0, 0])
    lif = Lif(three, three, three, (1,), "zero", 12)
    conv = Conv2d(np.ones((3, 3, 2, 3), np.int8), 4, lif, 4, padding=(1, 1))
    linear = Linear(np.ones((12, 2), np.int8), 8, Integrator(two, two, (), 12))
    model = Model(Binning(5, 4, 0, 1000, 2, 2), (conv, OrPool(2), Flatten(), linear), ("a", "b"))
    if idle_words:
        with_idle_cells(monkeypatch)
    found = footprint(CPlan(model))
    assert found.layers == (
        LayerFootprint(3 * 3 * 2 * 4 + 20 * 8 + 16 * (4 + 5) + 20 * 4, 4 * (5 * 8 + idle_words) + 24),
        LayerFootprint(4 * (4 + 5), 4),
        LayerFootprint(0, 0),
        LayerFootprint(12 * 4 + 2 * 8 + 4 * 4, 4 * 4 + 24),
    )
    assert (found.input_bytes, found.output_bytes) == (40, 8)
