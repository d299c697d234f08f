"""Batch norm's affine part, LIF neurons and OR pool as Triton kernels: trainer/operations/fused.py on a GPU.

Tensors are channels-last, [T, B, H, W, C] in memory. A program holds BLOCK windows of one channel each, a window's
`pool`² neurons as rows of a tensor [ROWS, BLOCK], and goes through all steps. Windows at the lower and right edge that
the pool drops are gone through as well: their neurons count in the rate.

`layer` is (table, T, N, H, W, C, windows·C, N of pooled): N neurons per step, and table float32 [2 + 2·C] of τ, β, then
each channel's gain and offset, current = gain·x + offset. The last two could be computed from the others, but as
arguments Triton knows what divides them, and loads four floats at once. Launch with enable_fp_fusion=False, as
lif_triton_kernels.
"""

from __future__ import annotations

from typing import NamedTuple

import triton
import triton.language as tl

from trainer.kernels.lif_triton import _after_reset, _lost, _sigma, _slope, _through

BLOCK = tl.constexpr(128)
PLACES = tl.constexpr(64)  # of one channel, that a program of `moments` and `through_norm` takes
LANES = tl.constexpr(32)  # channels of such a program


class How(NamedTuple):
    """What a kernel is compiled for; threshold as lif_kernels.Parameters has it, the same for all channels."""

    hard: bool
    surrogate: int
    subtract: bool
    detach_reset: bool
    threshold: float
    pool: int
    rows: int  # pool², filled up to a power of two
    learn_tau: bool


@triton.jit
def forward(x, layer, pooled, rates, how: tl.constexpr):
    """x → pooled [T, B, H//pool, W//pool, C], and spikes of each program's neurons to rates float32 [programs]."""
    table, steps, neurons, _, _, _, _, pooled_neurons = layer
    at, inside, to, whole, gain, offset = _windows(layer, how)
    decay, beta = tl.load(table), tl.load(table + 1)
    v = tl.zeros(at.shape, tl.float32)
    fired = v
    for _ in range(steps):
        u = decay * v + (gain * tl.load(x + at, mask=inside, other=0.0) + offset)
        s = _spike(u, beta, how)
        fired += tl.where(inside, s, 0.0)
        tl.store(pooled + to, tl.max(tl.where(inside, s, -1.0), axis=0), mask=whole)
        v = _after_reset(u, s, how.threshold, how)
        at += neurons
        to += pooled_neurons
    tl.store(rates + tl.program_id(0), tl.sum(tl.sum(fired, axis=0), axis=0))


@triton.jit
def backward(grad_pooled, x, layer, mean, grad, sums, how: tl.constexpr):
    """dL/dcurrent to grad [T, B, H, W, C], which first takes the membranes, computed anew.

    sums float32 [3, windows·C]: each window's Σ grad, Σ grad·(x − mean) and dL/dτ.
    """
    table, steps, neurons, _, _, channels, lanes, pooled_neurons = layer
    at, inside, to, whole, gain, offset = _windows(layer, how)
    decay, beta = tl.load(table), tl.load(table + 1)
    v = tl.zeros(at.shape, tl.float32)
    for _ in range(steps):
        u = decay * v + (gain * tl.load(x + at, mask=inside, other=0.0) + offset)
        tl.store(grad + at, u, mask=inside)
        v = _after_reset(u, _spike(u, beta, how), how.threshold, how)
        at += neurons
        to += pooled_neurons
    tl.debug_barrier()  # a thread may read what another one wrote
    lane = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    centre = tl.load(mean + lane % channels)
    grad_v = tl.zeros(at.shape, tl.float32)
    total, with_x, by_tau = grad_v, grad_v, grad_v
    for done in range(steps):
        at -= neurons
        to -= pooled_neurons
        earlier = inside & (done + 1 < steps)
        u = tl.load(grad + at, mask=inside, other=0.0)
        s = _spike(u, beta, how)
        g_spike = _spread(tl.load(grad_pooled + to, mask=whole, other=0.0), tl.where(inside, s, -1.0), how)
        slope = _slope(u - how.threshold, beta, 1.0, how)
        g = g_spike * slope + grad_v * _through(s, _lost(u, how.threshold, how) * slope, how)
        g = tl.where(inside, g, 0.0)
        if how.learn_tau:
            u_before = tl.load(grad + (at - neurons), mask=earlier, other=0.0)
            v_before = _after_reset(u_before, _spike(u_before, beta, how), how.threshold, how)
            by_tau += tl.where(earlier, g * v_before, 0.0)
        total += g
        with_x += g * (tl.load(x + at, mask=inside, other=0.0) - centre[None, :])
        tl.store(grad + at, g, mask=inside)
        grad_v = decay * g
    tl.store(sums + lane, tl.sum(total, axis=0), mask=lane < lanes)
    tl.store(sums + lanes + lane, tl.sum(with_x, axis=0), mask=lane < lanes)
    tl.store(sums + 2 * lanes + lane, tl.sum(by_tau, axis=0), mask=lane < lanes)


