"""Sharpness-aware minimisation (Foret et al. 2021, arXiv 2010.01412).

    ε = ρ·g/‖g‖₂ with g = ∇L_B1(w);  the optimiser then steps w along ∇L_B2(w + ε)

With B2 = B1 this is plain SAM; SAST's convergence theorem (arXiv 2603.18039) wants an independent B2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

TINY = 1e-12


def perturbed_gradient(parameters: Iterable[Tensor], second_loss: Callable[[], Tensor], rho: float) -> Tensor:
    """Replace the gradients at w (already in `.grad`) by those of `second_loss` at w + ε; w itself is left as it was.

    Returns the loss at w + ε.
    """
    held = [p for p in parameters if p.grad is not None]
    gradients = [p.grad for p in held if p.grad is not None]
    norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in gradients]))
    before = [p.detach().clone() for p in held]
    with torch.no_grad():
        for p, g in zip(held, gradients, strict=True):
            p.add_(g, alpha=float(rho / (norm + TINY)))
            p.grad = None
    try:
        loss = second_loss()
        loss.backward()
    finally:
        with torch.no_grad():  # restored by value: w + ε − ε is not w in floating point
            for p, w in zip(held, before, strict=True):
                p.copy_(w)
    return loss.detach()
