"""What lif_kernels and lif_gradients compute, one step at a time through autograd.

For recurrent layers, whose current depends on the last spikes; for devices that the jitted loops do not reach; and to
test them against.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from trainer.formulas import surrogate
from trainer.kernels import lif as lif_kernels
from trainer.kernels.lif import Parameters


def stepwise(
    current: Tensor, tau: Tensor, beta: Tensor | None, noise: Tensor | None, p: Parameters
) -> tuple[Tensor, Tensor]:
    """Spikes and detached membrane before reset of currents and, where it is drawn, noise; all [T, B, C, ...]."""
    betas = slopes_per_step(beta, p, current)
    v = torch.as_tensor(p.initial, device=current.device).view(_shape(current[0])).expand(current.shape[1:])
    spikes, membrane = [], []
    for t, now in enumerate(current):
        u, v, s = advance(v, now, tau, betas[t], None if noise is None else noise[t], p)
        spikes.append(s)
        membrane.append(u.detach())
    return torch.stack(spikes), torch.stack(membrane)


def slopes_per_step(beta: Tensor | None, p: Parameters, like: Tensor) -> Tensor:
    """β of each step [T], on the device of `like`; a scalar parameter keeps its gradient."""
    if beta is not None and beta.numel() == 1:
        return beta.to(like.device).reshape(1).expand(p.betas.size)
    return torch.as_tensor(p.betas, device=like.device)


def advance(
    v: Tensor, current: Tensor, tau: Tensor, beta: Tensor, noise: Tensor | None, p: Parameters
) -> tuple[Tensor, Tensor, Tensor]:
    """(v[t−1], I[t]) to u[t], v[t] and s[t], all [B, C, ...]."""
    shape = _shape(current)
    threshold = torch.as_tensor(p.threshold, device=current.device).view(shape)
    taken = torch.as_tensor(p.taken, device=current.device).view(shape)
    scale = torch.as_tensor(p.scale, device=current.device).view(shape)
    u = (v if p.later else _leaked(v, tau, p)) + current
    if p.forward == lif_kernels.INTEGER:
        u = torch.where((u > p.low) & (u < p.high), u, u.detach().clamp(p.low, p.high))
    s: Tensor = _Spikes.apply((beta * scale) * (u - threshold), beta, noise, p)
    kept = s.detach() if p.detach_reset else s
    if not p.subtract:
        return u, u * (1 - kept), s
    return u, (tau * u if p.later else u) - taken * kept, s


def _shape(current: Tensor) -> tuple[int, ...]:
    return (1, -1, *([1] * (current.dim() - 2)))


def _leaked(v: Tensor, tau: Tensor, p: Parameters) -> Tensor:
    if p.forward != lif_kernels.INTEGER:
        return tau * v
    lost = sum(torch.floor(v.detach() / 2**k) for k in (p.first_shift, p.second_shift) if k)
    return p.decay * v + (v.detach() - lost - p.decay * v.detach())


class _Spikes(torch.autograd.Function):
    """Spikes of z = βx as the forward pass says; backward as if they were σ, its slopes masked where noise says so."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, beta: Tensor, noise: Tensor | None, p: Parameters) -> Tensor:
        ctx.save_for_backward(z, beta, noise if p.mask else None)
        ctx.parameters = p
        if p.forward in (lif_kernels.HARD, lif_kernels.INTEGER):
            return (z >= 0).to(z.dtype)
        smooth = _value(z, beta, p.surrogate)
        if p.forward == lif_kernels.SMOOTH:
            return smooth
        assert noise is not None
        if p.forward == lif_kernels.MIXED:
            return torch.where(noise < 1 - p.mix, (z >= 0).to(z.dtype), smooth)
        return (noise < smooth).to(z.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor | None, None, None]:
        z, beta, noise = ctx.saved_tensors
        kind = ctx.parameters.surrogate
        gradient = gradients[0] if noise is None else gradients[0] * (noise >= ctx.parameters.mask)
        by_beta = None
        if ctx.needs_input_grad[1] and kind == surrogate.ASYMMETRIC:  # all else of dσ/dβ runs through z
            by_beta = (gradient * (1 - z * z).clamp_min(0)).sum() / (4 * beta * beta)
        return gradient * _slope(z, beta, kind), by_beta, None, None


def _value(z: Tensor, beta: Tensor, kind: int) -> Tensor:
    """σ_β(x) of z = βx, see trainer/formulas/surrogate.py."""
    if kind == surrogate.ARCTAN:
        return 0.5 + torch.atan(0.5 * torch.pi * z) / torch.pi
    if kind == surrogate.LOGISTIC:
        return torch.sigmoid(z)
    if kind == surrogate.TRIANGLE:
        z = z.clamp(-2, 2)
        return 0.5 + z * (0.5 - 0.125 * z.abs())
    z = z.clamp(-1, 1)
    return 0.5 + 0.5 * z if kind == surrogate.RECTANGLE else 0.5 + 0.5 * z + (z * z - 1) / (4 * beta)


def _slope(z: Tensor, beta: Tensor, kind: int) -> Tensor:
    """dσ/dz, which is σ_β′(x)/β."""
    if kind == surrogate.ARCTAN:
        return 0.5 / (1 + (0.5 * torch.pi * z) ** 2)
    if kind == surrogate.LOGISTIC:
        s = torch.sigmoid(z)
        return s * (1 - s)
    if kind == surrogate.TRIANGLE:
        return 0.5 * (1 - 0.5 * z.abs()).clamp_min(0)
    inside = (z.abs() <= 1).to(z.dtype)
    return 0.5 * inside if kind == surrogate.RECTANGLE else (0.5 + z / (2 * beta)) * inside
