"""What membranes and sums can be, against what they are in random models: nothing lies outside."""

from __future__ import annotations

import numpy as np
import pytest

from edge_sast.exchange.states import reach, state_bits
from edge_sast.model.layers import Lif
from edge_sast.model.model import Model
from firmware_gen.step_bound.neurons import possible_sums
from tests.oracle import oracle_run
from tests.strategies import random_input, random_model


def check(model: Model, counts: np.ndarray) -> set[str]:
    """Whether each sum and membrane lies within; what of the ways of an amount was met."""
    result, shapes, met = oracle_run(model, counts), model.shapes(), set()
    for place, (index, layer) in enumerate(model.weighted()):
        channels = layer.neuron.channels
        sums = possible_sums(layer, shapes[index], model.binning.steps)
        span = reach(layer, shapes[index].max_count, model.binning.steps)
        for t, step in enumerate(result.steps):
            u = np.array(step.layers[place].sums).reshape(-1, channels)
            v = np.array(step.layers[place].membranes).reshape(-1, channels)
            assert (u >= sums.low).all()
            assert (u <= sums.high).all()
            assert span.low <= u.min()
            assert u.max() <= span.high
            if t + 1 < model.binning.steps:
                assert (v >= sums.smallest).all()
                assert (v <= sums.largest).all()
            if isinstance(layer.neuron, Lif) and layer.neuron.amount is not None:
                spiked = np.array(step.layers[place].spikes).reshape(-1, channels) > 0
                met |= {"negative"} if (v < 0)[spiked].any() else set()
                met |= {"at the threshold"} if (v >= layer.neuron.threshold)[spiked].any() else set()
    return met


@pytest.mark.parametrize("first", range(0, 120, 40))
def test_nothing_lies_outside(first):
    met: set[str] = set()
    for seed in range(first, first + 40):
        rng = np.random.default_rng(seed)
        model = random_model(rng)
        for _ in range(3):
            met |= check(model, random_input(rng, model))
    assert met == {"negative", "at the threshold"}


def test_an_amount_fits_its_state():
    """Above all else that a membrane can be, it takes bits of its own."""
    cell = Lif([3], [0], [0], (), "subtract", 20, np.array([500]))
    model = random_model(np.random.default_rng(0))
    span = reach(model.weighted()[0][1], 1, 1)
    assert state_bits(type(span)(-4, 3), cell) == 10
    assert state_bits(type(span)(-4, 3), Lif([3], [0], [0], (), "subtract", 20)) == 4
