"""How a measured quantity is spread: what every command gives of ticks, instructions and latencies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def spread(values: Sequence[float]) -> dict[str, float] | None:
    """Mean, 99th percentile (nearest rank) and largest of what was measured; None of nothing."""
    if not values:
        return None
    array = np.array(values)
    p99 = np.percentile(array, 99, method="inverted_cdf")
    return {"mean": float(array.mean()), "p99": p99.item(), "max": array.max().item()}
