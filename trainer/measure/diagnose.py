"""What happens inside a trained network: gradients on their way to the input, and whether its neurons contract.

Contraction asks whether a membrane forgets: |∂v[t]/∂v[t−1]| < 1. With k the largest slope of σ_β (β/4 for logistic, β/2
for the symmetric others, (β + 1)/2 for asymmetric), membranes in thresholds (ϑ = 1) and |u| ≤ U, these suffice:

    reset zero      τ·(1 + U·k) < 1,    U = (‖W‖∞·S + |b|)/(1 − τ)
    reset subtract  max(τ, ϑ·k − τ) < 1,    that is k < (1 + τ)/ϑ: for logistic β < 4(1 + τ)/ϑ

‖W‖∞ is the largest sum of |w| into one neuron, recurrent ones included, S the largest count that one synapse delivers:
together no current of simultaneous spikes is larger. W and b are folded; the bias b is part of the current here.
Derivation: v = u·(1 − s) gives ∂v/∂v₋ = τ·(1 − s − u·σ′), and |1 − s| ≤ 1. v = u − ϑ·s gives τ·(1 − ϑ·σ′), from
τ·(1 − ϑ·k) to τ, which lies within ±max(τ, ϑ·k − τ) as τ ≤ 1; that bound is the exact one of a neuron whose reset does
not leak, u[t] = τ·u[t−1] − ϑ·s[t−1] + I. Measured is the derivative of the neuron's own step, in the smooth pass,
without the way through recurrent weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents
from trainer.data.batches import in_order
from trainer.formulas import surrogate
from trainer.gradients import losses
from trainer.measure.walk import layer_slopes, walk
from trainer.network.layers import Weighted
from trainer.network.network import Network
from trainer.settings.objective import Objective
from trainer.settings.passes import Spike

QUANTILE = 0.95


@dataclass(frozen=True)
class Contraction:
    """One layer: its leak, the steepest slope k, the bound U on |u| (None where τ = 1: there is none), the condition's
    left side and whether it is below 1; largest and mean |∂v[t]/∂v[t−1]| seen on recordings.
    """

    layer: str
    reset: str
    tau: float
    steepest: float
    bound: float | None
    left_side: float | None
    holds: bool
    largest_seen: float
    mean_seen: float


def gradient_norms(
    network: Network, binned: BinnedEvents, how: Spike, objective: Objective, batch_size: int = 64
) -> dict[str, Any]:
    """‖dL/dx‖ and, of each spiking layer, ‖dL/dI‖: mean and 95 % quantile over recordings, L a recording's own loss.

    x are the counts [T, 2, H, W], I the currents [T, C, …] in thresholds. Parameters' gradients are left alone.
    """
    layers = [layer for layer in network.eval().weighted() if layer.spiking]
    norms: dict[str, list[Tensor]] = {layer.name: [] for layer in layers}
    inputs: list[Tensor] = []
    try:
        for layer in layers:
            layer.watch = _keep_norms(norms[layer.name])
        for x, labels in in_order(binned, batch_size, "cpu"):
            output = network(x.requires_grad_(), how, objective.per_step)
            each = losses.per_recording(objective, output.logits, output.steps, labels)
            inputs.append(_norms(torch.autograd.grad(each.sum(), x)[0]))
    finally:
        for layer in layers:
            layer.watch = None
    return {
        "pass": how.forward,
        "input": _spread(inputs),
        "layers": [{"layer": name, **_spread(found)} for name, found in norms.items()],
    }


def _keep_norms(found: list[Tensor]) -> Callable[[Tensor], None]:
    def keep(gradient: Tensor) -> None:
        found.append(_norms(gradient))

    return keep


def _norms(gradient: Tensor) -> Tensor:
    """[T, B, ...] to the norm of each recording [B]."""
    return gradient.detach().double().transpose(0, 1).flatten(1).norm(dim=1)


def _spread(norms: list[Tensor]) -> dict[str, float]:
    together = torch.cat(norms)
    return {"mean": float(together.mean()), "quantile_95": float(together.quantile(QUANTILE))}


def contraction(
    network: Network, binned: BinnedEvents, how: Spike, batch_size: int = 64
) -> list[dict[str, Any]]:
    """The fields of Contraction for each spiking layer. `how` is a smooth pass.

    Raises EdgeSastError for thresholds that change within a recording.
    """
    layers = [layer for layer in network.eval().weighted() if layer.spiking]
    if any(
        layer.neurons is not None and layer.neurons.settings.threshold == "adaptive-step" for layer in layers
    ):
        raise EdgeSastError(
            "--contraction: --threshold is 'adaptive-step', which changes within a recording: the conditions are for "
            "constant thresholds; leave --contraction out"
        )
    seen: dict[Weighted, list[Tensor]] = {layer: [] for layer in layers}

    def see(layer: Weighted, arrived: Tensor, spikes: Tensor) -> None:
        if layer.spiking:
            seen[layer].append(_derivatives(layer, arrived, spikes, how))

    with torch.no_grad():
        for x, _ in in_order(binned, batch_size, "cpu"):
            network(x, how, see=see)
    return [asdict(_conditions(layer, how, torch.stack(seen[layer]))) for layer in layers]


def _conditions(layer: Weighted, how: Spike, seen: Tensor) -> Contraction:
    """seen: [batches, 3], see `_derivatives`."""
    tau = float(layer.tau()[0].detach())
    steep = max(steepest(how.surrogate, float(beta)) for beta in layer_slopes(layer, how))
    bound = None if tau == 1 else membrane_bound(layer, tau)
    left = left_side(layer.reset, tau, steep, bound, float(layer.levels.max()))
    largest, total, count = seen[:, 0].max(), seen[:, 1].sum(), seen[:, 2].sum()
    return Contraction(
        layer.name,
        layer.reset,
        tau,
        steep,
        bound,
        left,
        left is not None and left < 1,
        float(largest),
        float(total / count),
    )


def left_side(
    reset: str, tau: float, steep: float, bound: float | None, threshold: float = 1.0
) -> float | None:
    """Left side of the condition, to be below 1; None where it has no bound."""
    if reset == "subtract":
        return max(tau, threshold * steep - tau)
    return None if bound is None else tau * (1 + bound * steep)


@torch.no_grad()
def membrane_bound(layer: Weighted, tau: float) -> float:
    """U of a layer, in thresholds; τ below 1. A membrane that starts higher (MP-Init) is the bound itself."""
    weight, recurrent, bias = layer.folded()
    current = weight.abs().flatten(1).sum(1) * layer.shape.max_count
    if recurrent is not None:
        current = current + recurrent.abs().sum(1)
    if bias is not None:
        current = current + bias.abs()
    start = layer.neurons.starts(layer.channels) if layer.neurons is not None else None
    highest = 0.0 if start is None else float(start.abs().max())
    return max(float(current.max()) / (1 - tau), highest)


def steepest(name: str, beta: float) -> float:
    """The largest σ_β′(x): at x = 0, but of a slope that rises to the end of its window there (asymmetric)."""
    kind = surrogate.code(name)
    edge = math.nextafter(1 / beta, 0)  # 1/β itself may round to the outside
    return max(surrogate.slope(kind, beta, x) for x in (0.0, edge))


def _derivatives(layer: Weighted, arrived: Tensor, spikes: Tensor, how: Spike) -> Tensor:
    """Of |∂v[t]/∂v[t−1]| over one batch: the largest, the sum and the number, float64 [3].

    By autograd through the step itself, fed with what it was fed: the recurrent part comes from the known spikes.
    """
    sums = torch.zeros(3, dtype=torch.float64)
    for step, v, now in walk(layer, arrived, spikes, how):
        with torch.enable_grad():
            before = v.detach().requires_grad_()
            _, after, _ = step(before, now)
            (slope,) = torch.autograd.grad(after.sum(), before)
        size = slope.abs().double()
        sums = torch.stack([torch.maximum(sums[0], size.max()), sums[1] + size.sum(), sums[2] + size.numel()])
    return sums
