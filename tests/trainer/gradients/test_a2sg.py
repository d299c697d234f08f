"""A2SG's measures against their formulas, and the choice of a width."""

import itertools

import numpy as np
import pytest
import torch

from tests.trainer.networks import lively_network, random_recordings
from trainer.data.batches import in_order
from trainer.gradients.a2sg import GradientShape, adapt_widths, choose, gradient_shape, measure
from trainer.settings.neuron import NeuronSettings
from trainer.settings.passes import Spike


def test_measures_of_a_gradient():
    delta = np.random.default_rng(2).normal(size=(4, 3, 2))
    rows = delta.reshape(4, -1)
    pairs = [a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in itertools.pairwise(rows)]
    shape = gradient_shape(torch.tensor(delta))
    assert shape.variation == pytest.approx(rows[-1].var() / np.abs(rows[-1]).mean())
    assert shape.consistency == pytest.approx(np.mean(pairs))


def test_a_gradient_that_vanishes_has_measures():
    assert gradient_shape(torch.zeros(3, 4)) == GradientShape(0.0, 0.0)
    assert gradient_shape(torch.ones(1, 4)).consistency == 1.0


@pytest.mark.parametrize(
    ("narrow", "same", "wide", "wanted"),
    [
        ((1.0, 0.9), (2.0, 0.9), (3.0, 0.9), 0.8),
        ((1.0, 0.5), (2.0, 0.9), (1.5, 0.89), 1.25),  # the smallest variation is not consistent enough
        ((2.0, 0.9), (2.0, 0.9), (2.0, 0.9), 1.0),
    ],
)
def test_the_smallest_variation_that_is_consistent_enough(narrow, same, wide, wanted):
    candidates = dict(zip((0.8, 1.0, 1.25), (GradientShape(*c) for c in (narrow, same, wide)), strict=True))
    assert choose(candidates) == wanted


def test_widths_of_a_network_adapt_within_their_range_and_leave_it_else_untouched():
    binned = random_recordings(1, 8, 5, 8)
    network = lively_network("4c3p1-fc8-out", binned, 0, neuron=NeuronSettings(width="consistent"))
    x, labels = next(in_order(binned, 8, "cpu"))
    spike = Spike("hard", "asymmetric", 2.0)

    def loss():
        return torch.nn.functional.cross_entropy(network(x, spike).logits, labels)

    before = {name: t.clone() for name, t in network.state_dict().items()}
    shapes = measure(network, loss)
    assert [layer.name for layer in shapes][::-1] == ["layer 1 (4c3p1)", "layer 2 (fc8)"]
    assert all(shape.variation > 0 for shape in shapes.values())
    for _ in range(12):
        adapt_widths(network, loss)
    factors = {n: float(t) for n, t in network.state_dict().items() if n.endswith("factor")}
    assert all(0.25 <= f <= 4.0 for f in factors.values())
    assert any(f != 1.0 for f in factors.values())
    for name, tensor in network.state_dict().items():
        assert name.endswith("factor") or torch.equal(tensor, before[name]), name
    assert all(p.grad is None for p in network.parameters())
