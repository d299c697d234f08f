"""The loops of lif_kernels and lif_gradients as Triton kernels: what they compute is stated in operations/lif.py.

A program holds BLOCK neurons in registers and goes through all steps, so each tensor is read or written once. Memory
is [T, N], N = R·K neurons as rows of lif_kernels; neuron i has channel i // K mod C.

`neuron` is (table, T, N, K, C), table being float32 [2 + T + 3·C]: τ, the share of draws, β of each step, thresholds,
scales and first membranes of the channels. lots, uint8 [T, N], is what backward must know of the draws: in a MIXED pass
whether the spike is H, in a STOCHASTIC one the spike itself, under a mask whether the slope stays; None without draws.
Spikes are not kept for backward, which makes them anew of membranes and lots.

Launch them with enable_fp_fusion=False: τ·v + I is then rounded twice, as on a CPU, and hard spikes are the same bits.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import triton
import triton.language as tl

from trainer.formulas import surrogate
from trainer.kernels import lif as lif_kernels

BLOCK = tl.constexpr(128)
HARD, INTEGER = tl.constexpr(lif_kernels.HARD), tl.constexpr(lif_kernels.INTEGER)
MIXED, STOCHASTIC = tl.constexpr(lif_kernels.MIXED), tl.constexpr(lif_kernels.STOCHASTIC)
ARCTAN, LOGISTIC = tl.constexpr(surrogate.ARCTAN), tl.constexpr(surrogate.LOGISTIC)
TRIANGLE, RECTANGLE = tl.constexpr(surrogate.TRIANGLE), tl.constexpr(surrogate.RECTANGLE)
ASYMMETRIC = tl.constexpr(surrogate.ASYMMETRIC)
# After a tensor in products: before one, the interpreter cannot multiply them.
HALF_PI, INVERSE_PI = tl.constexpr(0.5 * math.pi), tl.constexpr(1.0 / math.pi)


class How(NamedTuple):
    """What a kernel is compiled for; see lif_kernels.Parameters."""

    forward: int
    surrogate: int
    masked: bool
    learn_beta: bool
    learn_tau: bool
    subtract: bool
    detach_reset: bool
    first_shift: int
    second_shift: int
    low: int  # INTEGER only
    high: int


@triton.jit
def forward(current, noise, lots, neuron, spikes, membrane, how: tl.constexpr):
    """current → spikes and membrane before reset, float32 [T, N], and lots of the noise in [0, 1) where it is drawn."""
    table, steps, neurons, _, _ = neuron
    at, inside, theta, _, v = _place(neuron)
    decay, share = tl.load(table), tl.load(table + 1)
    for t in range(steps):
        beta = tl.load(table + 2 + t)
        u = _charge(v, tl.load(current + at, mask=inside, other=0.0), decay, how)
        lot = inside
        if noise is not None:
            lot = _lot(u - theta, beta, tl.load(noise + at, mask=inside, other=0.0), share, how)
            tl.store(lots + at, lot.to(tl.uint8), mask=inside)
        s = _spike(u, theta, beta, lot, how)
        tl.store(membrane + at, u, mask=inside)
        tl.store(spikes + at, s, mask=inside)
        v = _after_reset(u, s, theta, how)
        at += neurons


@triton.jit
def backward(grad_spikes, membrane, lots, neuron, grad, sums, how: tl.constexpr):
    """grad [T, N] := dL/dcurrent. sums: float64 [programs, 2], each program's share of dL/dβ and dL/dτ or 0."""
    table, steps, neurons, _, _ = neuron
    at, inside, theta, scale, start = _place(neuron)
    at += (steps - 1) * neurons.to(tl.int64)
    decay, beta = tl.load(table), tl.load(table + 1 + steps)
    u, lot = tl.load(membrane + at, mask=inside, other=0.0), _load_lot(lots, at, inside)
    s = _spike(u, theta, beta, lot, how)
    grad_v = tl.zeros((BLOCK,), tl.float32)
    by_beta, by_tau = grad_v, grad_v
    for done in range(steps):
        earlier = inside & (done + 1 < steps)
        before = at - neurons
        # Asked for now, needed a step later. Of the first step nothing of this is used.
        beta_before = tl.load(table + tl.maximum(steps - done, 2))
        u_before = tl.load(membrane + before, mask=earlier, other=0.0)
        lot_before = _load_lot(lots, before, earlier)
        s_before = _spike(u_before, theta, beta_before, lot_before, how)
        slope = _slope(u - theta, beta, scale, how)
        if how.masked:
            slope = tl.where(lot, slope, 0.0)
        g_spike = tl.load(grad_spikes + at, mask=inside, other=0.0)
        lost = _lost(u, theta, how)
        if how.learn_beta:
            to_spike = g_spike if how.detach_reset else g_spike - lost * grad_v
            by_beta += to_spike * _beta_slope(u - theta, slope, beta, scale, how)
        g = g_spike * slope + grad_v * _through(s, lost * slope, how)
        if how.forward == INTEGER:
            g = tl.where((u > how.low) & (u < how.high), g, 0.0)
        tl.store(grad + at, g, mask=inside)
        if how.learn_tau:
            by_tau += g * tl.where(earlier, _after_reset(u_before, s_before, theta, how), start)
        grad_v = decay * g
        u, s, lot, beta, at = u_before, s_before, lot_before, beta_before, before
    tl.store(sums + 2 * tl.program_id(0), tl.sum(by_beta.to(tl.float64)))
    tl.store(sums + 2 * tl.program_id(0) + 1, tl.sum(by_tau.to(tl.float64)))


