"""Batch norm, leaky integrate-and-fire and OR pool as one pass over memory, forward and backward; see trainer/fused.py.

Arrays are channels-last: a row of an image is W·C floats, channel fastest, so that the inner loops run over whole
rows. The backward pass computes the membranes anew, row by row in cache, from what the forward pass read; nothing but
its input is kept. Each recording is one task and sums are joined in order of recordings: threads change no bit.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from edge_sast.jit import jit
from trainer import fast_math, surrogate

_arctan = jit(fast_math.arctan)
_tanh = jit(fast_math.tanh)

SMOOTH, HARD = 0, 1
CACHED = 1 << 16  # membranes that a recording's backward pass holds at once, while rows allow it


class Parameters(NamedTuple):
    """What the kernels need beside images; arrays are float32[W·C], a channel's value at each of its places."""

    forward: int  # SMOOTH or HARD
    surrogate: int
    beta: float
    subtract: bool  # reset: subtract the threshold, else to zero
    decay: float
    threshold: float
    pool: int  # side of the window; 1 is no pool
    channels: int
    learn_decay: bool  # the backward pass sums dL/ddecay
    gain: np.ndarray  # current = gain·x + offset
    offset: np.ndarray
    mean: np.ndarray  # of x: Σ grad·(x − mean) is summed


@jit
def _per_channel(row: np.ndarray, totals: np.ndarray) -> None:
    """totals float64[C] := sums of row [W·C] over W."""
    totals[:] = 0.0
    for start in range(0, row.size, totals.size):
        for c in range(totals.size):
            totals[c] += row[start + c]


def moments(x: np.ndarray, means: np.ndarray, squares: np.ndarray) -> None:
    """Mean and sum of squared deviations of each image and channel: x [N, H, W·C] → two float64[N, C]."""
    count, width, channels = x.shape[1] * x.shape[2] // means.shape[1], x.shape[2], means.shape[1]
    for n in numba.prange(x.shape[0]):
        mean, total = np.empty(width, np.float32), np.zeros(width, np.float32)
        for h in range(x.shape[1]):
            for k in range(width):
                total[k] += x[n, h, k]
        _per_channel(total, means[n])
        for c in range(channels):
            means[n, c] = np.float32(means[n, c] / count)
        for start in range(0, width, channels):
            for c in range(channels):
                mean[start + c] = means[n, c]
        total[:] = np.float32(0)
        for h in range(x.shape[1]):
            for k in range(width):
                deviation = x[n, h, k] - mean[k]
                total[k] += deviation * deviation
        _per_channel(total, squares[n])


@jit
def _fire(x: np.ndarray, p: Parameters, v: np.ndarray, u: np.ndarray, s: np.ndarray) -> None:
    """One step of one row: membrane before reset u and spikes s; v goes from v[t−1] to v[t]. All float32[W·C]."""
    decay, theta, one = np.float32(p.decay), np.float32(p.threshold), np.float32(1)
    for k in range(x.size):
        u[k] = decay * v[k] + (p.gain[k] * x[k] + p.offset[k])
    if p.forward == HARD:
        for k in range(x.size):
            s[k] = one if u[k] >= theta else np.float32(0)
    elif p.surrogate == surrogate.ARCTAN:
        slope, share = np.float32(0.5 * np.pi * p.beta), np.float32(1 / np.pi)
        for k in range(x.size):
            s[k] = np.float32(0.5) + share * _arctan(slope * (u[k] - theta))
    else:
        slope = np.float32(0.5 * p.beta)
        for k in range(x.size):
            s[k] = np.float32(0.5) + np.float32(0.5) * _tanh(slope * (u[k] - theta))
    if p.subtract:
        for k in range(x.size):
            v[k] = u[k] - theta * s[k]
    else:
        for k in range(x.size):
            v[k] = u[k] * (one - s[k])


@jit
def _pool(s: np.ndarray, size: int, channels: int, pooled: np.ndarray) -> None:
    """Maximum over windows: s [size, W·C] → pooled [W//size·C]; s[0] is overwritten."""
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


