"""Multi-step leaky integrate-and-fire neurons with a learnable or fixed device leak.

    u[t] = τ·v[t−1] + I[t]          spike s[t] = σ_β(u[t] − ϑ)  (surrogate forward)  or  H(u[t] − ϑ)  (hard forward)
    v[t] = u[t]·(1 − s[t])          reset to zero, multiplicative as in SAST (arXiv 2603.18039)
    v[t] = u[t] − ϑ·s[t]            reset by subtraction

H(0) = 1: a membrane at its threshold spikes, as on the device. In the surrogate forward pass the gradient is the exact
derivative, the reset's included. In the hard and integer ones σ_β′ stands for the derivative of H and no gradient
passes through the reset (Zenke & Vogels 2021). The integer pass holds integers in float32 and leaks by shifts: it is
docs/arithmetic.md §4, its floor passed straight through by the gradient, which is cut where the membrane saturates.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from trainer import lif_kernels, surrogate
from trainer.leak import decay
from trainer.passes import Spike


@dataclass(frozen=True)
class IntegerState:
    """Parameters of the integer pass, float32 tensors [C] holding integers (`scale` aside)."""

    threshold: Tensor
    scale: Tensor
    shifts: tuple[int, ...]
    low: int
    high: int


RecurrentStep = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def lif(current: Tensor, tau: Tensor, spike: Spike, reset: str, threshold: float = 1.0) -> Tensor:
    """Spikes [T, B, C, ...] of input currents of the same shape; τ is a scalar tensor (it may require a gradient)."""
    return _run(
        current, tau, _float_parameters(float(tau.detach()), spike, reset, threshold, current.shape[2])
    )


def lif_step(tau: Tensor, spike: Spike, reset: str, threshold: float, channels: int) -> RecurrentStep:
    """One step as a function: membrane [B, C] after reset and current [B, C] to the next membrane and the spikes."""
    return _Step(tau, _float_parameters(float(tau.detach()), spike, reset, threshold, channels))


def integer_lif(current: Tensor, state: IntegerState, spike: Spike, reset: str) -> Tensor:
    """Spikes of integer currents (bias included) [T, B, C, ...], exactly as a device computes them."""
    parameters = _integer_parameters(state, spike, reset)
    return _run(current, torch.tensor(parameters.decay), parameters)


def integer_lif_step(state: IntegerState, spike: Spike, reset: str) -> RecurrentStep:
    """One step of `integer_lif` as a function, see `lif_step`."""
    parameters = _integer_parameters(state, spike, reset)
    return _Step(torch.tensor(parameters.decay), parameters)


def _float_parameters(
    tau: float, spike: Spike, reset: str, threshold: float, channels: int
) -> lif_kernels.Parameters:
    return lif_kernels.Parameters(
        forward=lif_kernels.HARD if spike.hard else lif_kernels.SMOOTH,
        surrogate=surrogate.code(spike.surrogate),
        beta=float(spike.beta),
        subtract=reset == "subtract",
        detach_reset=spike.hard,
        decay=tau,
        first_shift=0,
        second_shift=0,
        low=-math.inf,
        high=math.inf,
        threshold=np.full(channels, threshold, dtype=np.float32),
        scale=np.ones(channels, dtype=np.float32),
    )


def _integer_parameters(state: IntegerState, spike: Spike, reset: str) -> lif_kernels.Parameters:
    k1, k2 = (*state.shifts, 0, 0)[:2]
    return lif_kernels.Parameters(
        forward=lif_kernels.INTEGER,
        surrogate=surrogate.code(spike.surrogate),
        beta=float(spike.beta),
        subtract=reset == "subtract",
        detach_reset=True,
        decay=decay(state.shifts),
        first_shift=k1,
        second_shift=k2,
        low=float(state.low),
        high=float(state.high),
        threshold=state.threshold.detach().cpu().numpy(),
        scale=state.scale.detach().cpu().numpy(),
    )


def _run(current: Tensor, tau: Tensor, parameters: lif_kernels.Parameters) -> Tensor:
    if current.is_cuda:
        return stepwise(current, tau, parameters)
    spikes: Tensor = _FusedLif.apply(current, tau, parameters)
    return spikes


class _FusedLif(torch.autograd.Function):
    """All steps in one pass over memory, forward and backward; see lif_kernels."""

    @staticmethod
    def forward(ctx: Any, current: Tensor, tau: Tensor, parameters: lif_kernels.Parameters) -> Tensor:
        rows = current.detach().contiguous().view(current.shape[0], current.shape[1] * current.shape[2], -1)
        spikes, membrane = torch.empty_like(rows), torch.empty_like(rows)
        lif_kernels.forward_parallel(rows.numpy(), parameters, spikes.numpy(), membrane.numpy())
        ctx.save_for_backward(spikes, membrane, tau)
        ctx.parameters = parameters
        return spikes.view(current.shape)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor | None, None]:
        spikes, membrane, _ = ctx.saved_tensors
        p = ctx.parameters
        grad_spikes = gradients[0].contiguous().view(membrane.shape)
        grad = torch.empty_like(membrane)
        lif_kernels.backward_parallel(grad_spikes.numpy(), spikes.numpy(), membrane.numpy(), p, grad.numpy())
        grad_decay = None
        if ctx.needs_input_grad[1]:  # dL/dτ = Σ dL/du[t]·v[t−1]; v[0] is zero in float passes
            u, s = membrane[:-1], spikes[:-1]
            v = u - float(p.threshold[0]) * s if p.subtract else u * (1 - s)
            grad_decay = (grad[1:] * v).sum()
        return grad.view(gradients[0].shape), grad_decay, None


class _HardStep(torch.autograd.Function):
    """H(x) forward, σ_β′(x) backward."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kind: int, beta: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.kind, ctx.beta = kind, beta
        return (x >= 0).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (x,) = ctx.saved_tensors
        if ctx.kind == surrogate.ARCTAN:
            slope = 0.5 * ctx.beta / (1 + (0.5 * torch.pi * ctx.beta * x) ** 2)
        else:
            s = torch.sigmoid(ctx.beta * x)
            slope = ctx.beta * s * (1 - s)
        return gradients[0] * slope, None, None


