"""The gradients of lif_kernels, backwards through time, as jitted loops over [T, rows, width].

What the loops compute is stated in trainer/operations/lif.py.
"""

from __future__ import annotations

import numpy as np

from edge_sast.bulk.parts import Span
from edge_sast.jit import jit
from trainer.formulas import surrogate
from trainer.kernels.lif import SMOOTH, At, Neuron, Parameters, scalars, tanh


def backward(
    span: Span,
    grad_spikes: np.ndarray,
    spikes: np.ndarray,
    membrane: np.ndarray,
    noise: np.ndarray,
    p: Parameters,
    grad: np.ndarray,
    sums: np.ndarray,
) -> None:
    """grad [T, R, K] := dL/dcurrent = dL/du, by the chain rule backwards through time.

    noise: [T, R, K] in [0, 1) where the mask is above 0, else not read. sums: float64 [R, 2], each row's share of dL/dβ
    and dL/dτ where learn_beta and learn_tau ask for them, else 0.
    """
    for r in range(span[0], span[1]):
        sums[r, 0], sums[r, 1] = _backward_row(grad_spikes, spikes, membrane, noise, p, r, grad)


def _backward_row(
    grad_spikes: np.ndarray,
    spikes: np.ndarray,
    membrane: np.ndarray,
    noise: np.ndarray,
    p: Parameters,
    r: int,
    grad: np.ndarray,
) -> tuple[float, float]:
    n, c = scalars(p), r % p.threshold.size
    # Behind the leak, τ·u − ϑ·s, is as much as ϑ/τ before it: v is what has not leaked yet in either case.
    taken = p.taken[c] / np.float32(n.decay) if n.later else p.taken[c]
    carried = np.zeros((3, membrane.shape[2]), dtype=np.float32)  # dL/dv; dL/dβ and dL/dτ of the steps done
    for t in range(membrane.shape[0] - 1, -1, -1):
        at = At(p.threshold[c], p.scale[c], p.betas[t], taken)
        _slopes(membrane[t, r], spikes[t, r], n, at, grad[t, r])
        if n.mask > 0:
            _masked(noise[t, r], n.mask, grad[t, r])
        if p.learn_beta:
            _add_beta(grad_spikes[t, r], membrane[t, r], grad[t, r], n, at, carried)
        _backward_step(grad_spikes[t, r], spikes[t, r], membrane[t, r], n, at.taken, carried[0], grad[t, r])
        if p.learn_tau and t > 0:
            _add_tau(grad[t, r], spikes[t - 1, r], membrane[t - 1, r], n, at.taken, carried[2])
    by_beta = _total(carried[1]) if p.learn_beta else 0.0
    by_tau = _total(carried[2]) + p.initial[c] * _total(grad[0, r]) if p.learn_tau else 0.0
    return by_beta, by_tau


def _slopes(membrane: np.ndarray, spikes: np.ndarray, n: Neuron, at: At, slopes: np.ndarray) -> None:
    """dσ/du of one row."""
    theta, scale, beta = at.theta, at.scale, at.beta * at.scale
    zero, half, one = np.float32(0.0), np.float32(0.5), np.float32(1.0)
    if n.surrogate == surrogate.ARCTAN:
        gain = np.float32(0.5 * np.pi) * beta
        for k in range(membrane.size):
            z = gain * (membrane[k] - theta)
            slopes[k] = half * beta / (one + z * z)
    elif n.surrogate == surrogate.LOGISTIC and n.forward == SMOOTH:
        for k in range(membrane.size):
            slopes[k] = beta * spikes[k] * (one - spikes[k])
    elif n.surrogate == surrogate.LOGISTIC:
        for k in range(membrane.size):
            twice = tanh(half * beta * (membrane[k] - theta))  # 2σ − 1
            slopes[k] = np.float32(0.25) * beta * (one - twice * twice)
    elif n.surrogate == surrogate.TRIANGLE:
        for k in range(membrane.size):
            slopes[k] = half * beta * max(one - half * abs(beta * (membrane[k] - theta)), zero)
    elif n.surrogate == surrogate.RECTANGLE:
        for k in range(membrane.size):
            slopes[k] = half * beta if abs(beta * (membrane[k] - theta)) <= one else zero
    else:
        for k in range(membrane.size):
            z = beta * (membrane[k] - theta)
            slopes[k] = half * (beta + scale * z) if abs(z) <= one else zero