@triton.jit
def moments(x, means, squares, places, channels):
    """Mean of PLACES rows of x [places, C], and the sum of squares around it; float32 [programs, C]."""
    row, lane, inside = _tile(places, channels)
    values = tl.load(x + row[:, None] * channels + lane[None, :], mask=inside, other=0.0)
    count = tl.minimum(places - tl.program_id(0) * PLACES, PLACES)
    mean = tl.sum(values, axis=0) / count
    apart = tl.where(inside, values - mean[None, :], 0.0)
    to = tl.program_id(0) * channels + lane
    tl.store(means + to, mean, mask=lane < channels)
    tl.store(squares + to, tl.sum(apart * apart, axis=0), mask=lane < channels)


@triton.jit
def through_norm(grad, x, coefficients, places, channels):
    """grad := a·grad + b·x + c in place; coefficients float32 [3, C]."""
    row, lane, inside = _tile(places, channels)
    at = row[:, None] * channels + lane[None, :]
    there = lane < channels
    a = tl.load(coefficients + lane, mask=there, other=0.0)
    b = tl.load(coefficients + channels + lane, mask=there, other=0.0)
    c = tl.load(coefficients + 2 * channels + lane, mask=there, other=0.0)
    g, values = tl.load(grad + at, mask=inside, other=0.0), tl.load(x + at, mask=inside, other=0.0)
    tl.store(grad + at, a[None, :] * g + b[None, :] * values + c[None, :], mask=inside)


@triton.jit
def _tile(places, channels):
    row = tl.program_id(0).to(tl.int64) * PLACES + tl.arange(0, PLACES)
    lane = tl.program_id(1) * LANES + tl.arange(0, LANES)
    return row, lane, (row < places)[:, None] & (lane < channels)[None, :]


@triton.jit
def _windows(layer, how: tl.constexpr):
    """Offsets [ROWS, BLOCK] of a program's neurons at the first step and which exist; of its windows among the pooled
    [BLOCK] and which are whole; gain and offset of their channels.
    """
    table, _, _, height, width, channels, lanes, _ = layer
    lane = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    c, window = lane % channels, lane // channels
    columns, lines = tl.cdiv(width, how.pool), tl.cdiv(height, how.pool)
    j, i, image = window % columns, window // columns % lines, window // columns // lines
    row = tl.arange(0, how.rows)[:, None]
    y, z = i[None, :] * how.pool + row // how.pool, j[None, :] * how.pool + row % how.pool
    exists = lane < lanes
    inside = exists[None, :] & (row < how.pool * how.pool) & (y < height) & (z < width)
    at = ((image[None, :] * height + y) * width + z) * channels + c[None, :]
    to = ((image * (height // how.pool) + i) * (width // how.pool) + j) * channels + c
    whole = exists & (i < height // how.pool) & (j < width // how.pool)
    gain, offset = tl.load(table + 2 + c), tl.load(table + 2 + channels + c)
    return at, inside, to, whole, gain[None, :], offset[None, :]


@triton.jit
def _spike(u, beta, how: tl.constexpr):
    return (u >= how.threshold).to(tl.float32) if how.hard else _sigma(u - how.threshold, beta, how)


@triton.jit
def _spread(grad, s, how: tl.constexpr):
    """Each window's gradient [BLOCK] to its first maximum [ROWS, BLOCK]."""
    first = tl.argmax(s, axis=0, tie_break_left=True)
    return tl.where(tl.arange(0, how.rows)[:, None] == first[None, :], grad[None, :], 0.0)
