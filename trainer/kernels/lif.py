"""Leaky integrate-and-fire through time as jitted loops over [T, rows, width]; lif_gradients goes back through it.

A row is one channel of one recording (row r has channel r mod C), width its positions. What the loops compute is
stated in trainer/operations/lif.py; a slow reference through autograd stands in the tests.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from edge_sast.bulk.parts import Span
from edge_sast.jit import jit
from trainer.formulas import fast_math, surrogate

_arctan = jit(fast_math.arctan, inner=True)
tanh = jit(fast_math.tanh, inner=True)

SMOOTH, HARD, INTEGER, MIXED, STOCHASTIC = range(5)


class Parameters(NamedTuple):
    """What a kernel needs beside its arrays; float32 arrays are per channel [C], `betas` per step [T]."""

    forward: int  # SMOOTH, HARD, INTEGER, MIXED or STOCHASTIC
    surrogate: int
    mix: float  # MIXED only: the share of smooth spikes
    mask: float  # the share of slopes set to zero
    learn_beta: bool  # backward sums dL/dβ
    learn_tau: bool  # backward sums dL/dτ
    subtract: bool  # reset: subtract `taken`, else to zero
    later: bool  # float passes: it is subtracted behind the leak, and v is what a membrane has leaked to
    detach_reset: bool  # no gradient through the reset
    decay: float
    first_shift: int  # INTEGER only; 0 where there is none
    second_shift: int
    low: float  # saturation; infinite where there is none
    high: float
    betas: np.ndarray
    threshold: np.ndarray  # that a membrane spikes at
    taken: (
        np.ndarray
    )  # by a reset by subtraction: the threshold that the neurons spike at or above, or an amount
    scale: np.ndarray  # one unit of the membrane: the surrogate sees (u − threshold)·scale; 1 in float passes
    initial: np.ndarray  # the membrane before the first step


class Neuron(NamedTuple):
    """The scalars of Parameters that loops over a row read: handing them arrays as well would double their cost."""

    forward: int
    surrogate: int
    mix: float
    mask: float
    subtract: bool
    later: bool
    detach_reset: bool
    decay: float
    first_shift: int
    second_shift: int
    low: float
    high: float


class At(NamedTuple):
    """The parameters of one row at one step."""

    theta: float
    scale: float
    beta: float
    taken: float


def scalars(p: Parameters) -> Neuron:
    return Neuron(
        p.forward,
        p.surrogate,
        p.mix,
        p.mask,
        p.subtract,
        p.later,
        p.detach_reset,
        p.decay,
        p.first_shift,
        p.second_shift,
        p.low,
        p.high,
    )


def forward(
    span: Span,
    current: np.ndarray,
    noise: np.ndarray,
    p: Parameters,
    spikes: np.ndarray,
    membrane: np.ndarray,
) -> None:
    """current [T, R, K] → spikes and membrane before reset, both [T, R, K], all float32.

    noise: [T, R, K] in [0, 1) for MIXED and STOCHASTIC, else not read.
    """
    for r in range(span[0], span[1]):
        _forward_row(current, noise, p, r, spikes, membrane)


def _forward_row(
    current: np.ndarray,
    noise: np.ndarray,
    p: Parameters,
    r: int,
    spikes: np.ndarray,
    membrane: np.ndarray,
) -> None:
    n, c = scalars(p), r % p.threshold.size
    v = np.full(current.shape[2], p.initial[c], dtype=np.float32)
    for t in range(current.shape[0]):
        at = At(p.threshold[c], p.scale[c], p.betas[t], p.taken[c])
        _charge(current[t, r], n, v, membrane[t, r])
        _spike(membrane[t, r], n, at, spikes[t, r])
        if n.forward == MIXED or n.forward == STOCHASTIC:
            _draw(noise[t, r], membrane[t, r], n, at.theta, spikes[t, r])
        _after_reset(membrane[t, r], spikes[t, r], n, at.taken, v)


def _charge(current: np.ndarray, n: Neuron, v: np.ndarray, membrane: np.ndarray) -> None:
    if n.forward == INTEGER:
        _integer_membrane(current, n, v, membrane)
    else:
        decay = np.float32(1.0) if n.later else np.float32(n.decay)
        for k in range(v.size):
            membrane[k] = decay * v[k] + current[k]


def _spike(membrane: np.ndarray, n: Neuron, at: At, spikes: np.ndarray) -> None:
    if n.forward == HARD or n.forward == INTEGER:
        for k in range(spikes.size):
            spikes[k] = np.float32(1.0) if membrane[k] >= at.theta else np.float32(0.0)
    else:
        _smooth(membrane, n.surrogate, at, spikes)


def _draw(noise: np.ndarray, membrane: np.ndarray, n: Neuron, theta: float, spikes: np.ndarray) -> None:
    """Smooth spikes become drawn ones: MIXED, H(u − ϑ) with probability 1 − mix; STOCHASTIC, 1 with probability σ."""
    share, one, zero = np.float32(1.0 - n.mix), np.float32(1.0), np.float32(0.0)
    if n.forward == MIXED:
        for k in range(spikes.size):
            step = one if membrane[k] >= theta else zero
            spikes[k] = step if noise[k] < share else spikes[k]
    else:
        for k in range(spikes.size):
            spikes[k] = one if noise[k] < spikes[k] else zero


def _after_reset(membrane: np.ndarray, spikes: np.ndarray, n: Neuron, taken: float, v: np.ndarray) -> None:
    if n.subtract:
        decay = np.float32(n.decay) if n.later else np.float32(1.0)
        for k in range(v.size):
            v[k] = decay * membrane[k] - taken * spikes[k]
    else:
        for k in range(v.size):
            v[k] = membrane[k] * (np.float32(1.0) - spikes[k])


def _smooth(membrane: np.ndarray, kind: int, at: At, spikes: np.ndarray) -> None:
    """spikes := σ_β(membrane − theta), see trainer/formulas/surrogate.py."""
    theta, beta = at.theta, at.beta
    half, one, two = np.float32(0.5), np.float32(1.0), np.float32(2.0)
    if kind == surrogate.ARCTAN:
        gain, share = np.float32(0.5 * np.pi) * beta, np.float32(1.0 / np.pi)
        for k in range(spikes.size):
            spikes[k] = half + share * _arctan(gain * (membrane[k] - theta))
    elif kind == surrogate.LOGISTIC:
        for k in range(spikes.size):
            spikes[k] = half + half * tanh(half * beta * (membrane[k] - theta))
    elif kind == surrogate.TRIANGLE:
        for k in range(spikes.size):
            z = min(max(beta * (membrane[k] - theta), -two), two)
            spikes[k] = half + z * (half - np.float32(0.125) * abs(z))
    elif kind == surrogate.RECTANGLE:
        for k in range(spikes.size):
            spikes[k] = half + half * min(max(beta * (membrane[k] - theta), -one), one)
    else:
        bend = np.float32(0.25) / beta
        for k in range(spikes.size):
            z = min(max(beta * (membrane[k] - theta), -one), one)
            spikes[k] = half + half * z + bend * (z * z - one)


def _integer_membrane(current: np.ndarray, n: Neuron, v: np.ndarray, membrane: np.ndarray) -> None:
    """u = sat(v − (v >> k1) − (v >> k2) + current), on integers that float32 holds exactly."""
    k1, k2 = n.first_shift, n.second_shift
    low, high = np.int32(n.low), np.int32(n.high)
    for k in range(v.size):
        state = np.int32(v[k])
        leaked = state
        if k1 > 0:
            leaked -= state >> np.int32(k1)
        if k2 > 0:
            leaked -= state >> np.int32(k2)
        membrane[k] = min(max(leaked + np.int32(current[k]), low), high)


scalars = jit(scalars, inner=True)
_integer_membrane = jit(_integer_membrane, inner=True)
_charge = jit(_charge, inner=True)
_smooth = jit(_smooth, inner=True)
_spike = jit(_spike, inner=True)
_draw = jit(_draw, inner=True)
_after_reset = jit(_after_reset, inner=True)
_forward_row = jit(_forward_row, inner=True)
forward_jit = jit(forward)
