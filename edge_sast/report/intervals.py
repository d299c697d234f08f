"""Confidence intervals: of a mean over runs (Student's t), and of an accuracy over recordings (Wilson).

Several runs that differ in their seed are a sample of all seeds: mean ± t·s/√n with n − 1 degrees of freedom, s the
standard deviation with n − 1 in its denominator (Student 1908). Limits are not clipped to the possible range. One run
says nothing of seeds: its accuracy gets the interval of E. B. Wilson (1927) for k right answers of n recordings, which
speaks of other recordings for this very network.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist, mean, stdev
from typing import Any

LEVEL = 0.95
HALVINGS = 60  # of an angle below π/2: exact to the last digits of a double


def t_quantile(degrees: int, level: float = LEVEL) -> float:
    """The t with P(|T| ≤ t) = level for Student's T with `degrees` ≥ 1 degrees of freedom."""
    low, high = 0.0, math.pi / 2
    for _ in range(HALVINGS):
        angle = (low + high) / 2
        low, high = (angle, high) if _t_within(angle, degrees) < level else (low, angle)
    return math.sqrt(degrees) * math.tan((low + high) / 2)


def _t_within(angle: float, degrees: int) -> float:
    """P(|T| ≤ √ν·tan(angle)): Abramowitz & Stegun 1964, 26.7.3 and 26.7.4."""
    odd = degrees % 2
    cosine = math.cos(angle)
    term, total = (cosine, 0.0) if odd else (1.0, 0.0)
    for k in range(3 if odd else 2, degrees + 1, 2):
        total += term
        term *= cosine * cosine * (k - 1) / k
    share = math.sin(angle) * total
    return 2 / math.pi * (angle + share) if odd else share


def over_runs(values: Sequence[float]) -> dict[str, float]:
    """mean, deviation (standard, n − 1), and low and high of the interval of the mean; two values or more."""
    centre, deviation = mean(values), stdev(values)
    half = t_quantile(len(values) - 1) * deviation / math.sqrt(len(values))
    return {"mean": centre, "deviation": deviation, "low": centre - half, "high": centre + half}


def wilson(right: int, total: int) -> tuple[float, float]:
    """Limits of the share of right answers, `right` of `total` ≥ 1."""
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    share, weight = right / total, z * z / total
    centre = (share + weight / 2) / (1 + weight)
    half = z * math.sqrt(share * (1 - share) / total + weight / (4 * total)) / (1 + weight)
    return max(0.0, centre - half), min(1.0, centre + half)


def summarise(runs: Sequence[Any]) -> Any:
    """Figures of several runs as one of the same shape: fractions become `over_runs` of them.

    What is not a fraction (names, counts, settings) stays where it is the same in every run; a count that differs is
    taken like a fraction, a text that differs becomes None. Keys that not every run has are left out.
    """
    first = runs[0]
    if isinstance(first, Mapping):
        return {
            key: summarise([run[key] for run in runs]) for key in first if all(key in run for run in runs)
        }
    if isinstance(first, list) and all(isinstance(run, list) and len(run) == len(first) for run in runs):
        return [summarise(each) for each in zip(*runs, strict=True)]
    if any(isinstance(run, float) for run in runs) and None not in runs:
        return over_runs(runs)
    if all(run == first for run in runs):
        return first
    return over_runs(runs) if all(type(run) is int for run in runs) else None
