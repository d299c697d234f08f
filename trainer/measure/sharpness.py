"""How sharp the minimum is that training ended in: SAM's loss gap, and the top eigenvalue of the Hessian.

    gap         L(w + ρ·g/‖g‖) − L(w),  g = ∇L(w)                            (Foret et al. 2021, arXiv 2010.01412)
    H v         (g(w + h·v) − g(w − h·v))/(2h),  ‖v‖ = 1,  h = STEP·‖w‖       (central differences of the gradient)
    eigenvalue  power iteration on H; where it ends in a negative one, again on H − λI, which makes the largest the
                largest in size

L is the mean loss over fixed training recordings, not augmented and without penalties, with running statistics as they
stand, so that it is a function of w alone. w are all parameters but a learnable leak, which the forward pass rounds.
Differences, as the jitted neurons have no second derivative; float32 gradients leave an error of about 1e-7·‖g‖/h in
H v, and the step one of h²/6 times the fourth derivative of L.

Beside it stands what the loss does not know of, the stable rank of each layer's weights (Georgiev et al. 2021, *On the
Impact of Stable Ranks in Deep Nets*, arXiv 2110.02333):

    stable rank ‖W‖_F²/‖W‖₂²,  1 to the rank of W: how many directions carry its weight

with W as the layer computes with it, batch norm and thresholds folded in: [outputs, inputs of one output].

In the smooth pass g is the gradient. In the hard pass L jumps where a spike comes or goes: g is the surrogate gradient,
the gap is the hard loss along it, and "eigenvalue" that of the differences of g over a step of 2h, which is no Hessian
and need not converge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from edge_sast.events.binned import BinnedEvents
from trainer.data.batches import in_order
from trainer.gradients import losses
from trainer.network.layers import Weighted
from trainer.network.network import Network
from trainer.settings.objective import Objective
from trainer.settings.passes import Spike

STEP = 1e-3  # of ‖w‖
ITERATIONS = 50
TOLERANCE = 1e-3  # of the eigenvalue, from one iteration to the next
FIXED = "leak_logit"

Vector = Tensor  # float64 [n]
Product = Callable[[Vector], Vector]


@dataclass(frozen=True)
class Eigenvalue:
    """An eigenvalue, ‖Hv − λv‖/|λ| of its vector, and how many products Hv were taken."""

    value: float
    residual: float
    products: int


class Landscape:
    """The loss of a network over fixed recordings as a function of its parameters, w as one vector."""

    def __init__(
        self, network: Network, binned: BinnedEvents, how: Spike, objective: Objective, batch_size: int = 64
    ) -> None:
        self.network, self.binned, self.how, self.objective = network.eval(), binned, how, objective
        self.batch_size = batch_size
        self._parameters = [p for name, p in network.named_parameters() if not name.endswith(FIXED)]
        self.weights: Vector = _flat(self._parameters)

    def loss(self, at: Vector) -> float:
        """L(at)."""
        with torch.no_grad():
            return self._at(at, lambda _: None)

    def gradient(self, at: Vector) -> Vector:
        """∇L(at), or what stands for it in the hard pass."""
        gradient = torch.zeros_like(self.weights)

        def add(total: Tensor) -> None:
            parts = torch.autograd.grad(total, self._parameters, allow_unused=True)
            pairs = zip(parts, self._parameters, strict=True)
            gradient.add_(_flat([torch.zeros_like(p) if g is None else g for g, p in pairs]))

        self._at(at, add)
        return gradient / len(self.binned)

    def curvature(self, direction: Vector) -> Vector:
        """H·direction at the network's own weights, for a direction of length 1."""
        step = STEP * float(self.weights.norm())
        ahead, behind = (self.gradient(self.weights + sign * step * direction) for sign in (1, -1))
        return (ahead - behind) / (2 * step)

    def _at(self, at: Vector, use: Callable[[Tensor], None]) -> float:
        """The mean loss at these weights; `use` gets each batch's sum. The network's own weights come back."""
        try:
            self._put(at)
            total = 0.0
            for x, labels in in_order(self.binned, self.batch_size, "cpu"):
                output = self.network(x, self.how, self.objective.per_step)
                each = losses.per_recording(self.objective, output.logits, output.steps, labels)
                total += float(each.detach().sum(dtype=torch.float64))
                use(each.sum())
            return total / len(self.binned)
        finally:
            self._put(self.weights)

    @torch.no_grad()
    def _put(self, values: Vector) -> None:
        sizes = [p.numel() for p in self._parameters]
        for parameter, part in zip(self._parameters, values.split(sizes), strict=True):
            parameter.copy_(part.view_as(parameter))