def _masked(noise: np.ndarray, mask: float, slopes: np.ndarray) -> None:
    share = np.float32(mask)
    for k in range(slopes.size):
        slopes[k] = np.float32(0.0) if noise[k] < share else slopes[k]


def _add_beta(
    grad_spikes: np.ndarray,
    membrane: np.ndarray,
    slopes: np.ndarray,
    n: Neuron,
    at: At,
    carried: np.ndarray,
) -> None:
    """carried[1] += dL/ds·∂σ/∂β, with dL/ds through the reset where that is not detached; see surrogate.beta_slope."""
    theta, beta, gain = at.theta, at.beta, at.beta * at.scale
    zero, one = np.float32(0.0), np.float32(1.0)
    through_reset = zero if n.detach_reset else one
    bend = np.float32(0.25) / (beta * beta) if n.surrogate == surrogate.ASYMMETRIC else zero
    grad_v, total = carried[0], carried[1]
    for k in range(membrane.size):
        x = membrane[k] - theta
        lost = at.taken if n.subtract else membrane[k]
        z = gain * x
        more = (
            bend * (one - z * z) if slopes[k] > zero else zero
        )  # a masked slope is zero, and so is its rest
        total[k] += (grad_spikes[k] - through_reset * lost * grad_v[k]) * (slopes[k] * x / beta + more)


def _add_tau(
    grad: np.ndarray, spikes: np.ndarray, membrane: np.ndarray, n: Neuron, taken: float, total: np.ndarray
) -> None:
    """total += dL/du[t]·v[t−1], v[t−1] being made again of spikes and membrane of step t − 1.

    It is u[t−1] where the leak takes nothing of what is subtracted.
    """
    if n.later:
        for k in range(total.size):
            total[k] += grad[k] * membrane[k]
        return
    for k in range(total.size):
        u = membrane[k]
        total[k] += grad[k] * (u - taken * spikes[k] if n.subtract else u * (np.float32(1.0) - spikes[k]))


def _total(row: np.ndarray) -> float:
    total = 0.0
    for k in range(row.size):
        total += np.float64(row[k])
    return total


def _backward_step(
    grad_spikes: np.ndarray,
    spikes: np.ndarray,
    membrane: np.ndarray,
    n: Neuron,
    taken: float,
    grad_v: np.ndarray,
    grad: np.ndarray,
) -> None:
    """One step of one row: grad goes from dσ/du to dL/du, grad_v from dL/dv[t] to dL/dv[t−1] = τ·dL/du[t]."""
    decay = np.float32(n.decay)
    one, zero = np.float32(1.0), np.float32(0.0)
    through_reset = zero if n.detach_reset else one
    low, high = np.float32(n.low), np.float32(n.high)
    for k in range(membrane.size):
        u = membrane[k]
        kept = one if n.subtract else one - spikes[k]
        lost = taken if n.subtract else u
        g = grad_spikes[k] * grad[k] + grad_v[k] * (kept - through_reset * lost * grad[k])
        g = g if low < u and u < high else zero
        grad[k] = g
        grad_v[k] = decay * g


_slopes = jit(_slopes, inner=True)
_masked = jit(_masked, inner=True)
_add_beta = jit(_add_beta, inner=True)
_backward_step = jit(_backward_step, inner=True)
_add_tau = jit(_add_tau, inner=True)
_total = jit(_total, inner=True)
_backward_row = jit(_backward_row, inner=True)
backward_jit = jit(backward)
