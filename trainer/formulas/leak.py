"""Leaks that a device can compute: τ = 1 − Σ 2^−k with none, one or two shifts k."""

from __future__ import annotations

import itertools

from edge_sast.errors import EdgeSastError

MAX_LEARNT_SHIFT = 8

Shifts = tuple[int, ...]


def decay(shifts: Shifts) -> float:
    """τ of a tuple of shifts."""
    return 1.0 - sum(2.0**-k for k in shifts)


def _grid() -> list[tuple[float, Shifts]]:
    ks = range(1, MAX_LEARNT_SHIFT + 1)
    choices: list[Shifts] = [(k,) for k in ks] + list(itertools.combinations(ks, 2))
    return sorted((decay(c), c) for c in choices)


GRID = _grid()


def nearest_shifts(tau: float) -> Shifts:
    """The shifts whose decay is closest to τ; of equals, the fewest shifts."""
    return min(GRID, key=lambda entry: (abs(entry[0] - tau), len(entry[1])))[1]


def parse(text: str) -> tuple[Shifts, bool]:
    """`--leak` as (shifts, learnable): "3", "2,4", "none" or "learn" (starts at k = 3)."""
    if text == "none":
        return (), False
    if text == "learn":
        return (3,), True
    try:
        shifts = tuple(int(part) for part in text.split(","))
    except ValueError:
        shifts = ()
    ordered = all(a < b for a, b in itertools.pairwise(shifts))
    if not 1 <= len(shifts) <= 2 or not ordered or not all(1 <= k <= 15 for k in shifts):
        raise EdgeSastError(
            f"--leak is {text!r}; give one shift such as 3 (τ = 1 − 1/8), two ascending such as 2,4, none, or learn"
        )
    return shifts, False
