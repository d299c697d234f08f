"""The distance of firing rates against the area between two distribution functions, and against SciPy where it is."""

from itertools import pairwise

import numpy as np
import pytest

from tests.trainer.networks import lively_network, random_recordings
from trainer.data.batches import in_order
from trainer.measure.firing import distance, distances
from trainer.run.one_pass import evaluate
from trainer.settings.passes import Integer, Spike


def area(a, b):
    """Between the two step functions, piece by piece."""
    places = sorted({*a, *b})
    total = 0.0
    for low, high in pairwise(places):
        below = [sum(x <= low for x in rates) / len(rates) for rates in (a, b)]
        total += abs(below[0] - below[1]) * (high - low)
    return total


def pairs():
    rng = np.random.default_rng(4)
    yield np.array([0.0, 0.5]), np.array([0.5, 0.0])
    yield np.array([0.2]), np.array([0.7])
    for n in (1, 3, 17, 40):
        yield rng.random(n), rng.random(n) ** 2
        yield rng.integers(0, 4, n) / 4, rng.integers(0, 4, n) / 4


def test_it_is_the_area_between_the_distributions():
    for a, b in pairs():
        assert distance(a, b) == pytest.approx(area(list(a), list(b)), abs=1e-12)
        assert distance(a, b) == distance(b, a)
        assert distance(a, a[::-1].copy()) == 0.0
    assert distance(np.array([0.2]), np.array([0.7])) == pytest.approx(0.5)


def test_it_is_scipys():
    stats = pytest.importorskip("scipy.stats")
    for a, b in pairs():
        assert distance(a, b) == pytest.approx(stats.wasserstein_distance(a, b), abs=1e-12)


def test_rates_of_neurons_are_those_of_the_pass():
    """Each neuron's own, over batches; and a pass that fires alike lies at 0."""
    binned = random_recordings(2, 7, 4, 8, cap=2)
    network = lively_network("4c3p1-or2-fc6-rec5-out", binned, 0)
    hard = Spike("hard")
    found = evaluate(network, binned, hard, batch_size=3)
    seen = {}
    x, _ = next(in_order(binned, 7, "cpu"))
    network(x, hard, see=lambda layer, _, out: seen.update({layer: out.detach()}))
    spiking = [layer for layer in network.weighted() if layer.spiking]
    assert len(found.neuron_rates) == len(spiking) == 3
    for layer, rates, mean in zip(spiking, found.neuron_rates, found.firing_rates, strict=True):
        np.testing.assert_allclose(rates, seen[layer].double().mean((0, 1)).flatten().numpy(), rtol=1e-12)
        assert rates.mean() == pytest.approx(mean)
    assert distances(found.neuron_rates, found.neuron_rates) == [0.0, 0.0, 0.0]
    two = evaluate(network, binned, Integer((2, 2, 2, 2), hard))
    assert all(0 < each <= 1 for each in distances(two.neuron_rates, found.neuron_rates))
