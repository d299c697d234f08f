"""Which of several results nothing else beats."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def pareto_front(costs: Sequence[Sequence[float]]) -> list[bool]:
    """Whether each point stands on the Pareto front.

    Args:
        costs: one row for each point, one column for each objective, all to be minimised; finite numbers.

    Returns:
        False where another point is at least as good in every objective and better in one. Equal points beat
        neither: they stand on the front together, or not at all.
    """
    points = np.asarray(costs, np.float64)
    front = []
    for point in points:
        as_good = (points <= point).all(1)
        better = (points < point).any(1)
        front.append(not bool((as_good & better).any()))
    return front