@triton.jit
def _place(neuron):
    """Offsets of a program's neurons at the first step, which exist, and their threshold, scale and first membrane."""
    table, steps, neurons, width, channels = neuron
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = at < neurons
    of_channel = table + 2 + steps + at // width % channels
    theta = tl.load(of_channel, mask=inside, other=1.0)
    scale = tl.load(of_channel + channels, mask=inside, other=1.0)
    return at, inside, theta, scale, tl.load(of_channel + 2 * channels, mask=inside, other=0.0)


@triton.jit
def _charge(v, current, decay, how: tl.constexpr):
    if how.forward == INTEGER:
        state = v.to(tl.int32)
        leaked = state
        if how.first_shift > 0:
            leaked -= state >> how.first_shift
        if how.second_shift > 0:
            leaked -= state >> how.second_shift
        u = tl.minimum(tl.maximum(leaked + current.to(tl.int32), how.low), how.high).to(tl.float32)
    else:
        u = decay * v + current
    return u


@triton.jit
def _lot(x, beta, noise, share, how: tl.constexpr):
    if how.forward == MIXED:
        lot = noise < share
    elif how.forward == STOCHASTIC:
        lot = noise < _sigma(x, beta, how)
    else:
        lot = noise >= share
    return lot


@triton.jit
def _load_lot(lots, at, inside):
    return inside if lots is None else tl.load(lots + at, mask=inside, other=0) != 0


@triton.jit
def _spike(u, theta, beta, lot, how: tl.constexpr):
    if how.forward == HARD or how.forward == INTEGER:
        s = (u >= theta).to(tl.float32)
    elif how.forward == STOCHASTIC:
        s = lot.to(tl.float32)
    elif how.forward == MIXED:
        s = tl.where(lot, (u >= theta).to(tl.float32), _sigma(u - theta, beta, how))
    else:
        s = _sigma(u - theta, beta, how)
    return s


@triton.jit
def _after_reset(u, s, theta, how: tl.constexpr):
    return u - theta * s if how.subtract else u * (1.0 - s)


@triton.jit
def _lost(u, theta, how: tl.constexpr):
    """−dv/ds: what a spike takes from the membrane."""
    return theta if how.subtract else u