def measure(landscape: Landscape, rho: float, seed: int = 0) -> dict[str, Any]:
    """Figures for `evaluate --json`: rho, loss, gap, gradient norm, eigenvalue, and what stood for the gradient."""
    weights = landscape.weights
    loss, gradient = landscape.loss(weights), landscape.gradient(weights)
    norm = float(gradient.norm())
    away = gradient * (rho / norm) if norm > 0 else gradient
    top = top_eigenvalue(landscape.curvature, len(weights), seed)
    return {
        "pass": landscape.how.forward,
        "gradient": "surrogate" if landscape.how.hard else "exact",
        "recordings": len(landscape.binned),
        "rho": float(rho),
        "loss": loss,
        "gap": landscape.loss(weights + away) - loss,
        "gradient_norm": norm,
        "top_eigenvalue": top.value,
        "eigenvalue_residual": top.residual,
        "curvature_products": top.products,
        "stable_ranks": [
            {"layer": layer.name, **_stable_ranks(layer)} for layer in landscape.network.weighted()
        ],
    }


@torch.no_grad()
def _stable_ranks(layer: Weighted) -> dict[str, Any]:
    """Of a layer's weights and, where it is recurrent, of its recurrent ones; largest: the most the first can be."""
    weight, recurrent, _ = layer.folded()
    matrix = weight.flatten(1)
    told: dict[str, Any] = {"stable_rank": stable_rank(matrix), "largest": min(matrix.shape)}
    if recurrent is not None:
        told["recurrent_stable_rank"] = stable_rank(recurrent)
    return told


def stable_rank(matrix: Tensor) -> float | None:
    """‖W‖_F²/‖W‖₂² of a matrix; None of zeros, which has none."""
    values = torch.linalg.svdvals(matrix.double())
    return float((values / values[0]).square().sum()) if float(values[0]) > 0 else None


def top_eigenvalue(product: Product, size: int, seed: int = 0) -> Eigenvalue:
    """The largest eigenvalue (not in size: with its sign) of a symmetric map of vectors [size]."""
    generator = torch.Generator().manual_seed(seed)
    first = _power(product, size, generator)
    if first.value >= 0:
        return first
    shifted = _power(lambda v: product(v) - first.value * v, size, generator)
    value = shifted.value + first.value
    residual = shifted.residual * shifted.value / abs(value) if value else 0.0
    return Eigenvalue(value, residual, first.products + shifted.products)


def _power(product: Product, size: int, generator: torch.Generator) -> Eigenvalue:
    """The eigenvalue of the largest size."""
    v = torch.randn(size, generator=generator, dtype=torch.float64)
    v /= v.norm()
    value, residual = 0.0, 0.0
    for done in range(1, ITERATIONS + 1):
        image = product(v)
        before, value = value, float(v @ image)
        residual = float((image - value * v).norm()) / abs(value) if value else 0.0
        length = float(image.norm())
        if length == 0 or abs(value - before) <= TOLERANCE * abs(value):
            return Eigenvalue(value, residual, done)
        v = image / length
    return Eigenvalue(value, residual, ITERATIONS)


def _flat(tensors: list[Any]) -> Vector:
    return torch.cat([t.detach().double().flatten() for t in tensors])
