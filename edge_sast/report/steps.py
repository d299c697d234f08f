"""How many steps recordings took: of a model that answers early, what every command says of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

QUANTILES = (10, 50, 90)  # percent


def steps_figures(steps: Sequence[int] | np.ndarray, most: int) -> dict[str, Any] | None:
    """Mean, quantiles (nearest rank) and histogram of steps computed; None of no recordings.

    most: the model's steps. histogram: how many recordings took 1, 2, ... `most` steps.
    """
    taken = np.asarray(steps, np.int64)
    if not len(taken):
        return None
    quantiles = {f"p{q}": int(np.percentile(taken, q, method="inverted_cdf")) for q in QUANTILES}
    histogram = np.bincount(taken, minlength=most + 1)[1:].tolist()
    return {"mean": float(taken.mean()), **quantiles, "max": int(taken.max()), "histogram": histogram}


def steps_line(figures: dict[str, Any], most: int) -> str:
    """The same for people, in a line."""
    shares = ", ".join(f"{q} % within {figures[f'p{q}']}" for q in QUANTILES)
    mean, last = figures["mean"], figures["max"]
    return f"answered after {mean:.2f} of {most} steps in the mean: {shares}, the last after {last}"
