"""Numbers that stand on a grid: the integers that a channel's weights are multiples of, or are rounded to."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

CLOSE = 2.0**-21  # relative to the largest weight: float32 noise of a step that is no power of two


@dataclass(frozen=True, eq=False)
class Grid:
    """Weights of one output channel: integers of `bits` bits, as few as can be, times step.

    error: the largest difference to a weight, relative to the largest; 0.0 where they are exactly that.
    """

    integers: np.ndarray
    step: Fraction
    error: float


def grid(weights: np.ndarray, bits: int) -> Grid:
    """The grid of weights, float64 [n], with the largest step that holds them in `bits` bits, or else the nearest."""
    high = (1 << (bits - 1)) - 1 if bits > 1 else 1
    largest = float(np.abs(weights).max(initial=0.0))
    if not largest:
        return Grid(np.zeros(weights.shape, np.int64), Fraction(1), 0.0)
    least = float(np.abs(weights[weights != 0]).min())
    for parts in range(1, high + 2):
        step = least / parts
        if largest / step > high + 1.5:
            break
        multiples = weights / step
        near = np.round(multiples)
        if np.abs(multiples - near).max() * step > CLOSE * largest:
            continue
        if near.max() > high or near.min() < -high - 1:
            continue
        exact = Fraction(least) / parts
        _, once = np.unique(weights, return_index=True)  # few numbers, however many weights
        same = all(Fraction(float(weights[i])) == int(near[i]) * exact for i in once)
        return Grid(
            near.astype(np.int64),
            exact,
            0.0 if same else float(np.abs(weights - near * step).max()) / largest,
        )
    exact = Fraction(largest) / high
    near = np.clip(np.round(weights / float(exact)), -high - 1, high)
    error = float(np.abs(weights - near * float(exact)).max()) / largest
    return Grid(near.astype(np.int64), exact, error)
