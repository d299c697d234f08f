"""What a pass costs by prices: against loops in plain Python, and in integers against the estimate of the C's work."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.model.prices import LayerPrices, Prices
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.estimate.counted import counted
from firmware_gen.estimate.prices import estimate, prices_of, stored_costs
from tests.trainer.networks import CLASSES, lively_network, random_recordings
from trainer.data.batches import in_order
from trainer.gradients import online
from trainer.gradients.losses import Penalty
from trainer.network.costs import Priced, firing_blocks
from trainer.network.to_integers import export
from trainer.settings.neuron import NeuronSettings
from trainer.settings.objective import Objective
from trainer.settings.passes import Integer, Spike

HARD = Spike("hard", "arctan", 5.0)
ARCHS = (
    "8c3p1-or2-6c3p1-out",
    "6c3s2p1-sum2-fc12-out",
    "sum2-rec12-out",
    "or2-8c3p1-4c3p1g2-count",
    "fc9-fc16-out",
    "4c3p1-4c3p1r-or2-rec10-out",
)


def priced_of(network, binned, bits):
    model = export(network, binned.binning, CLASSES, bits, "test")
    return model, prices_of(model, binned)


@settings(max_examples=25, deadline=None)
@given(
    arch=st.sampled_from(ARCHS),
    seed=st.integers(0, 10_000),
    bits=st.sampled_from([8, 4, 2]),
    reset=st.sampled_from(["zero", "subtract"]),
    leak=st.sampled_from(["3", "2,4", "none"]),
    cap=st.sampled_from([1, 3]),
)
def test_of_integers_it_is_the_estimate_of_the_devices_work(arch, seed, bits, reset, leak, cap):
    binned = random_recordings(seed, 3, 4, 8, cap)
    network = lively_network(arch, binned, seed, neuron=NeuronSettings(reset, leak))
    widths = (bits,) * len(network.weighted())
    model, prices = priced_of(network, binned, widths)
    wanted = estimate(counted(CPlan(model), binned).exact, stored_costs()) / len(binned)
    x, _ = next(in_order(binned, len(binned), "cpu"))
    with torch.no_grad():
        got = network(x, Integer(widths, HARD), priced=Priced(prices)).instructions
    assert float(got) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("how", [HARD, Spike("smooth", "arctan", 2.0)])
def test_every_spike_has_its_price_and_its_gradient(how):
    """Prices that are made up; the spikes of a pass, one by one."""
    binned = random_recordings(4, 3, 5, 8)
    network = lively_network("6c3p1-or2-4c3p1-out", binned, 2)
    rng = np.random.default_rng(0)
    prices = Prices(
        7.0,
        (
            LayerPrices(rng.random((8, 8)), 2.0, 0.0, 3.0, 8),
            LayerPrices(rng.random((8, 8))),
            LayerPrices(rng.random((4, 4)), 5.0, 0.0, 1.5, 4),
            LayerPrices(rng.random((1, 1))),
        ),
    )
    seen = []
    x, _ = next(in_order(binned, 3, "cpu"))
    network(x, how, see=lambda _, *both: seen.append([each.detach() for each in both]))
    wanted = 5 * 7.0
    raw = [x, seen[0][1], seen[1][0], seen[2][0]]  # what arrives at each layer, pools too
    for index, (arrived, layer) in enumerate(zip(raw, prices.layers, strict=True)):
        price = np.broadcast_to(layer.arrived, arrived.shape[3:]) if index < 3 else layer.arrived[0, 0]
        wanted += float((arrived.numpy() * price).sum()) / 3
    for (_, given_), layer, lanes in ((seen[0], prices.layers[0], 8), (seen[1], prices.layers[2], 4)):
        spikes = np.moveaxis(given_.numpy(), 2, -1)
        padded = np.zeros((*spikes.shape[:-1], lanes), np.float32)
        padded[..., : spikes.shape[-1]] = spikes
        blocks = padded.reshape(5, 3, -1, 8).max(axis=3).sum()
        wanted += float(layer.fired * spikes.sum() + layer.block * blocks) / 3
    got = network(x, how, priced=Priced(prices)).instructions
    assert float(got.detach()) == pytest.approx(wanted, rel=1e-5)
    got.backward()
    assert all(layer.weight.grad.abs().sum() > 0 for layer in network.weighted() if layer.spiking)


def test_a_layer_hands_itself_all_but_the_last_steps_spikes():
    spikes = torch.zeros(4, 2, 3)
    spikes[0, 0, 1] = spikes[3, 1, 2] = 1
    prices = Prices(0.0, (LayerPrices(np.zeros((1, 1)), 0.0, 10.0, 0.0, 4),))
    assert float(Priced(prices).spent(0, torch.zeros(4, 2, 5), spikes)) == 10.0 / 2


def test_blocks_of_spikes_that_are_numbers_count_their_largest():
    spikes = torch.zeros(1, 1, 12)
    spikes[0, 0, :3] = torch.tensor([0.2, 0.7, 0.1])
    spikes[0, 0, 9] = 0.5
    assert float(firing_blocks(spikes, LayerPrices(np.zeros((1, 1)), lanes=12))) == pytest.approx(1.2)


def test_online_training_counts_what_the_whole_pass_does():
    binned = random_recordings(4, 5, 6, 8, cap=2)
    network = lively_network("4c3p1-or2-fc8-out", binned, 2)
    _, prices = priced_of(network, binned, (8, 8, 8))
    priced = Priced(prices)
    batch = next(in_order(binned, 5, "cpu"))
    objective = Objective("tet", 0.0, instructions_target=1000.0)
    _, output = online.gradient(network, batch, HARD, objective, Penalty(objective), priced)
    whole = network(batch[0], HARD, priced=priced)
    torch.testing.assert_close(output.instructions, whole.instructions.detach())
    assert output.synops is None
    assert output.spent is output.instructions