class _Step:
    """One step of time through autograd: (v[t−1], I[t]) to (v[t], s[t])."""

    def __init__(self, tau: Tensor, parameters: lif_kernels.Parameters) -> None:
        self.tau, self.p = tau, parameters

    def __call__(self, v: Tensor, current: Tensor) -> tuple[Tensor, Tensor]:
        p = self.p
        shape = (1, -1, *([1] * (current.dim() - 2)))
        threshold = torch.as_tensor(p.threshold, device=current.device).view(shape)
        scale = torch.as_tensor(p.scale, device=current.device).view(shape)
        u = _leaked(v, self.tau, p) + current
        if p.forward == lif_kernels.INTEGER:
            u = torch.where((u > p.low) & (u < p.high), u, u.detach().clamp(p.low, p.high))
        s = _smooth_or_hard((u - threshold) * scale, p)
        kept = s.detach() if p.detach_reset else s
        return u - threshold * kept if p.subtract else u * (1 - kept), s


def stepwise(current: Tensor, tau: Tensor, parameters: lif_kernels.Parameters) -> Tensor:
    """What the jitted loops compute, through autograd: for devices they do not reach, and to test them against."""
    step = _Step(tau, parameters)
    v = torch.zeros_like(current[0])
    spikes = []
    for now in current:
        v, s = step(v, now)
        spikes.append(s)
    return torch.stack(spikes)


def _leaked(v: Tensor, tau: Tensor, p: lif_kernels.Parameters) -> Tensor:
    if p.forward != lif_kernels.INTEGER:
        return tau * v
    lost = sum(torch.floor(v.detach() / 2**k) for k in (p.first_shift, p.second_shift) if k)
    return p.decay * v + (v.detach() - lost - p.decay * v.detach())


def _smooth_or_hard(x: Tensor, p: lif_kernels.Parameters) -> Tensor:
    if p.forward != lif_kernels.SMOOTH:
        step: Tensor = _HardStep.apply(x, p.surrogate, p.beta)
        return step
    if p.surrogate == surrogate.ARCTAN:
        return 0.5 + torch.atan(0.5 * torch.pi * p.beta * x) / torch.pi
    return torch.sigmoid(p.beta * x)
