"""What an input of a convolution reaches, along one axis: for runtime, C, bounds and the trainer's fan-outs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class AxisReach(NamedTuple):
    """One axis of a convolution.

    order: int64 [kernel size], the kernel positions as they are laid out.
    reach: int32 [input size, 3]: first output that an input touches, how many, and where its first kernel position
        stands in `order`; the others follow it. All zeros where it touches none.
    """

    order: NDArray[np.int64]
    reach: NDArray[np.int32]

    @property
    def counts(self) -> NDArray[np.int32]:
        """int32 [input size]: how many outputs each input touches."""
        return self.reach[:, 1]


def output_size(size: int, kernel: int, stride: int, padding: int) -> int:
    """Outputs along one axis, below 1 where the kernel does not fit."""
    return (size + 2 * padding - kernel) // stride + 1


def axis_reach(size: int, kernel: int, stride: int, padding: int) -> AxisReach:
    """Input i meets output o at kernel position i + padding - o * stride.

    Ascending outputs meet kernel positions that descend in steps of the stride. Laid out so, one remainder
    after the other, the positions that an input meets are neighbours.
    """
    positions = np.arange(kernel)
    order = np.lexsort((-positions, positions % stride))
    place = np.argsort(order)
    shifted = np.arange(size) + padding
    first = np.maximum(0, (shifted - kernel) // stride + 1)
    last = np.minimum(output_size(size, kernel, stride, padding) - 1, shifted // stride)
    touches = first <= last
    start = place[np.where(touches, shifted - first * stride, 0)]
    reach = np.stack([first, last - first + 1, start], axis=1) * touches[:, None]
    return AxisReach(order.astype(np.int64), reach.astype(np.int32))
