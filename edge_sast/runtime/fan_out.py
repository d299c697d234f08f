"""Which outputs an input reaches, worked out once per layer."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_sast.errors import EdgeSastError
from edge_sast.model.layers import Shape
from edge_sast.model.reach import AxisReach


def fan_out(
    rows: AxisReach, columns: AxisReach, weight_shape: tuple[int, ...], groups: int, out: Shape
) -> NDArray[np.int32]:
    """What each input neuron of a convolution reaches. weight_shape: [kh, kw, c_in, c_out/groups].

    Returns int32 [inputs, 4]. The columns are the first output neuron, the first weight in
    [c_in][kh][kw][c_out/groups] order (kh and kw as in the axes' `order`), output rows, and output columns.

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
