"""Leaky integrate-and-fire through time, forward and backward, as jitted loops over [T, rows, width].

A row is one channel of one recording (row r has channel r mod C), width its positions. What the loops compute is
stated in trainer/lif.py; a slow reference through autograd stands in the tests.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from edge_sast.jit import jit
from trainer import fast_math, surrogate

_arctan = jit(fast_math.arctan)
_tanh = jit(fast_math.tanh)

SMOOTH, HARD, INTEGER = 0, 1, 2


class Parameters(NamedTuple):
    """What a kernel needs beside its arrays; float32 arrays are per channel [C]."""

    forward: int  # SMOOTH, HARD or INTEGER
    surrogate: int
    beta: float
    subtract: bool  # reset: subtract the threshold, else to zero
    detach_reset: bool  # no gradient through the reset
    decay: float
    first_shift: int  # INTEGER only; 0 where there is none
    second_shift: int
    low: float  # saturation; infinite where there is none
    high: float
    threshold: np.ndarray
    scale: (
        np.ndarray
    )  # one unit of the membrane, in thresholds' units: the surrogate sees (u − threshold)·scale


def forward(current: np.ndarray, p: Parameters, spikes: np.ndarray, membrane: np.ndarray) -> None:
    """current [T, R, K] → spikes and membrane before reset, both [T, R, K], all float32."""
    steps, rows, width = current.shape
    channels = p.threshold.size
    for r in numba.prange(rows):
        c = r % channels
        v = np.zeros(width, dtype=np.float32)
        for t in range(steps):
            _forward_row(current[t, r], p, c, v, spikes[t, r], membrane[t, r])


def _forward_row(
    current: np.ndarray, p: Parameters, c: int, v: np.ndarray, spikes: np.ndarray, membrane: np.ndarray
) -> None:
    theta = p.threshold[c]
    if p.forward == INTEGER:
        _integer_membrane(current, p, v, membrane)
    else:
        decay = np.float32(p.decay)
        for k in range(v.size):
            membrane[k] = decay * v[k] + current[k]
    if p.forward == SMOOTH:
        _smooth(membrane, theta, p, spikes)
    else:
        for k in range(v.size):
            spikes[k] = np.float32(1.0) if membrane[k] >= theta else np.float32(0.0)
    if p.subtract:
        for k in range(v.size):
            v[k] = membrane[k] - theta * spikes[k]
    else:
        for k in range(v.size):
            v[k] = membrane[k] * (np.float32(1.0) - spikes[k])


def _smooth(membrane: np.ndarray, theta: float, p: Parameters, spikes: np.ndarray) -> None:
    """spikes := σ_β(membrane − theta), see trainer/surrogate.py."""
    half, beta = np.float32(0.5), np.float32(p.beta)
    if p.surrogate == surrogate.ARCTAN:
        gain, share = np.float32(0.5 * np.pi) * beta, np.float32(1.0 / np.pi)
        for k in range(spikes.size):
            spikes[k] = half + share * _arctan(gain * (membrane[k] - theta))
    else:
        for k in range(spikes.size):
            spikes[k] = half + half * _tanh(half * beta * (membrane[k] - theta))


def _integer_membrane(current: np.ndarray, p: Parameters, v: np.ndarray, membrane: np.ndarray) -> None:
    """u = sat(v − (v >> k1) − (v >> k2) + current), on integers that float32 holds exactly."""
    k1, k2 = p.first_shift, p.second_shift
    low, high = np.int32(p.low), np.int32(p.high)
    for k in range(v.size):
        state = np.int32(v[k])
        leaked = state
        if k1 > 0:
            leaked -= state >> np.int32(k1)
        if k2 > 0:
            leaked -= state >> np.int32(k2)
        membrane[k] = min(max(leaked + np.int32(current[k]), low), high)


def backward(
    grad_spikes: np.ndarray, spikes: np.ndarray, membrane: np.ndarray, p: Parameters, grad: np.ndarray
) -> None:
    """grad [T, R, K] := dL/dcurrent = dL/du, by the chain rule backwards through time."""
    steps, rows, width = membrane.shape
    channels = p.threshold.size
    for r in numba.prange(rows):
        c = r % channels
        grad_v = np.zeros(width, dtype=np.float32)
        for t in range(steps - 1, -1, -1):
            _slopes(membrane[t, r], spikes[t, r], p, c, grad[t, r])
            _backward_row(grad_spikes[t, r], spikes[t, r], membrane[t, r], p, c, grad_v, grad[t, r])


def _slopes(membrane: np.ndarray, spikes: np.ndarray, p: Parameters, c: int, slopes: np.ndarray) -> None:
    """dσ/du of one row, zero where an integer membrane is saturated."""
    theta = p.threshold[c]
    scale = p.scale[c]
    one = np.float32(1.0)
    beta = np.float32(p.beta)
    if p.surrogate == surrogate.ARCTAN:
        gain, top = np.float32(0.5 * np.pi * p.beta) * scale, np.float32(0.5) * beta * scale
        for k in range(membrane.size):
            z = gain * (membrane[k] - theta)
            slopes[k] = top / (one + z * z)
    elif p.forward == SMOOTH:
        for k in range(membrane.size):
            slopes[k] = beta * scale * spikes[k] * (one - spikes[k])
    else:
        for k in range(membrane.size):
            twice = _tanh(np.float32(0.5) * beta * scale * (membrane[k] - theta))  # 2σ − 1
            slopes[k] = np.float32(0.25) * beta * scale * (one - twice * twice)


def _backward_row(
    grad_spikes: np.ndarray,
    spikes: np.ndarray,
    membrane: np.ndarray,
    p: Parameters,
    c: int,
    grad_v: np.ndarray,
    grad: np.ndarray,
) -> None:
    """One step of one row: grad goes from dσ/du to dL/du, grad_v from dL/dv[t] to dL/dv[t−1] = τ·dL/du[t]."""
    theta = p.threshold[c]
    decay = np.float32(p.decay)
    one, zero = np.float32(1.0), np.float32(0.0)
    through_reset = zero if p.detach_reset else one
    low, high = np.float32(p.low), np.float32(p.high)
    for k in range(membrane.size):
        u = membrane[k]
        kept = one if p.subtract else one - spikes[k]
        lost = theta if p.subtract else u
        g = grad_spikes[k] * grad[k] + grad_v[k] * (kept - through_reset * lost * grad[k])
        g = g if low < u and u < high else zero
        grad[k] = g
        grad_v[k] = decay * g


_smooth = jit(_smooth)
_integer_membrane = jit(_integer_membrane)
_forward_row = jit(_forward_row)
_slopes = jit(_slopes)
_backward_row = jit(_backward_row)
forward_parallel = jit(forward, parallel=True)
backward_parallel = jit(backward, parallel=True)
