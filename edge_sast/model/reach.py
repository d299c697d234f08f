"""What an input of a layer reaches, along one axis."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class AxisReach(NamedTuple):
    """One axis of a convolution.

    order: int64 [kernel size], the kernel positions as the runtime lays them out.
    reach: int32 [input size, 3]: first output an input touches, how many, and where its first kernel position
        stands in `order`; the others follow it.
    """

    order: NDArray[np.int64]
    reach: NDArray[np.int32]


def axis_reach(size: int, outputs: int, kernel: int, stride: int, padding: int) -> AxisReach:
    """Input i meets output o at kernel position i + padding - o * stride.

    Ascending outputs meet kernel positions that descend in steps of the stride. Laid out so, one remainder
    after the other, the positions that an input meets are neighbours.
    """
    order = [k for remainder in range(stride) for k in range(kernel - 1, -1, -1) if k % stride == remainder]
    place = np.argsort(order)
    reach = np.zeros((size, 3), np.int32)
    for i in range(size):
        first = max(0, (i + padding - kernel) // stride + 1)
        last = min(outputs - 1, (i + padding) // stride)
        if first <= last:
            reach[i] = first, last - first + 1, place[i + padding - first * stride]
    return AxisReach(np.array(order, np.int64), reach)
