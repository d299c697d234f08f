"""The steps of a layer's neurons once more, one at a time, to take derivatives of each."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from trainer.network.layers import Weighted
from trainer.operations.lif import Step
from trainer.settings.passes import Spike


def walk(
    layer: Weighted, arrived: Tensor, spikes: Tensor, how: Spike
) -> Iterator[tuple[Step, Tensor, Tensor]]:
    """Of each step t: the step as a function of (v[t−1], I[t]), and these two, [B, C, ...], without history.

    The layer is fed with what it was fed, `arrived` [T, B, ...]; the recurrent part comes from the known `spikes`.
    """
    assert layer.neurons is not None
    with torch.no_grad():
        current = layer.normalised(layer.connected(arrived).float())
        if layer.recurrent is not None:
            weight = layer.folded()[1]
            assert weight is not None
            fed_back = functional.linear(spikes[:-1], weight)
            current = torch.cat([current[:1], current[1:] + fed_back])
    tau = layer.tau()[0].detach()
    start = layer.neurons.starts(layer.channels)
    v = torch.zeros_like(current[0])
    if start is not None:
        v = v + start.view(1, -1, *([1] * (v.dim() - 2)))
    for beta, now in zip(layer_slopes(layer, how), current, strict=True):
        step = layer.stepper_at(beta, tau, how)
        yield step, v, now
        with torch.no_grad():
            v = step(v, now)[1]


@torch.no_grad()
def layer_slopes(layer: Weighted, how: Spike) -> Tensor:
    """β of a layer at each step, [T]."""
    slope = layer.slope(how, layer.tau()[0])
    return torch.tensor(how.beta).expand(layer.steps) if slope is None else slope.expand(layer.steps)
