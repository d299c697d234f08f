"""Importance of channels against finite differences of a gate, and which channels stay."""

from __future__ import annotations

import pytest
import torch

from tests.trainer.networks import lively_network, random_recordings
from trainer.data.batches import in_order
from trainer.gradients import losses
from trainer.measure.importance import importances, most_important
from trainer.settings.objective import Objective
from trainer.settings.passes import Spike

SMOOTH = Spike("smooth", "arctan", 2.0)


def gated_losses(network, x, labels, layer, channel, gate):
    """Losses [B] where a channel's spikes are multiplied: by its weights in the layer after."""
    after = network.weighted()[network.weighted().index(layer) + 1]
    before = after.weight.detach().clone()
    with torch.no_grad():
        if after.weight.dim() == 4:
            after.weight[:, channel] *= gate
        else:
            each = after.weight.shape[1] // layer.channels
            after.weight[:, channel * each : (channel + 1) * each] *= gate
        output = network(x, SMOOTH)
        found = losses.per_recording(Objective(), output.logits, None, labels)
        after.weight.copy_(before)
    return found.double()


@pytest.mark.parametrize("arch", ["3c3p1-4c3p1-out", "3c3p1-sum2-fc5-out"])
def test_it_is_the_square_of_what_a_gate_changes(arch):
    binned = random_recordings(2, 6, 3, 6)
    network = lively_network(arch, binned, 4)
    x, labels = next(in_order(binned, 6, "cpu"))
    found = importances(network, binned, SMOOTH, Objective())
    step = 0.02  # of float32
    for place, layer in enumerate(network.weighted()[:-1]):
        for channel in range(layer.channels):
            up, down = (gated_losses(network, x, labels, layer, channel, 1 + sign * step) for sign in (1, -1))
            wanted = ((up - down) / (2 * step)).square().mean()
            assert float(found[place][channel]) == pytest.approx(float(wanted), rel=0.05, abs=1e-6)
    assert float(found[-1].sum()) == 0


def test_the_least_important_go_and_what_is_left_is_whole_quads():
    found = [torch.arange(16.0), torch.arange(12.0), torch.tensor([3.0, 1, 2, 5, 4, 9, 8, 7]), torch.zeros(3)]
    kept = most_important(found, [False, False, False, True], 0.3)
    assert [None if each is None else each.tolist() for each in kept] == [
        list(range(4, 16)),
        None,
        None,
        None,
    ]
    kept = most_important(found, [False, True, False, True], 0.5)
    assert [None if each is None else each.tolist() for each in kept] == [
        list(range(8, 16)),
        None,
        [3, 5, 6, 7],
        None,
    ]


def test_of_equal_channels_the_first_stay():
    assert most_important([torch.zeros(8)], [False], 0.5)[0].tolist() == [0, 1, 2, 3]


def test_a_layer_keeps_a_quad_at_least():
    assert most_important([torch.arange(20.0)], [False], 0.99)[0].tolist() == [16, 17, 18, 19]
