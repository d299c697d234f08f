"""Loops over a block of rows, one time step at a time: what trainer/fused_kernels.py is made of.

A block is a flat piece of a channels-last image: whole rows of windows, each `pool` rows of W·C floats. Every loop runs
over all of it at once and touches few arrays, as LLVM tests at run time that they do not overlap, and gives up vectors
where it would take many tests.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from edge_sast.jit import jit
from trainer import fast_math, surrogate
from trainer.vectors import fire_hard, take

_arctan = jit(fast_math.arctan)
_tanh = jit(fast_math.tanh)

SMOOTH, HARD = 0, 1


class Parameters(NamedTuple):
    """What the kernels need beside images; arrays are float32 of a block's size, a channel's value at each place."""

    forward: int  # SMOOTH or HARD
    surrogate: int
    beta: float
    subtract: bool  # reset: subtract the threshold, else to zero
    decay: float
    threshold: float
    pool: int  # side of the window; 1 is no pool
    channels: int
    width: int  # of a row: W·C
    learn_decay: bool  # the backward pass sums dL/ddecay
    gain: np.ndarray  # current = gain·x + offset
    offset: np.ndarray
    mean: np.ndarray  # of x: Σ grad·(x − mean) is summed


@jit
def spikes(u: np.ndarray, p: Parameters, s: np.ndarray) -> None:
    """σ or H of a membrane before reset."""
    theta, half, one = np.float32(p.threshold), np.float32(0.5), np.float32(1)
    if p.forward == HARD:
        for k in range(u.size):
            s[k] = one if u[k] >= theta else np.float32(0)
    elif p.surrogate == surrogate.ARCTAN:
        slope, share = np.float32(0.5 * np.pi * p.beta), np.float32(1 / np.pi)
        for k in range(u.size):
            s[k] = half + share * _arctan(slope * (u[k] - theta))
    else:
        slope = np.float32(0.5 * p.beta)
        for k in range(u.size):
            s[k] = half + half * _tanh(slope * (u[k] - theta))


@jit
def fire(x: np.ndarray, v: np.ndarray, p: Parameters, u: np.ndarray, s: np.ndarray) -> None:
    """One step: membrane before reset u and spikes s; v goes from v[t−1] to v[t]."""
    decay, theta, one = np.float32(p.decay), np.float32(p.threshold), np.float32(1)
    if p.forward == HARD:
        fire_hard(x, p.gain, p.offset, v, u, s, decay, theta, p.subtract)
        return
    for k in range(x.size):
        u[k] = decay * v[k] + (p.gain[k] * x[k] + p.offset[k])
    spikes(u, p, s)
    if p.subtract:
        for k in range(u.size):
            v[k] = u[k] - theta * s[k]
    else:
        for k in range(u.size):
            v[k] = u[k] * (one - s[k])


@jit
def pool(s: np.ndarray, p: Parameters, pooled: np.ndarray) -> None:
    """Maximum over each window of whole rows of windows: s [rows·W·C] → pooled [rows//pool·W//pool·C]; s is lost."""
    rows = s.reshape(s.size // p.width, p.width)
    out = pooled.reshape(rows.shape[0] // p.pool, -1)
    for i in range(out.shape[0]):
        _pool_row(rows[i * p.pool : (i + 1) * p.pool], p.pool, p.channels, out[i])


@jit
def _pool_row(s: np.ndarray, size: int, channels: int, pooled: np.ndarray) -> None:
    """One row of windows: s [size, W·C] → pooled [W//size·C]; s[0] is overwritten."""
    for j in range(1, size):
        for k in range(s.shape[1]):
            s[0, k] = max(s[0, k], s[j, k])
    for i in range(pooled.size // channels):
        to, at = i * channels, i * size * channels
        for c in range(channels):
            pooled[to + c] = s[0, at + c]
        for _ in range(1, size):
            at += channels
            for c in range(channels):
                pooled[to + c] = max(pooled[to + c], s[0, at + c])


@jit
def spread(pooled: np.ndarray, grad: np.ndarray, s: np.ndarray, p: Parameters, out: np.ndarray) -> None:
    """Each window's gradient to its first maximum, as max_pool2d does; pooled and grad as in `pool`, s, out a block."""
    count = s.size // (p.width * p.pool)
    rows, to = s.reshape(count * p.pool, p.width), out.reshape(count * p.pool, p.width)
    top, left = pooled.reshape(count, -1), grad.reshape(count, -1)
    for i in range(count):
        part = slice(i * p.pool, (i + 1) * p.pool)
        _spread_row(top[i], left[i], rows[part], p, to[part])


@jit
def _spread_row(pooled: np.ndarray, grad: np.ndarray, s: np.ndarray, p: Parameters, out: np.ndarray) -> None:
    """`spread` of one row of windows; s, out [pool, W·C], pooled, grad [W//pool·C]."""
    left, channels, zero = grad.copy(), np.uint64(p.channels), np.float32(0)
    covered = pooled.size * p.pool
    for j in range(p.pool):
        row, to = s[j], out[j]
        for i in range(pooled.size // p.channels):
            window = np.uint64(i) * channels
            for dx in range(p.pool):
                at = window * np.uint64(p.pool) + np.uint64(dx) * channels
                take(to, row, at, pooled, left, window, channels)
        for k in range(covered, p.width):  # columns outside every window
            to[k] = zero


@jit
def slopes(u: np.ndarray, s: np.ndarray, p: Parameters, out: np.ndarray) -> None:
    """dσ/du of logistic spikes."""
    one, beta, theta = np.float32(1), np.float32(p.beta), np.float32(p.threshold)
    if p.forward == SMOOTH:
        for k in range(u.size):
            out[k] = beta * s[k] * (one - s[k])
    else:
        for k in range(u.size):
            twice = _tanh(np.float32(0.5) * beta * (u[k] - theta))
            out[k] = np.float32(0.25) * beta * (one - twice * twice)


@jit
def back(
    grad_s: np.ndarray, u: np.ndarray, s: np.ndarray, p: Parameters, grad_v: np.ndarray, grad: np.ndarray
) -> None:
    """One step: grad := dL/du; grad_v from dL/dv[t] to dL/dv[t−1]. Of logistic spikes grad holds dσ/du before."""
    decay, theta, one = np.float32(p.decay), np.float32(p.threshold), np.float32(1)
    through = one if p.forward == SMOOTH else np.float32(0)  # the reset
    slope, top = np.float32(0.5 * np.pi * p.beta), np.float32(0.5 * p.beta)
    if p.surrogate == surrogate.ARCTAN and p.subtract:
        for k in range(u.size):
            z = slope * (u[k] - theta)
            by_u = top / (one + z * z)
            g = grad_s[k] * by_u + grad_v[k] * (one - through * theta * by_u)
            grad[k] = g
            grad_v[k] = decay * g
    elif p.surrogate == surrogate.ARCTAN:
        for k in range(u.size):
            z = slope * (u[k] - theta)
            by_u = top / (one + z * z)
            g = grad_s[k] * by_u + grad_v[k] * (one - s[k] - through * u[k] * by_u)
            grad[k] = g
            grad_v[k] = decay * g
    elif p.subtract:
        for k in range(u.size):
            g = grad_s[k] * grad[k] + grad_v[k] * (one - through * theta * grad[k])
            grad[k] = g
            grad_v[k] = decay * g
    else:
        for k in range(u.size):
            g = grad_s[k] * grad[k] + grad_v[k] * (one - s[k] - through * u[k] * grad[k])
            grad[k] = g
            grad_v[k] = decay * g


@jit
def step_back(
    grad_pooled: np.ndarray,
    pooled: np.ndarray,
    u: np.ndarray,
    s: np.ndarray,
    p: Parameters,
    grad_v: np.ndarray,
    grad: np.ndarray,
) -> None:
    """grad := dL/du of a block at a step; grad_v goes from dL/dv[t] to dL/dv[t−1]. Hard spikes are written to s."""
    grad_s = np.empty(u.size, np.float32)
    if p.forward == HARD:
        spikes(u, p, s)
    spread(pooled, grad_pooled, s, p, grad_s)
    if p.surrogate != surrogate.ARCTAN:
        slopes(u, s, p, grad)
    back(grad_s, u, s, p, grad_v, grad)


@jit
def add_sums(grad: np.ndarray, x: np.ndarray, p: Parameters, sums: np.ndarray) -> None:
    """sums [3, block]: row 0 += grad, row 1 += grad·(x − mean)."""
    total, with_x = sums[0], sums[1]
    for k in range(x.size):
        total[k] += grad[k]
        with_x[k] += grad[k] * (x[k] - p.mean[k])


@jit
def add_decay_sum(grad: np.ndarray, u: np.ndarray, s: np.ndarray, p: Parameters, sums: np.ndarray) -> None:
    """sums [3, block]: row 2 += grad[t]·v[t−1], of which u and s are step t−1's; hard spikes are written to s."""
    theta, one, total = np.float32(p.threshold), np.float32(1), sums[2]
    if p.forward == HARD:
        spikes(u, p, s)
    for k in range(u.size):
        v = u[k] - theta * s[k] if p.subtract else u[k] * (one - s[k])
        total[k] += grad[k] * v
