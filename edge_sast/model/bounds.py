"""The proof that no sum overflows: the widest value each accumulator can hold, whatever the events.

Additions may come in any order, so the bound covers every partial sum: the state, plus every positive (or every
negative) weight at the highest count its input can carry, plus the bias.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_sast.errors import EdgeSastError, TooWideError
from edge_sast.model.layers import Conv2d, RecurrentLinear, Shape, Weighted, state_range
from edge_sast.model.reach import axis_reach


@dataclass(frozen=True)
class AccumulatorBound:
    """Lowest and highest value over all channels, and the width that holds both: 16 or 32 bits."""

    low: int
    high: int
    bits: int


def accumulator_bound(layer: Weighted, max_count: int) -> AccumulatorBound:
    """Bound of a layer whose input neurons carry at most `max_count` spikes per step.

    Raises TooWideError when 32 bits are not enough.
    """
    positive, negative = signed_sums(layer, max_count)
    bias = layer.neuron.bias.astype(np.int64)
    state_low, state_high = state_range(layer.neuron.state_bits)
    low = int((state_low + negative + np.minimum(bias, 0)).min())
    high = int((state_high + positive + np.maximum(bias, 0)).max())
    for bits in (16, 32):
        limits = state_range(bits)
        if limits[0] <= low and high <= limits[1]:
            return AccumulatorBound(low, high, bits)
    raise TooWideError(
        f"the accumulator needs {low} to {high}, more than 32 bits hold; "
        "lower state_bits, weight_shift, biases, the fan-in or the counts that come in (count_cap, sum_pool)"
    )


def signed_sums(layer: Weighted, max_count: int) -> tuple[np.ndarray, np.ndarray]:
    """Largest and smallest input sum of each output channel, int64 [channels]."""
    weight = layer.weight.astype(np.int64)
    if isinstance(layer, Conv2d):
        rows, columns, c_in, c_group = weight.shape
        grouped = weight.reshape(rows * columns, layer.groups, c_in // layer.groups, c_group)
        positive = np.maximum(grouped, 0).sum(axis=(0, 2)).reshape(-1)
        negative = np.minimum(grouped, 0).sum(axis=(0, 2)).reshape(-1)
    else:
        positive = np.maximum(weight, 0).sum(axis=0)
        negative = np.minimum(weight, 0).sum(axis=0)
    positive, negative = positive * max_count, negative * max_count
    if isinstance(layer, RecurrentLinear):
        recurrent = layer.recurrent.astype(np.int64)
        positive = positive + np.maximum(recurrent, 0).sum(axis=0)
        negative = negative + np.minimum(recurrent, 0).sum(axis=0)
    return positive << layer.weight_shift, negative << layer.weight_shift


def max_synops(layer: Weighted, shape: Shape) -> int:
    """Weight additions of a step in which every input is at its highest count: no step costs more."""
    if isinstance(layer, Conv2d):
        rows, columns, _, c_group = layer.weight.shape
        return conv_synops(shape, (rows, columns), layer.stride, layer.padding, c_group)
    total = layer.weight.size * shape.max_count
    return total + (layer.recurrent.size if isinstance(layer, RecurrentLinear) else 0)


def conv_synops(
    shape: Shape, kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int], c_group: int
) -> int:
    """max_synops of a convolution with `c_group` = c_out/groups outputs for each input channel."""
    rows = axis_reach(shape.height, kernel[0], stride[0], padding[0]).counts
    columns = axis_reach(shape.width, kernel[1], stride[1], padding[1]).counts
    return (
        int(rows.sum(dtype=np.int64))
        * int(columns.sum(dtype=np.int64))
        * shape.channels
        * c_group
        * shape.max_count
    )


def check_step_counter(layer: Weighted, shape: Shape) -> None:
    """Raises EdgeSastError when one step's SynOps could overflow a 32-bit counter."""
    check_synops(max_synops(layer, shape))


def check_synops(synops: int) -> None:
    """The same, of a layer's most in a step."""
    if synops >= 1 << 32:
        raise EdgeSastError(
            f"one step can cost {synops} SynOps, more than a 32-bit counter holds; "
            "use a smaller input, fewer channels or neurons, or lower counts (count_cap, sum_pool)"
        )
