"""Thresholds balanced from recordings, without labels, after training.

A network trained with smooth spikes fires at other rates once the step is hard. Layer by layer from the input on,
each channel's threshold is multiplied by the factor at which its hard neurons, fed by the layers already balanced,
fire as often as the smooth neurons of the untouched network do (mean over recordings, steps and positions): balancing
in the sense of Diehl et al. 2015 and Sengupta et al. 2019 (arXiv 1802.02627), with the smooth network's rate instead
of a ReLU's as the aim. The rate falls as the threshold grows, so that the factor is found by bisection. A threshold
is folded into weights and bias (trainer/network/neurons.py): the device sees nothing of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from edge_sast.events.binned import BinnedEvents
from trainer.data.batches import in_order
from trainer.network.layers import Weighted
from trainer.network.network import Network
from trainer.settings.passes import Spike

LEAST, MOST = 0.25, 4.0  # of the factor
HALVINGS = 12  # of the bracket, in octaves: 4 octaves end within 0.1 %


@dataclass(frozen=True)
class Balance:
    """One layer: its name, the rates aimed at, found before and reached, and the smallest and largest factor."""

    layer: str
    aim: float
    before: float
    after: float
    least: float
    most: float


def calibrate(network: Network, binned: BinnedEvents, smooth: Spike, hard: Spike) -> list[Balance]:
    """Move the thresholds of every spiking layer of `network`, in place; the recordings' labels are not read.

    All recordings are held at once, [T, N, 2, H, W] float32: some hundreds are enough.
    """
    network.eval()
    x = torch.cat([batch for batch, _ in in_order(binned, 100, "cpu")], 1)
    aims: dict[Weighted, Tensor] = {}
    with torch.no_grad():
        network(x, smooth, see=lambda layer, _, out: aims.update({layer: _rates(out)}))
        return _balance(network, x, hard, aims)


def _balance(network: Network, x: Tensor, hard: Spike, aims: dict[Weighted, Tensor]) -> list[Balance]:
    report = []
    for layer in network.layers:
        if not isinstance(layer, Weighted):
            x = layer(x)
        elif layer.neurons is not None:
            before = _rates(layer(x, hard))
            factor = _factors(layer, x, hard, aims[layer])
            layer.neurons.threshold.mul_(factor)
            x = layer(x, hard)
            aim, found, reached = (float(r.mean()) for r in (aims[layer], before, _rates(x)))
            report.append(Balance(layer.name, aim, found, reached, float(factor.min()), float(factor.max())))
    return report


def _factors(layer: Weighted, x: Tensor, hard: Spike, aim: Tensor) -> Tensor:
    """Factors [C] of the thresholds at which each channel's rate is `aim`; channels are independent of each other."""
    assert layer.neurons is not None
    own = layer.neurons.threshold.clone()
    low, high = torch.full_like(aim, LEAST).log2(), torch.full_like(aim, MOST).log2()
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        layer.neurons.threshold.copy_(own * middle.exp2())
        too_many = _rates(layer(x, hard)) > aim
        low, high = torch.where(too_many, middle, low), torch.where(too_many, high, middle)
    layer.neurons.threshold.copy_(own)
    return ((low + high) / 2).exp2()


def _rates(spikes: Tensor) -> Tensor:
    """Mean of [T, B, C, ...] per channel, [C]."""
    return spikes.flatten(3).mean((0, 1, 3)) if spikes.dim() > 3 else spikes.mean((0, 1))
