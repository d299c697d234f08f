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
            "positions",  # of the output that are reached
        )
    ]
)


class KernelColumns(NamedTuple):
    """The columns of a kernel as they are laid out, and what each input column adds of them.

    order: int64 [places], kernel positions, the kernel's size for a column of zeros.
    reach: int32 [input columns, 3]: first output that is added to, how many are reached, first place.
    added: outputs, and places, of each input column; those that it does not reach get zeros.
    """

    order: NDArray[np.int64]
    reach: NDArray[np.int32]
    added: int


def kernel_columns(axis: AxisReach, stride: int, width: int) -> KernelColumns:
    """`axis` with columns of zeros around those of each remainder of the stride. width: output columns.

    Where the stride does not divide the kernel, every second or so input reaches one output less, and so do those at a
    border. All add to as many outputs nevertheless, inside the width: a processor guesses how often a loop turns, and a
    wrong guess takes longer than many additions.
    """
    first, count, place = axis.reach.T
    added = max(1, int(count.max()))
    start = np.minimum(first, width - added)
    remainders = axis.order % stride
    # What begins before its first place, or ends behind its last, meets zeros: both never happen to one input.
    zeros = np.full(added - 1, len(axis.order), np.int64)
    runs = [axis.order[remainders == remainder] for remainder in range(remainders.max() + 1)]
    order = np.concatenate([zeros, *(part for run in runs for part in (run, zeros))])
    places = np.arange(len(axis.order)) + (added - 1) * (1 + remainders)
    reach = np.stack([start, count, places[place] - (first - start)], axis=1)
    return KernelColumns(order, reach.astype(np.int32), added)


def fan_out(
    rows: AxisReach,
    columns: KernelColumns,
    weight_shape: tuple[int, ...],
    groups: int,
    row_pitch: int,
    pitch: int,
) -> NDArray[np.void]:
    """What each input neuron of a convolution reaches.

    weight_shape: [kh, places of `columns`, c_in, weights of a position], kh as in `rows`; weights are numbered in the
    order [c_in][kh][places][weights of a position]. The pitches lead from an output row or position to the next.

    Returns FAN_OUT_DTYPE [inputs].

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
    positions = row[..., 1] * column[..., 1]
    table["end"] = table["weight"] + np.where(positions > 0, row[..., 1], 0) * places * weights
    table["positions"] = positions
    return table.reshape(-1)


def pool_targets(size: int, shape: Shape, out: Shape) -> NDArray[np.int32]:
    """Output neuron of each input neuron of a pool, -1 where its window is incomplete. int32 [inputs]."""
    y = np.arange(shape.height)[:, None, None] // size
    x = np.arange(shape.width)[None, :, None] // size
    target = (y * out.width + x) * out.channels + np.arange(shape.channels)
    inside = (y < out.height) & (x < out.width)
    return np.where(inside, target, -1).reshape(-1).astype(np.int32)
