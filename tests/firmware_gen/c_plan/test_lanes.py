"""Offsets of narrow layers: all that the sweep relies on, for random models, and some by hand."""

import numpy as np
import pytest
from hypothesis import given, settings

from edge_sast.model.arithmetic import leak
from edge_sast.model.bounds import accumulator_bound
from edge_sast.model.layers import Lif, Linear, Shape
from firmware_gen.c_plan.lanes import Lanes, constants, lanes, narrow_shifts
from firmware_gen.c_plan.layout import layout
from tests.strategies import models

SHAPE = Shape(1, 1, 6)


@settings(max_examples=100, deadline=None)
@given(models())
def test_lanes_hold_what_the_sweep_needs(model):
    """docs/kernels.md: no sum leaves 16 bits, whatever is quiet neither spikes nor is clipped, and is stored leaked."""
    shapes = model.shapes()
    for index, layer in model.weighted():
        neuron = layer.neuron
        if not layout(layer, shapes[index], shapes[index + 1]).narrow or not isinstance(neuron, Lif):
            continue
        chosen, bound = lanes(layer, shapes[index]), accumulator_bound(layer, shapes[index].max_count)
        shifts, low, top = narrow_shifts(neuron), -(1 << neuron.state_bits - 1), 1 << chosen.quiet_bits
        added = constants(neuron, chosen.offsets)
        rows = zip(neuron.bias.tolist(), neuron.threshold.tolist(), chosen.offsets, added, strict=True)
        for bias, threshold, offset, constant in rows:
            assert bound.low + offset >= -32768
            assert bound.high + offset <= 32767
            assert threshold + offset >= top
            assert offset + low <= 0
            for y in {0, 1, top // 2, top - 1}:
                stored = y - sum(y >> k for k in shifts) + constant
                assert stored == leak(y - offset, *neuron.leak_shifts) + bias + offset
                assert -32768 <= stored <= 32767
                assert stored >= 0 or not chosen.known
            assert -32768 <= constant - sum(chosen.masks(shifts)) <= 32767
            if chosen.near and len(shifts) == 1:
                assert (threshold + offset - 1) >> shifts[0] & ~chosen.masks(shifts)[0] == 0
        if chosen.known:
            assert len(shifts) == 1
            assert chosen.quiet_bits + shifts[0] <= 16


def at_the_bound() -> Linear:
    """A bias that leaves no room for offsets, so that the lowest threshold leaves three quiet bits; a leak of five."""
    neuron = Lif([10, 39, 39], [0, 0, 32767 - 511], [0, 0, 0], (5,), "zero", 10)
    return Linear(np.array([[0, 36, 0]] + [[0, 0, 0]] * 5, np.int8), 8, neuron)


def test_a_mask_holds_all_bits_of_what_is_loud_and_does_not_spike():
    chosen = lanes(at_the_bound(), SHAPE)
    assert chosen == Lanes(3, (0, 0, 0), False)
    assert chosen.masks((5,)) == (1,)  # of a neuron at 32 to 38


def linear(thresholds, leaks=(3,), bits=14, bias=0) -> Linear:
    n = len(thresholds)
    neuron = Lif(thresholds, [bias] * n, [0] * n, leaks, "zero", bits)
    return Linear(np.ones((6, n), np.int8), 8, neuron)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (linear([100, 512]), Lanes(13, (8096, 7680), True)),  # at 8,196 and 8,192
        (linear([100], bits=9), Lanes(8, (160,), False)),  # at 260: as many bits as the state's negative half
        (linear([100], leaks=()), Lanes(13, (8092,), False)),
        (linear([100], leaks=(1, 3)), Lanes(13, (8096,), False)),
        (linear([100], leaks=(6,)), Lanes(10, (960,), True)),  # the shift leaves 10 bits of quiet
        (linear([300], leaks=(6,)), Lanes(13, (7936,), False)),  # which these thresholds find too few
        (linear([100], bias=-2000), Lanes(13, (8096,), False)),  # what is stored may be negative
        (linear([8000]), Lanes(13, (192,), False)),
    ],
)
def test_offsets_by_hand(layer, expected):
    assert lanes(layer, SHAPE) == expected
