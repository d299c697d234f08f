"""Vectors in weight space and the perturbations ε that sharpness-aware training adds to the weights.

A vector is a list of tensors, one for each parameter and of its shape; norms and products go over all of them at once.
Random numbers are drawn on the CPU, so that they do not depend on the device.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

Vector = list[Tensor]
ETA = 0.01


def norm(v: Vector) -> Tensor:
    """‖v‖₂, a tensor without dimensions."""
    return torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(part) for part in v]))


def dot(a: Vector, b: Vector) -> Tensor:
    """⟨a, b⟩, a tensor without dimensions."""
    return torch.stack([(x * y).sum() for x, y in zip(a, b, strict=True)]).sum()


def with_norm(v: Vector, length: float) -> Vector:
    """length·v/‖v‖₂; 0 where v is 0."""
    size = norm(v)
    size = size.clamp_min(torch.finfo(size.dtype).tiny)
    return [part / size * length for part in v]


def orthogonal(v: Vector, direction: Vector) -> Vector:
    """The part of v at right angles to `direction`: v − ⟨v, d⟩·d with d = direction/‖direction‖₂."""
    unit = with_norm(direction, 1.0)
    along = dot(v, unit)
    return [x - along * d for x, d in zip(v, unit, strict=True)]


def ascent(gradient: Vector, rho: float) -> Vector:
    """ε = ρ·g/‖g‖₂: SAM (Foret et al. 2021, arXiv 2010.01412)."""
    return with_norm(gradient, rho)


def adaptive_ascent(weights: Vector, gradient: Vector, rho: float, eta: float = ETA) -> Vector:
    """ε = ρ·T²g/‖Tg‖₂, T = |w| + η for each weight: element-wise ASAM (Kwon et al. 2021, arXiv 2102.11600).

    With η = 0 the point w + ε does not depend on how single weights are scaled: for w = a·w′ also w + ε = a·(w′ + ε′).
    η lets weights at 0 move; the paper's is 0.01. Biases and gains count as weights here.
    """
    scales = [w.detach().abs() + eta for w in weights]
    unit = with_norm([t * g for t, g in zip(scales, gradient, strict=True)], rho)
    return [t * u for t, u in zip(scales, unit, strict=True)]


def noise(like: Vector, rho: float, generator: Generator) -> Vector:
    """ε = ρ·z/‖z‖₂ with z ~ N(0, 1): as long as SAM's ε, in a direction that knows nothing of the loss."""
    drawn = [torch.randn(x.shape, generator=generator, dtype=x.dtype).to(x.device) for x in like]
    return with_norm(drawn, rho)


def thinned(epsilon: Vector, share: float, generator: Generator) -> Vector:
    """m·ε/share with m ~ Bernoulli(share) for each weight, so that its mean is ε: the stochastic weight perturbation of
    ESAM (Du et al. 2022, arXiv 2110.03141).
    """
    kept = [torch.rand(e.shape, generator=generator).to(e.device) < share for e in epsilon]
    return [torch.where(k, e / share, 0.0) for e, k in zip(epsilon, kept, strict=True)]