@triton.jit
def _through(s, lost, how: tl.constexpr):
    """dv/du, of it `lost` through the spike."""
    kept = tl.full(s.shape, 1.0, tl.float32) if how.subtract else 1.0 - s
    if not how.detach_reset:
        kept -= lost
    return kept


@triton.jit
def _sigma(x, beta, how: tl.constexpr):
    """σ_β(x), see trainer/formulas/surrogate.py."""
    if how.surrogate == ARCTAN:
        s = 0.5 + _arctan(beta * HALF_PI * x) * INVERSE_PI
    elif how.surrogate == LOGISTIC:
        s = 0.5 + 0.5 * _tanh(0.5 * beta * x)
    elif how.surrogate == TRIANGLE:
        z = tl.minimum(tl.maximum(beta * x, -2.0), 2.0)
        s = 0.5 + z * (0.5 - 0.125 * tl.abs(z))
    else:
        z = tl.minimum(tl.maximum(beta * x, -1.0), 1.0)
        s = 0.5 + 0.5 * z
        if how.surrogate == ASYMMETRIC:
            s += tl.div_rn(0.25, beta) * (z * z - 1.0)
    return s


@triton.jit
def _slope(x, beta, scale, how: tl.constexpr):
    """dσ/du, u in units of 1/scale."""
    gain = beta * scale
    if how.surrogate == ARCTAN:
        z = gain * HALF_PI * x
        slope = tl.div_rn(0.5 * gain, 1.0 + z * z)
    elif how.surrogate == LOGISTIC:
        twice = _tanh(0.5 * gain * x)  # 2σ − 1
        slope = 0.25 * gain * (1.0 - twice * twice)
    elif how.surrogate == TRIANGLE:
        slope = 0.5 * gain * tl.maximum(1.0 - 0.5 * tl.abs(gain * x), 0.0)
    elif how.surrogate == RECTANGLE:
        slope = tl.where(tl.abs(gain * x) <= 1.0, 0.5 * gain, 0.0)
    else:
        slope = tl.where(tl.abs(gain * x) <= 1.0, 0.5 * (gain + scale * (gain * x)), 0.0)
    return slope


@triton.jit
def _beta_slope(x, slope, beta, scale, how: tl.constexpr):
    """∂σ/∂β of the slope after its mask, see surrogate.beta_slope."""
    by_beta = tl.div_rn(slope * x, beta)
    if how.surrogate == ASYMMETRIC:
        z = beta * scale * x
        by_beta += tl.where(slope > 0.0, tl.div_rn(0.25, beta * beta) * (1.0 - z * z), 0.0)
    return by_beta


@triton.jit
def _arctan(x):
    """See fast_math.arctan."""
    a = tl.abs(x)
    large, medium = a > 2.414213562373095, a > 0.4142135623730950
    numerator = tl.where(large, -1.0, tl.where(medium, a - 1.0, a))
    denominator = tl.where(large, a, tl.where(medium, a + 1.0, 1.0))
    offset = tl.where(large, HALF_PI, tl.where(medium, 0.5 * HALF_PI, 0.0))
    z = tl.div_rn(numerator, denominator)
    q = z * z
    p = ((8.05374449538e-2 * q - 1.38776856032e-1) * q + 1.99777106478e-1) * q - 3.33329491539e-1
    angle = p * q * z + z + offset
    return tl.where(x >= 0, angle, -angle)


@triton.jit
def _tanh(x):
    """See fast_math.tanh."""
    c = tl.minimum(tl.maximum(x, -7.90531110763549805), 7.90531110763549805)
    q = c * c
    p = -2.76076847742355e-16 * q + 2.00018790482477e-13
    p = (p * q + -8.60467152213735e-11) * q + 5.12229709037114e-08
    p = ((p * q + 1.48572235717979e-05) * q + 6.37261928875436e-04) * q + 4.89352455891786e-03
    d = (1.19825839466702e-06 * q + 1.18534705686654e-04) * q + 2.26843463243900e-03
    return tl.div_rn(c * p, d * q + 4.89352518554385e-03)
