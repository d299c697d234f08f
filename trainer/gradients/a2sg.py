"""Surrogate widths that adapt to the gradients they make (A2SG, arXiv 2606.11236).

With δ[t] = dL/du[t] of a layer:

    SGV = Var(δ[T]) / mean|δ[T]|                    spatial gradient variation, small is good
    TC  = mean_t cos(δ[t], δ[t+1])                  temporal consistency, large is good

Between epochs each layer's slope β is multiplied by 1/STRIDE, 1 or STRIDE: the candidate of the smallest SGV among
those whose TC is not more than SLACK below the present one's. A candidate is measured on one batch with all layers
moved alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from trainer.network.layers import Weighted
from trainer.network.network import Network

STRIDE = 1.25
SLACK = 0.02
LEAST, MOST = 0.25, 4.0  # of the factor


@dataclass(frozen=True)
class GradientShape:
    """SGV and TC of one layer."""

    variation: float
    consistency: float


def gradient_shape(delta: Tensor) -> GradientShape:
    """SGV and TC of dL/du [T, B, ...]; a gradient that vanishes has no variation and no consistency."""
    last = delta[-1]
    size = float(last.abs().mean())
    variation = float(last.var(correction=0)) / size if size > 0 else 0.0
    rows = delta.flatten(1)
    pairs = functional.cosine_similarity(rows[:-1], rows[1:], dim=1)
    return GradientShape(variation, float(pairs.mean()) if len(pairs) else 1.0)


def measure(network: Network, loss: Callable[[], Tensor]) -> dict[Weighted, GradientShape]:
    """Gradient shapes of the spiking layers for one loss; parameters' gradients are left empty."""
    shapes: dict[Weighted, GradientShape] = {}
    layers = [layer for layer in network.weighted() if layer.spiking]

    def watch(layer: Weighted) -> Callable[[Tensor], None]:
        def see(delta: Tensor) -> None:
            shapes[layer] = gradient_shape(delta.detach())

        return see

    network.freeze_statistics(True)
    try:
        for layer in layers:
            layer.watch = watch(layer)
        loss().backward()
    finally:
        network.freeze_statistics(False)
        for layer in layers:
            layer.watch = None
        network.zero_grad(set_to_none=True)
    return shapes


def adapt_widths(network: Network, loss: Callable[[], Tensor]) -> None:
    """Choose each layer's factor anew, from LEAST to MOST."""
    layers = [layer for layer in network.weighted() if layer.neurons is not None]
    present = [_factor(layer).clone() for layer in layers]
    measured: dict[float, dict[Weighted, GradientShape]] = {}
    for stride in (1 / STRIDE, 1.0, STRIDE):
        for layer, factor in zip(layers, present, strict=True):
            _factor(layer).copy_((factor * stride).clamp(LEAST, MOST))
        measured[stride] = measure(network, loss)
    for layer, factor in zip(layers, present, strict=True):
        stride = choose({s: shapes[layer] for s, shapes in measured.items()})
        _factor(layer).copy_((factor * stride).clamp(LEAST, MOST))


def choose(candidates: dict[float, GradientShape]) -> float:
    """The stride of the smallest SGV among those consistent enough; of equals the one nearest to 1."""
    floor = candidates[1.0].consistency - SLACK
    allowed = [stride for stride, shape in candidates.items() if shape.consistency >= floor]
    return min(allowed, key=lambda stride: (candidates[stride].variation, abs(stride - 1)))


def _factor(layer: Weighted) -> Tensor:
    assert layer.neurons is not None
    return layer.neurons.factor
