"""Loops over a block of rows, one time step at a time: what trainer/kernels/fused.py is made of.

A block is a flat piece of a channels-last image: whole rows of windows, each `pool` rows of W·C floats. Loops run over
all of it at once and touch few arrays, as LLVM tests at run time that they do not overlap, and gives up vectors where
it would take many tests. Where windows and sums come in, the vectors are written out (vectors.py): what a row
of channels does is then one pass, and sums are kept for each column alone, so that they stay in the first cache.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from edge_sast.jit import jit
from trainer.formulas import fast_math, surrogate
from trainer.kernels import vectors

_arctan = jit(fast_math.arctan, inner=True)
_tanh = jit(fast_math.tanh, inner=True)

SMOOTH, HARD = 0, 1


class Parameters(NamedTuple):
    """What the kernels need beside images; float32 arrays are of the largest block's size, channels' values."""

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


@functools.partial(jit, inner=True)
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


@functools.partial(jit, inner=True)
def fire(x: np.ndarray, v: np.ndarray, p: Parameters, u: np.ndarray, s: np.ndarray) -> None:
    """One step: membrane before reset u, and smooth spikes s; v goes from v[t−1] to v[t]."""
    decay, theta, one = np.float32(p.decay), np.float32(p.threshold), np.float32(1)
    if p.forward == HARD:
        first, width = np.uint64(0), np.uint64(p.width)
        for row in range(x.size // p.width):
            at = np.uint64(row) * width
            vectors.fire(x, at, p.gain, p.offset, first, v, decay, theta, p.subtract, u, width)
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


@functools.partial(jit, inner=True)
def step(
    x: np.ndarray,
    v: np.ndarray,
    p: Parameters,
    u: np.ndarray,
    s: np.ndarray,
    pooled: np.ndarray,
    fired: np.ndarray,
) -> None:
    """A step and its pool: x, v [rows·W·C] → pooled [rows//pool·W//pool·C]; u and s are lost.

    fired [W·C] grows by the spikes, also those outside every window.
    """
    if p.forward == SMOOTH:
        fire(x, v, p, u, s)
    channels, across = _windows(p)
    covered, beside = x.size // (p.width * p.pool) * p.pool, across * p.pool * channels
    for row in range(x.size // p.width):
        begin = row * p.width
        for i in range(across if row < covered else 0):
            to = (row // p.pool * across + i) * channels
            for dx in range(p.pool):
                column, first = (i * p.pool + dx) * channels, row % p.pool + dx == 0
                _step_some(x, v, p, s, fired, begin, column, channels, pooled, to, first)
        column = beside if row < covered else 0
        _step_some(x, v, p, s, fired, begin, column, p.width - column, u, begin + column, True)


@functools.partial(jit, inner=True)
def _windows(p: Parameters) -> tuple[int, int]:
    """Floats of a window's row and windows of a row: without a pool, a row of neurons is one window after another."""
    return (p.width, 1) if p.pool == 1 else (p.channels, p.width // p.channels // p.pool)


@functools.partial(jit, inline=True)
def _step_some(
    x: np.ndarray,
    v: np.ndarray,
    p: Parameters,
    s: np.ndarray,
    fired: np.ndarray,
    row: int,
    column: int,
    count: int,
    pooled: np.ndarray,
    to: int,
    first: bool,
) -> None:
    """`step` of `count` neurons from a column on, whose windows' maxima are from `to` on; s holds spikes if smooth."""
    at, c, place, many = np.uint64(row + column), np.uint64(column), np.uint64(to), np.uint64(count)
    if p.forward == SMOOTH:
        vectors.fold(s, at, pooled, place, fired, c, first, many)
    else:
        decay, theta = np.float32(p.decay), np.float32(p.threshold)
        vectors.fire_and_fold(
            x, at, p.gain, p.offset, c, v, decay, theta, p.subtract, pooled, place, fired, first, many
        )


@functools.partial(jit, inner=True)
def slopes(u: np.ndarray, s: np.ndarray, p: Parameters, out: np.ndarray) -> None:
    """dσ/du; s is read of smooth spikes alone."""
    one, beta, theta = np.float32(1), np.float32(p.beta), np.float32(p.threshold)
    steepness, top = np.float32(0.5 * np.pi * p.beta), np.float32(0.5 * p.beta)
    if p.surrogate == surrogate.ARCTAN:
        for k in range(u.size):
            z = steepness * (u[k] - theta)
            out[k] = top / (one + z * z)
    elif p.forward == SMOOTH:
        for k in range(u.size):
            out[k] = beta * s[k] * (one - s[k])
    else:
        for k in range(u.size):
            twice = _tanh(np.float32(0.5) * beta * (u[k] - theta))
            out[k] = np.float32(0.25) * beta * (one - twice * twice)


@functools.partial(jit, inner=True)
def step_back(
    grad_pooled: np.ndarray,
    pooled: np.ndarray,
    u: np.ndarray,
    s: np.ndarray,
    p: Parameters,
    grad_v: np.ndarray,
    grad: np.ndarray,
    total: np.ndarray,
) -> None:
    """grad := dL/du of a block at a step; grad_v goes from dL/dv[t] to dL/dv[t−1]; total [W·C] grows by grad.

    A window's gradient goes to its first maximum, as max_pool2d has it. s is read of smooth spikes alone.
    """
    channels, across = _windows(p)
    decay, theta, smooth = np.float32(p.decay), np.float32(p.threshold), p.forward == SMOOTH
    left, count = grad_pooled.copy(), np.uint64(channels)
    s = s if smooth else u  # not read, but loaded: better what is in cache
    for row in range(u.size // p.width):
        begin = row * p.width
        end = begin + p.width
        slopes(u[begin:end], s[begin:end], p, grad[begin:end])
        for i in range(across):
            window = np.uint64((row // p.pool * across + i) * channels)
            for dx in range(p.pool):
                column = np.uint64((i * p.pool + dx) * channels)
                at = np.uint64(begin) + column
                vectors.back(
                    pooled,
                    left,
                    window,
                    u,
                    s,
                    at,
                    grad,
                    grad_v,
                    total,
                    column,
                    decay,
                    theta,
                    p.subtract,
                    smooth,
                    count,
                )
        for k in range(begin + across * p.pool * channels, begin + p.width):  # outside every window
            grad[k] = np.float32(0)


@functools.partial(jit, inner=True)
def add_with_x(grad: np.ndarray, x: np.ndarray, p: Parameters, total: np.ndarray) -> None:
    """total += grad·(x − mean)."""
    for k in range(x.size):
        total[k] += grad[k] * (x[k] - p.mean[k])


@functools.partial(jit, inner=True)
def add_decay_sum(grad: np.ndarray, u: np.ndarray, s: np.ndarray, p: Parameters, sums: np.ndarray) -> None:
    """sums [3, block]: row 2 += grad[t]·v[t−1], of which u and s are step t−1's; hard spikes are written to s."""
    theta, one, total = np.float32(p.threshold), np.float32(1), sums[2]
    if p.forward == HARD:
        spikes(u, p, s)
    for k in range(u.size):
        v = u[k] - theta * s[k] if p.subtract else u[k] * (one - s[k])
        total[k] += grad[k] * v
