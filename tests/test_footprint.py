"""The figures users see before flashing equal what the generated C takes."""

import numpy as np
from hypothesis import given, settings

from edge_sast.data.binning import Binning
from edge_sast.footprint import LayerFootprint, footprint
from edge_sast.layers import Conv2d, Flatten, Integrator, Lif, Linear, OrPool
from edge_sast.model import Model
from firmware_gen.c_memory import memory
from firmware_gen.c_model import table_bytes
from tests.strategies import models


@settings(max_examples=100, deadline=None)
@given(models())
def test_footprint_equals_generated_c(model):
    found = footprint(model)
    assert found.flash_bytes == table_bytes(model)
    assert found.ram_bytes == memory(model).bytes


def test_footprint_by_hand():
    three, two = np.array([1, 1, 1]), np.array([0, 0])
    lif = Lif(three, three, three, (1,), "zero", 16)
    conv = Conv2d(np.ones((3, 3, 2, 3), np.int8), 2, lif, padding=(1, 1))
    linear = Linear(np.ones((12, 2), np.int8), 3, Integrator(two, two, (), 20))
    model = Model(Binning(5, 4, 0, 1000, 2, 1), (conv, OrPool(2), Flatten(), linear), ("a", "b"))
    found = footprint(model)
    assert found.layers == (
        LayerFootprint(3 * 3 * 2 * 1 + 3 * 12 + 4 * (4 + 5), 4 * 5 * 3 * 4 + 24),
        LayerFootprint(4 * (4 + 5), 2),
        LayerFootprint(0, 0),
        LayerFootprint(12 * 1 + 2 * 8, 2 * 4 + 24),
    )
    assert (found.input_bytes, found.output_bytes) == (5, 8)
    assert found.ram_bytes == 312  # 264 + 2 + 32 + 5 + 8 = 311, padded to a multiple of 8
