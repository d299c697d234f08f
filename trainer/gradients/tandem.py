"""Progressive tandem learning (Wu et al. 2020, arXiv 2007.01204).

A dense network of rectified linear units is turned into a spiking one layer by layer, from the input on. Both have the
same weights. With r the rate of a layer's inputs (of a recording's counts, the mean over its time steps),

    a = max(0, BN(W·r + b))/ϑ       the dense twin of a layer, in thresholds
    I[t] = BN(W·s[t] + b)/ϑ         the current of its neurons, without leak, reset by subtraction, 0 at first

so that the mean current is what the twin rectifies, and the rate of the spikes comes near a as long as that is below 1.
A layer that is not converted yet passes a on. A converted one passes the rate of its spikes on, with the gradient of a.
In a stage the layer that was converted last learns so, those after it learn as a dense network, those before it are
held. Gradients need one time step, however many there are.

At its conversion ϑ is set to the activation that SHARE of a batch's do not exceed, and the weights after it, which then
see less, are multiplied by the same. The twin's batch norm takes the moments of r, the spikes take its running
statistics, as they will when they are judged.

What differs from the authors' code (github.com/deepspike/progressive_tandem_learning): there a layer is converted when
the validation accuracy has not risen for six epochs; here stages are of equal length, as nothing is chosen on the
recordings that watch. There each layer but the first is held from its conversion on, and no weights are multiplied.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainer.gradients.substitute import TakesGradientOf
from trainer.network.layers import Pool, Weighted
from trainer.network.network import Network, Output
from trainer.network.neurons import SMALLEST
from trainer.settings.passes import Spike

SHARE = 0.999


def forward(network: Network, x: Tensor, how: Spike, converted: int) -> Output:
    """Logits of counts [T, B, 2, H, W], and what each layer passes on, as a mean. `converted` layers spike."""
    value, spikes = x.mean(0), x  # [B, ...], [T, B, ...]
    rates: list[Tensor] = []
    for layer in network.layers:
        if isinstance(layer, Pool):
            value, spikes = _pooled(layer, value, spikes, len(rates) <= converted)
        elif isinstance(layer, Weighted) and layer.spiking:
            value, spikes = _passed_on(layer, value, spikes, how, converted - len(rates))
            rates.append(value.mean())
        else:
            assert isinstance(layer, Weighted)
            logits = functional.linear(value.flatten(1), layer.weight, layer.bias)
    return Output(logits, rates)


def _pooled(pool: Pool, value: Tensor, spikes: Tensor, spiking: bool) -> tuple[Tensor, Tensor]:
    twin = pool(value[None])[0]
    if not spiking:
        return twin, spikes
    pooled = pool(spikes)
    return TakesGradientOf.apply(pooled.mean(0), twin), pooled


def _passed_on(
    layer: Weighted, value: Tensor, spikes: Tensor, how: Spike, left: int
) -> tuple[Tensor, Tensor]:
    """Value [B, C, ...] and spikes [T, B, C, ...] after a layer. left: converted layers from this one on; where there
    are none `spikes` has no meaning and stays.
    """
    if left > 1:
        fired = _spikes(layer, spikes, how)
        return fired.mean(0), fired
    twin = activation(layer, value)
    if left < 1:
        return twin, spikes
    fired = _spikes(layer, spikes, how)
    return TakesGradientOf.apply(fired.mean(0), twin), fired


def activation(layer: Weighted, value: Tensor) -> Tensor:
    """a [B, C, ...] of rates [B, ...]."""
    return functional.relu(layer.normalised(layer.connected(value[None])))[0]


@torch.no_grad()
def _spikes(layer: Weighted, x: Tensor, how: Spike) -> Tensor:
    with _judged(layer):
        return layer(x, how)


@contextlib.contextmanager
def _judged(module: nn.Module) -> Iterator[None]:
    """Batch norm with its running statistics, which stay where they are."""
    training = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(training)


@torch.no_grad()
def convert(network: Network, x: Tensor, how: Spike, place: int) -> None:
    """Set the threshold of a spiking layer, counted from 0, by counts [T, B, 2, H, W]; the layers before it spike."""
    layer, after = network.weighted()[place : place + 2]
    assert layer.neurons is not None
    with _judged(network):
        found = activation(layer, _arriving(network, x, how, place)).flatten()
    rank = 1 + round(SHARE * (found.numel() - 1))
    factor = found.kthvalue(rank).values.clamp_min(SMALLEST)
    layer.neurons.threshold.mul_(factor)
    after.weight.mul_(factor)


def _arriving(network: Network, x: Tensor, how: Spike, place: int) -> Tensor:
    """Rates [B, ...] of the inputs of a weighted layer, all layers before it spiking."""
    seen = 0
    for layer in network.layers:
        if isinstance(layer, Weighted):
            if seen == place:
                break
            seen += 1
            x = layer(x, how)
        else:
            x = layer(x)
    return x.mean(0)
