"""A network in real numbers, channel-last, as far as our layers can hold it: what stands between NIR and integers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np


@dataclass(frozen=True, eq=False)
class RealNeuron:
    """One step, of each output channel c: u = decay·v + gain[c]·I + offset[c]; a spike where u > or >= threshold[c].

    kind: "lif" or "integrator" (no threshold). shifts: the leak. lost: 1 - decay as the file has it, of which `shifts`
    lose the same or, where that was asked for, nearly. v is relative to where a reset leads; initial: before the
    first step. noise: what floats may have made of each threshold, relative to it; () of none.
    """

    name: str
    kind: str
    shifts: tuple[int, ...]
    lost: Fraction
    gain: list[Fraction]
    threshold: list[Fraction]
    offset: list[Fraction]
    initial: list[Fraction]
    noise: tuple[Fraction, ...] = ()


@dataclass(frozen=True, eq=False)
class RealLayer:
    """I = factor · (Σ weight · count) + bias; the weights' shapes are those of the model file.

    weight: float64 [kh, kw, c_in, c_out/groups] of a conv2d, [n_in, n_out] of a linear; bias: float64 [c_out];
    recurrent: float64 [n_out, n_out], first index the neuron that fired, or None.
    """

    name: str
    weight: np.ndarray
    bias: np.ndarray
    factor: Fraction
    neuron: RealNeuron
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    groups: int = 1
    recurrent: np.ndarray | None = None

    @property
    def is_conv(self) -> bool:
        return self.weight.ndim == 4


@dataclass(frozen=True)
class RealPool:
    """kind: "sum" or "or", over size × size."""

    kind: str
    size: int


@dataclass(frozen=True)
class RealFlatten:
    """Channel-last, as ours: the weights behind it have their rows in that order already."""


Real = RealLayer | RealPool | RealFlatten
