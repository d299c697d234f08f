"""Which class is taken for which."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

KEY = "confusion"


def confusion(labels: NDArray, predictions: NDArray, classes: int) -> list[list[int]]:
    """Counts, a row for each class, a column for each answer.

    labels: int [N], of a class, or −1, which is left out. predictions: int [N], of a class.
    """
    known = labels >= 0
    pairs = labels[known] * classes + predictions[known]
    counts: list[list[int]] = (
        np.bincount(pairs, minlength=classes * classes).reshape(classes, classes).tolist()
    )
    return counts
