"""Values counted into ranges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_sast.report.page.inputs import Histogram

MOST_RANGES = 64


def histogram(values: NDArray, edges: NDArray) -> Histogram:
    """values: any shape, at least one; what lies beyond the edges counts in the outermost ranges. edges: ascending."""
    inside = np.clip(values, edges[0], edges[-1])
    shares = np.histogram(inside, edges)[0] / values.size
    return Histogram(tuple(map(float, edges)), tuple(float(f"{share:.6g}") for share in shares))


def integer_edges(low: int, high: int) -> NDArray[np.float64]:
    """Edges of at most MOST_RANGES ranges that hold as many integers each, from low to high or beyond."""
    width = -(-(high - low + 1) // MOST_RANGES)
    ranges = -(-(high - low + 1) // width)
    return low - 0.5 + width * np.arange(ranges + 1, dtype=np.float64)
