"""Which outputs an input reaches, worked out once per layer."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_sast.errors import EdgeSastError
from edge_sast.model.layers import Shape
from edge_sast.model.reach import AxisReach

FAN_OUT_DTYPE = np.dtype(
    [
        (name, np.int32)
        for name in (
            "output",  # first output neuron, from the layer's first
            "weight",  # first weight, from the layer's first
            "end",  # where the weights of one more row of outputs would begin
            "positions",  # of the output that are reached; below 0 where its run is not as long as the longest
        )
    ]
)


class KernelColumns(NamedTuple):
    """The columns of a kernel as they are laid out, and what each input column adds of them.

    order: int64 [places], kernel positions, the kernel's size for a column of zeros.
    reach: int32 [input columns, 4]: first output, how many are reached, first place, how many places are added.
    """

    order: NDArray[np.int64]
    reach: NDArray[np.int32]


def kernel_columns(axis: AxisReach, stride: int, width: int) -> KernelColumns:
    """`axis` with as many places for each remainder of the stride. width: output columns.

    Where the stride does not divide the kernel, every second or so input reaches one output less. What is added for it
    has as many columns nevertheless, the last of them zeros: a processor guesses how often a loop turns, and a wrong
    guess takes longer than many additions.
    """
    kernel = len(axis.order)
    most = -(-kernel // stride)
    remainders = axis.order % stride
    rank = np.arange(kernel) - np.searchsorted(remainders, remainders)
    places = remainders * most + rank
    order = np.full(min(stride, kernel) * most, kernel, np.int64)
    order[places] = axis.order
    first, count, place = axis.reach.T
    whole = (rank[place] == 0) & (count == np.bincount(remainders)[remainders[place]])
    added = np.where(whole & (first + most <= width), most, count)
    return KernelColumns(order, np.stack([first, count, places[place], added], axis=1).astype(np.int32))


def fan_out(
    rows: AxisReach,
    columns: KernelColumns,
    weight_shape: tuple[int, ...],
    groups: int,
    row_pitch: int,
    pitch: int,
) -> tuple[NDArray[np.void], NDArray[np.int32]]:
    """What each input neuron of a convolution reaches.

    weight_shape: [kh, places of `columns`, c_in, weights of a position], kh as in `rows`; weights are numbered in the
    order [c_in][kh][places][weights of a position]. The pitches lead from an output row or position to the next.

    Returns FAN_OUT_DTYPE [inputs], and int32 [inputs]: the lanes that are added to each row of outputs, which may be
    more than are reached, by zeros.

    Raises EdgeSastError where that order has more weights than int32 can number.
    """
    kernel_rows, places, c_in, weights = weight_shape
    if math.prod(weight_shape) > np.iinfo(np.int32).max:
        raise EdgeSastError(
            f"weight has {math.prod(weight_shape)} entries; the runtime takes at most 2^31 - 1"
        )
    row, column, channel = rows.reach[:, None, None], columns.reach[None, :, None], np.arange(c_in)
    table = np.zeros((len(rows.reach), len(columns.reach), c_in), FAN_OUT_DTYPE)
    group = channel // (c_in // groups)
    table["output"] = row[..., 0] * row_pitch + column[..., 0] * pitch + group * weights
    table["weight"] = ((channel * kernel_rows + row[..., 2]) * places + column[..., 2]) * weights
    lanes = np.broadcast_to(column[..., 3] * weights, table.shape)
    positions = row[..., 1] * column[..., 1]
    table["end"] = table["weight"] + np.where(positions > 0, row[..., 1], 0) * places * weights
    table["positions"] = np.where(lanes == lanes.max(), positions, -positions)
    return table.reshape(-1), lanes.reshape(-1).astype(np.int32)


def pool_targets(size: int, shape: Shape, out: Shape) -> NDArray[np.int32]:
    """Output neuron of each input neuron of a pool, -1 where its window is incomplete. int32 [inputs]."""
    y = np.arange(shape.height)[:, None, None] // size
    x = np.arange(shape.width)[None, :, None] // size
    target = (y * out.width + x) * out.channels + np.arange(shape.channels)
    inside = (y < out.height) & (x < out.width)
    return np.where(inside, target, -1).reshape(-1).astype(np.int32)
