"""Accumulator bounds against hand-worked sums and against the inputs that reach them."""

import re

import numpy as np
import pytest
from hypothesis import given, settings

from edge_sast.errors import EdgeSastError
from edge_sast.model.bounds import AccumulatorBound, accumulator_bound, max_synops
from edge_sast.model.layers import Conv2d, Linear, RecurrentLinear, Shape
from tests.model.test_layers import lif
from tests.oracle import oracle_run
from tests.strategies import models


def test_linear_by_hand():
    layer = Linear(np.array([[3, -4], [2, 1]]), 4, lif(bias=np.array([7, -9])), weight_shift=1)
    # Channel 0: -128 to 127 + 2*3*(3 + 2) + 7; channel 1: -128 - 2*3*4 - 9 to 127 + 2*3*1.
    assert accumulator_bound(layer, 3) == AccumulatorBound(-161, 164, 16)


def test_recurrent_by_hand():
    layer = RecurrentLinear(np.array([[3, 0]]), np.array([[-8, 0], [-8, 7]]), 4, lif())
    assert accumulator_bound(layer, 2) == AccumulatorBound(-128 - 16, 127 + 7, 16)


def test_conv_groups_by_hand():
    weight = np.array([[[[1], [-2]]]])  # two groups of one channel each
    assert accumulator_bound(Conv2d(weight, 4, lif(), groups=2), 1) == AccumulatorBound(-130, 128, 16)


@pytest.mark.parametrize(
    ("bias", "bits"), [(32767 - 127, 16), (32768 - 127, 32), (-32768 + 128, 16), (-32769 + 128, 32)]
)
def test_16_bits_end_where_they_end(bias, bits):
    layer = Linear(np.array([[0]]), 2, lif(1, bias=np.array([bias])))
    assert accumulator_bound(layer, 1).bits == bits


def test_refusal():
    layer = Linear(np.ones((2, 1), int), 2, lif(1, bias=np.array([2**31 - 1])))
    message = (
        "the accumulator needs -128 to 2147483776, more than 32 bits hold; "
        "lower state_bits, weight_shift, biases, the fan-in or the counts that come in (count_cap, sum_pool)"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        accumulator_bound(layer, 1)


@settings(max_examples=40, deadline=None)
@given(models())
def test_max_synops_is_reached_by_the_fullest_input(model):
    index, layer = model.weighted()[0]
    shape = model.shapes()[index]
    if any(type(each).__name__ in ("OrPool", "SumPool") for each in model.layers[:index]):
        return  # pools drop rows: the fullest input of the layer is not the fullest of the model
    full = np.full((1, model.binning.height, model.binning.width, 2), model.binning.count_cap)
    reached = oracle_run(model, full).steps[0].layers[0].synops
    own = layer.recurrent.size if isinstance(layer, RecurrentLinear) else 0
    assert reached == max_synops(layer, shape) - own


def test_max_synops_of_outputs_in_the_padding():
    layer = Conv2d(np.ones((3, 1, 2, 1), int), 2, lif(1), padding=(0, 2))
    assert max_synops(layer, Shape(3, 1, 2)) == 6
