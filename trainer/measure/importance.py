"""Which channels of a layer matter: the first-order Taylor estimate of what their removal costs the loss.

    I_c = mean over recordings of (Σ over t and places of s_c·∂L/∂s_c)²

Molchanov et al. 2019 (Importance Estimation for Neural Network Pruning, arXiv 1906.10771), equation 8, with a gate at
each output channel: the square of by how much the loss changes to first order where its spikes s are set to zero. L is
the loss of the run, in the pass of hard float spikes, whose gradient is the surrogate's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from edge_sast.events.binned import BinnedEvents
from trainer.data.batches import in_order
from trainer.gradients import losses
from trainer.network.layers import Weighted
from trainer.network.network import Network
from trainer.network.pruned import Kept
from trainer.settings.objective import Objective
from trainer.settings.passes import Pass

PROBED = 512  # recordings, spread over all
QUAD = 4  # channels that the C adds at once: docs/kernels.md


def importances(
    network: Network,
    binned: BinnedEvents,
    how: Pass,
    objective: Objective,
    device: str = "cpu",
    batch_size: int = 64,
) -> list[Tensor]:
    """I_c [C], float64, of each weighted layer; zeros of one that does not spike."""
    few = binned.select(np.unique(np.linspace(0, len(binned) - 1, PROBED).astype(int)))
    network.eval()
    sums = {layer: torch.zeros(layer.channels, dtype=torch.float64) for layer in network.weighted()}
    given: dict[Weighted, Tensor] = {}

    def see(layer: Weighted, _: Tensor, spikes: Tensor) -> None:
        if layer.spiking:
            spikes.retain_grad()
            given[layer] = spikes

    for x, labels in in_order(few, batch_size, device):
        output = network(x, how, objective.per_step, see=see)
        network.zero_grad(set_to_none=True)
        losses.per_recording(objective, output.logits, output.steps, labels).sum().backward()
        for layer, spikes in given.items():
            if spikes.grad is not None:
                change = (
                    (spikes.detach() * spikes.grad).flatten(3).sum(3)
                    if spikes.dim() == 5
                    else (spikes.detach() * spikes.grad)
                )
                sums[layer] += change.sum(0).double().square().sum(0).cpu()
    network.zero_grad(set_to_none=True)
    return [total / len(few) for total in sums.values()]


def most_important(found: Sequence[Tensor], whole: Sequence[bool], fraction: float) -> Kept:
    """The channels that each layer keeps when the least important `fraction` of them goes.

    whole: layers that keep all. What a layer keeps is rounded up to a multiple of QUAD, since a part of a quad costs
    the device what a whole one does. Of equal channels the first stay.
    """
    kept: Kept = []
    for each, stays in zip(found, whole, strict=True):
        count = len(each)
        left = min(count, -(-math.ceil(count * (1 - fraction) - 1e-9) // QUAD) * QUAD)
        if stays or left == count:
            kept.append(None)
            continue
        order = torch.argsort(each, descending=True, stable=True)[:left]
        kept.append(order.sort().values)
    return kept
