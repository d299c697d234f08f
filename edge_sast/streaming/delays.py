"""How long decisions take, as a table of fixed size."""

from __future__ import annotations

import math

import numpy as np

STEP = 1.05  # from one place of the table to the next
PLACES = 500  # from 1 µs on, so up to hours


class Delays:
    """Counts delays; tells what a share of them stays within, at most 5 % too high."""

    def __init__(self) -> None:
        self._counts = np.zeros(PLACES, np.int64)

    def add(self, seconds: float, count: int) -> None:
        """`count` decisions took so long."""
        place = math.ceil(math.log(max(seconds * 1e6, 1.0), STEP))
        self._counts[min(place, PLACES - 1)] += count

    def within_ms(self, share: float) -> float | None:
        """Milliseconds that this share of the decisions stays within; None of none."""
        total = int(self._counts.sum())
        if not total:
            return None
        place = int(np.searchsorted(np.cumsum(self._counts), math.ceil(share * total)))
        return float(STEP**place * 1e-3)
