"""Batch norm, leaky integrate-and-fire and OR pool as one pass over memory, forward and backward (operations/fused.py).

Arrays are channels-last: a row of an image is W·C floats, channel fastest. An image is taken in blocks of whole rows of
windows, each through all time steps while it is in cache; the backward pass computes a block's membranes anew from what
the forward pass read, so that nothing but its input is kept. Each recording is one task and sums are joined in order of
recordings: threads change no bit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from edge_sast.bulk.parts import Span
from edge_sast.jit import jit
from trainer.kernels import fused_rows
from trainer.kernels.fused_rows import HARD, Parameters

BLOCK = 1 << 13  # floats of a block, while a row of windows is no larger: shorter ones wait for memory
CACHED = 1 << 19  # membranes of a block over all steps


class Part(NamedTuple):
    """A block of one recording: where it begins in an image [H·W·C] and in a pooled image, and its floats in each."""

    b: int
    start: int
    size: int
    pooled_start: int
    pooled_size: int


def block_rows(steps: int, height: int, width: int, pool: int) -> int:
    """Rows of a block: as many rows of windows as BLOCK and CACHED hold, at least one."""
    most = min(BLOCK, CACHED // steps) // (width * pool)
    return min(max(most, 1), max(height // pool, 1)) * pool


@jit
def per_channel(row: np.ndarray, totals: np.ndarray) -> None:
    """totals float64[C] := sums of row [W·C] over W."""
    totals[:] = 0.0
    for start in range(0, row.size, totals.size):
        for c in range(totals.size):
            totals[c] += row[start + c]


@jit
def total(row: np.ndarray) -> float:
    """Sum in float64."""
    found = 0.0
    for k in range(row.size):
        found += row[k]
    return found


@jit
def image_moments(x: np.ndarray, means: np.ndarray, squares: np.ndarray) -> None:
    """Mean and sum of squared deviations of each channel of an image: x [H, W·C] → two float64[C]."""
    (height, width), channels = x.shape, means.size
    mean, total = np.empty(width, np.float32), np.zeros(width, np.float32)
    for h in range(height):
        for k in range(width):
            total[k] += x[h, k]
    per_channel(total, means)
    for c in range(channels):
        means[c] = np.float32(means[c] / (x.size // channels))
    for start in range(0, width, channels):
        for c in range(channels):
            mean[start + c] = means[c]
    total[:] = np.float32(0)
    for h in range(height):
        for k in range(width):
            deviation = x[h, k] - mean[k]
            total[k] += deviation * deviation
    per_channel(total, squares)


def moments(span: Span, x: np.ndarray, means: np.ndarray, squares: np.ndarray) -> None:
    """`image_moments` of each image: x [N, H, W·C] → two float64[N, C]."""
    for n in range(span[0], span[1]):
        image_moments(x[n], means[n], squares[n])


@jit
def parts(b: int, height: int, rows: int, p: Parameters) -> list[Part]:
    """A recording's blocks; rows outside every window are blocks whose pooled part is empty."""
    whole, across = height // p.pool * p.pool, p.width // p.channels // p.pool * p.channels
    found = []
    for h in range(0, whole, rows):
        taken = min(rows, whole - h)
        found.append(Part(b, h * p.width, taken * p.width, h // p.pool * across, taken // p.pool * across))
    for h in range(whole, height):
        found.append(Part(b, h * p.width, p.width, whole // p.pool * across, 0))
    return found


@jit
def _fire_block(x: np.ndarray, p: Parameters, at: Part, pooled: np.ndarray, fired: np.ndarray) -> None:
    """`forward` of a block; its spikes are added to fired [W·C]."""
    v = np.zeros(at.size, np.float32)
    u, s = np.empty(at.size, np.float32), np.empty(at.size, np.float32)
    windows = slice(at.pooled_start, at.pooled_start + at.pooled_size)
    for t in range(x.shape[0]):
        now = x[t, at.b, at.start : at.start + at.size]
        fused_rows.step(now, v, p, u, s, pooled[t, at.b, windows], fired)


def forward(
    span: Span, x: np.ndarray, p: Parameters, rows: int, pooled: np.ndarray, fired: np.ndarray
) -> None:
    """x [T, B, H·W·C] → pooled spikes [T, B, H//pool·W//pool·C]; fired float64[B]: spikes before it.

    rows: of a block, see `block_rows`.
    """
    for b in range(span[0], span[1]):
        by_column = np.zeros(p.width, np.float32)
        for part in parts(b, x.shape[2] // p.width, rows, p):
            _fire_block(x, p, part, pooled, by_column)
        fired[b] = total(by_column)


@jit
def _back_block(
    grad_pooled: np.ndarray,
    pooled: np.ndarray,
    x: np.ndarray,
    p: Parameters,
    at: Part,
    grad: np.ndarray,
    sums: np.ndarray,
) -> None:
    """`backward` of a block; sums [3, block] are added to, of Σ grad only its first row of neurons."""
    steps = x.shape[0]
    kept = 0 if p.forward == HARD else 1  # hard spikes are made anew of the membrane
    u, s = np.empty((steps, at.size), np.float32), np.empty((kept * (steps - 1) + 1, at.size), np.float32)
    v, grad_v = np.zeros(at.size, np.float32), np.zeros(at.size, np.float32)
    for t in range(steps):
        fused_rows.fire(x[t, at.b, at.start : at.start + at.size], v, p, u[t], s[kept * t])
    windows = slice(at.pooled_start, at.pooled_start + at.pooled_size)
    for t in range(steps - 1, -1, -1):
        row, now = grad[t, at.b, at.start : at.start + at.size], s[kept * t]
        fused_rows.step_back(
            grad_pooled[t, at.b, windows], pooled[t, at.b, windows], u[t], now, p, grad_v, row, sums[0]
        )
        fused_rows.add_with_x(row, x[t, at.b, at.start : at.start + at.size], p, sums[1])
        if t and p.learn_decay:
            fused_rows.add_decay_sum(row, u[t - 1], s[kept * (t - 1)], p, sums)


def backward(
    span: Span,
    grad_pooled: np.ndarray,
    pooled: np.ndarray,
    x: np.ndarray,
    p: Parameters,
    rows: int,
    grad: np.ndarray,
    sums: np.ndarray,
) -> None:
    """grad [T, B, H·W·C] := dL/dcurrent; sums float64[B, 3, C]: Σ grad, Σ grad·(x − mean), dL/ddecay."""
    for b in range(span[0], span[1]):
        by_place = np.zeros((3, rows * p.width), np.float32)
        for part in parts(b, x.shape[2] // p.width, rows, p):
            if part.pooled_size:
                _back_block(grad_pooled, pooled, x, p, part, grad, by_place)
            else:  # outside every window
                for t in range(x.shape[0]):
                    grad[t, b, part.start : part.start + part.size] = np.float32(0)
        for i in range(3):
            per_channel(by_place[i], sums[b, i])


def through_norm(
    span: Span, grad: np.ndarray, x: np.ndarray, by_grad: np.ndarray, by_x: np.ndarray, rest: np.ndarray
) -> None:
    """grad := by_grad·grad + by_x·x + rest, in place; grad and x [N, H, W·C], the others [W·C]."""
    for n in range(span[0], span[1]):
        for h in range(x.shape[1]):
            for k in range(x.shape[2]):
                grad[n, h, k] = by_grad[k] * grad[n, h, k] + by_x[k] * x[n, h, k] + rest[k]


moments_jit = jit(moments)
forward_jit = jit(forward)
backward_jit = jit(backward)
through_norm_jit = jit(through_norm)