def forward(x: np.ndarray, p: Parameters, pooled: np.ndarray, fired: np.ndarray) -> None:
    """x [T, B, H, W·C] → pooled spikes [T, B, H//pool, W//pool·C]; fired float64[B]: sum of spikes before the pool."""
    steps, batch, height, width = x.shape
    for b in numba.prange(batch):
        v, s = np.zeros((height, width), np.float32), np.empty((p.pool, width), np.float32)
        u, count = np.empty(width, np.float32), np.zeros(width, np.float32)
        total = 0.0
        for t in range(steps):
            for h in range(height):
                j = h % p.pool
                _fire(x[t, b, h], p, v[h], u, s[j])
                for k in range(width):
                    count[k] += s[j, k]
                if j == p.pool - 1:
                    _pool(s, p.pool, p.channels, pooled[t, b, h // p.pool])
        for k in range(width):
            total += count[k]
        fired[b] = total


@jit
def _spread(pooled: np.ndarray, grad: np.ndarray, s: np.ndarray, p: Parameters, out: np.ndarray) -> None:
    """Each window's gradient to its first maximum, as max_pool2d does; s, out [pool, W·C], pooled, grad [W//pool·C]."""
    channels, zero = p.channels, np.float32(0)
    left = grad.copy()
    out[:] = zero
    for j in range(p.pool):
        for i in range(pooled.size // channels):
            a = i * channels
            for dx in range(p.pool):
                b = (i * p.pool + dx) * channels
                for c in range(channels):
                    hit = s[j, b + c] == pooled[a + c]
                    out[j, b + c] = left[a + c] if hit else zero
                    left[a + c] = zero if hit else left[a + c]


@jit
def _slopes(u: np.ndarray, s: np.ndarray, p: Parameters, slopes: np.ndarray) -> None:
    """dσ/du of one row."""
    one, beta, theta = np.float32(1), np.float32(p.beta), np.float32(p.threshold)
    if p.surrogate == surrogate.ARCTAN:
        gain, top = np.float32(0.5 * np.pi * p.beta), np.float32(0.5) * beta
        for k in range(u.size):
            z = gain * (u[k] - theta)
            slopes[k] = top / (one + z * z)
    elif p.forward == SMOOTH:
        for k in range(u.size):
            slopes[k] = beta * s[k] * (one - s[k])
    else:
        for k in range(u.size):
            twice = _tanh(np.float32(0.5) * beta * (u[k] - theta))
            slopes[k] = np.float32(0.25) * beta * (one - twice * twice)


@jit
def _back(
    grad_s: np.ndarray, u: np.ndarray, s: np.ndarray, p: Parameters, grad_v: np.ndarray, grad: np.ndarray
) -> None:
    """One step of one row: grad goes from dσ/du to dL/du, grad_v from dL/dv[t] to dL/dv[t−1]."""
    decay, theta, one = np.float32(p.decay), np.float32(p.threshold), np.float32(1)
    through_reset = np.float32(1) if p.forward == SMOOTH else np.float32(0)
    if p.subtract:
        for k in range(u.size):
            g = grad_s[k] * grad[k] + grad_v[k] * (one - through_reset * theta * grad[k])
            grad[k] = g
            grad_v[k] = decay * g
    else:
        for k in range(u.size):
            g = grad_s[k] * grad[k] + grad_v[k] * (one - s[k] - through_reset * u[k] * grad[k])
            grad[k] = g
            grad_v[k] = decay * g


@jit
def _add_sums(grad: np.ndarray, x: np.ndarray, p: Parameters, sums: np.ndarray) -> None:
    """sums [3, W·C]: row 0 += grad, row 1 += grad·(x − mean)."""
    for k in range(x.size):
        sums[0, k] += grad[k]
        sums[1, k] += grad[k] * (x[k] - p.mean[k])


@jit
def _add_decay_sum(grad: np.ndarray, u: np.ndarray, s: np.ndarray, p: Parameters, sums: np.ndarray) -> None:
    """sums [3, W·C]: row 2 += grad[t]·v[t−1], of which u and s are step t−1's."""
    theta, one = np.float32(p.threshold), np.float32(1)
    for k in range(u.size):
        v = u[k] - theta * s[k] if p.subtract else u[k] * (one - s[k])
        sums[2, k] += grad[k] * v


class Rows(NamedTuple):
    """Windows first to last (exclusive) of recording b: a part whose membranes fit the cache."""

    b: int
    first: int
    last: int


@jit
def _membranes(x: np.ndarray, p: Parameters, at: Rows, u: np.ndarray, s: np.ndarray) -> None:
    """What the forward pass computed in these rows: u, s [T, rows, W·C]."""
    v = np.zeros(u.shape[1:], np.float32)
    for t in range(u.shape[0]):
        for j in range(u.shape[1]):
            _fire(x[t, at.b, at.first * p.pool + j], p, v[j], u[t, j], s[t, j])


@jit
def _back_in_time(
    grad_pooled: np.ndarray,
    pooled: np.ndarray,
    x: np.ndarray,
    p: Parameters,
    at: Rows,
    grad: np.ndarray,
    sums: np.ndarray,
) -> None:
    """`backward` of some rows; sums [3, W·C] are added to."""
    steps, width = x.shape[0], x.shape[3]
    shape = (steps, (at.last - at.first) * p.pool, width)
    u, s = np.empty(shape, np.float32), np.empty(shape, np.float32)
    _membranes(x, p, at, u, s)
    grad_v, grad_s = np.zeros(shape[1:], np.float32), np.empty((p.pool, width), np.float32)
    for t in range(steps - 1, -1, -1):
        for k in range(shape[1]):
            j, i, h = k % p.pool, at.first + k // p.pool, at.first * p.pool + k
            if j == 0:
                _spread(pooled[t, at.b, i], grad_pooled[t, at.b, i], s[t, k : k + p.pool], p, grad_s)
            row = grad[t, at.b, h]
            _slopes(u[t, k], s[t, k], p, row)
            _back(grad_s[j], u[t, k], s[t, k], p, grad_v[k], row)
            _add_sums(row, x[t, at.b, h], p, sums)
            if t and p.learn_decay:
                _add_decay_sum(row, u[t - 1, k], s[t - 1, k], p, sums)


def backward(
    grad_pooled: np.ndarray,
    pooled: np.ndarray,
    x: np.ndarray,
    p: Parameters,
    grad: np.ndarray,
    sums: np.ndarray,
) -> None:
    """grad [T, B, H, W·C] := dL/dcurrent; sums float32[B, 3, W·C]: Σ grad, Σ grad·(x − mean), dL/ddecay."""
    steps, batch, height, width = x.shape
    whole = height // p.pool  # windows above each other
    at_once = min(max(CACHED // (steps * width * p.pool), 1), whole)
    for b in numba.prange(batch):
        sums[b] = np.float32(0)
        for i in range(0, whole, at_once):
            _back_in_time(grad_pooled, pooled, x, p, Rows(b, i, min(i + at_once, whole)), grad, sums[b])
        for t in range(steps):
            grad[t, b, whole * p.pool :] = np.float32(0)  # rows outside every window


def through_norm(
    grad: np.ndarray, x: np.ndarray, by_grad: np.ndarray, by_x: np.ndarray, rest: np.ndarray
) -> None:
    """grad := by_grad·grad + by_x·x + rest, in place; grad and x [N, H, W·C], the others [W·C]."""
    for n in numba.prange(x.shape[0]):
        for h in range(x.shape[1]):
            for k in range(x.shape[2]):
                grad[n, h, k] = by_grad[k] * grad[n, h, k] + by_x[k] * x[n, h, k] + rest[k]


moments_parallel = jit(moments, parallel=True)
forward_parallel = jit(forward, parallel=True)
backward_parallel = jit(backward, parallel=True)
through_norm_parallel = jit(through_norm, parallel=True)
