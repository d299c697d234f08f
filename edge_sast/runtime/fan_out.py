"""Which outputs an input reaches, worked out once per layer."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_sast.errors import EdgeSastError
from edge_sast.model.layers import Shape


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


def fan_out(
    rows: AxisReach, columns: AxisReach, weight_shape: tuple[int, ...], groups: int, out: Shape
) -> NDArray[np.int32]:
    """What each input neuron of a convolution reaches; weight_shape: [kh, kw, c_in, c_out/groups].

    int32 [inputs, 4]: first output neuron; first weight in [c_in][kh][kw][c_out/groups] order, kh and kw as in
    the axes' `order`; output rows; output columns.

    Raises EdgeSastError where that order has more weights than int32 can number.
    """
    kernel_rows, kernel_columns, c_in, group_out = weight_shape
    if math.prod(weight_shape) > np.iinfo(np.int32).max:
        raise EdgeSastError(
            f"weight has {math.prod(weight_shape)} entries; the runtime takes at most 2^31 - 1"
        )
    row, column, channel = rows.reach[:, None, None], columns.reach[None, :, None], np.arange(c_in)
    table = np.zeros((len(rows.reach), len(columns.reach), c_in, 4), np.int32)
    group = channel // (c_in // groups)
    table[..., 0] = (row[..., 0] * out.width + column[..., 0]) * out.channels + group * group_out
    kernel_place = (channel * kernel_rows + row[..., 2]) * kernel_columns + column[..., 2]
    table[..., 1] = kernel_place * group_out
    table[..., 2], table[..., 3] = row[..., 1], column[..., 1]
    return table.reshape(-1, 4)


def pool_targets(size: int, shape: Shape, out: Shape) -> NDArray[np.int32]:
    """Output neuron of each input neuron of a pool, -1 where its window is incomplete. int32 [inputs]."""
    y = np.arange(shape.height)[:, None, None] // size
    x = np.arange(shape.width)[None, :, None] // size
    target = (y * out.width + x) * out.channels + np.arange(shape.channels)
    inside = (y < out.height) & (x < out.width)
    return np.where(inside, target, -1).reshape(-1).astype(np.int32)
