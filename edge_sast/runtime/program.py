"""A model flattened into arrays, so that one compiled function runs a whole recording of any network.

Flatten disappears, linear layers become 1x1 convolutions on a 1x1 image, and the rest is a list of
operations, each a record (OP_DTYPE) that points into shared arrays.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_sast.model.bounds import accumulator_bound
from edge_sast.model.layers import (
    Conv2d,
    Flatten,
    Integrator,
    Lif,
    OrPool,
    RecurrentLinear,
    Shape,
    SumPool,
    Weighted,
    state_range,
)
from edge_sast.model.model import Model
from edge_sast.model.reach import axis_reach
from edge_sast.runtime.fan_out import FAN_OUT_DTYPE, fan_out, kernel_columns, pool_targets
from edge_sast.runtime.lanes import TOGETHER
from edge_sast.runtime.pieces import Layout, padded_channels, pieces

# Layers start on multiples of it in the per-neuron arrays: a cache line of flags, so that no loop has a rest.
ALIGNMENT = 64
NEVER = np.iinfo(np.int32).max  # a threshold that no membrane reaches: state_bits is 31 at most

WEIGHTED, OR_POOL, SUM_POOL = 0, 1, 2

OP_DTYPE = np.dtype(
    [
        (name, np.int64)
        for name in (
            "kind",  # WEIGHTED, OR_POOL or SUM_POOL
            "inputs",  # first entry of `fan_out` (weighted) or `targets` (pool)
            "channels",  # of the output
            "pitch",  # from an output position to the next in the per-neuron arrays
            "row_pitch",  # from a row of output positions to the next
            "start",  # first neuron in the per-neuron arrays
            "size",  # places in the per-neuron arrays, a multiple of ALIGNMENT
            "neurons",  # of the output
            "narrow",  # 1: membranes of 16 bits
            "weight",  # first weight
            "weight_pitch",  # from the weights of a row of output positions to those of the next
            "weight_shift",  # that is left to do
            "by_one",  # 1: weights are added as they are, as every count is 1 and no shift is left
            "to_one",  # 1: so are they, all spikes add to the same membranes, and these have 32 bits
            "nothing",  # of such a layer: the input that adds zeros
            "counted",  # 1: what takes the spikes reads their counts
            "recurrent",  # first recurrent weight, or -1
            "synops",  # of an output position: the output channels of a group
            "first_piece",  # of `pieces`
            "end_piece",
            "leak",  # first leak shift; 0: none
            "leak_second",
            "low",  # range of the state
            "high",
            "subtract",  # 1: reset by subtraction; 0: to zero
            "rest",  # first entry of `rest`, or -1: a spike takes off the threshold
            "integrates",  # 1: an integrator, which never spikes
            "trace",  # first neuron in a trace, where layers stand without gaps
        )
    ]
)


class Program(NamedTuple):
    """What the kernels read.

    ops: OP_DTYPE [operations].
    weights: int8, each convolution as [c_in][kernel rows][kernel columns][weights of a position], rows of the kernel in
        the order of `axis_reach` and columns in that of `kernel_columns`: what a spike adds along an output row is one
        contiguous run. Recurrent weights: [n][n].
    pieces: PIECE_DTYPE, of the runs of each layer.
    fan_out: FAN_OUT_DTYPE, for each place of the inputs of weighted layers.
    targets: int32, for each place of the inputs of pools: the output neuron, -1 where it is dropped.
    bias, threshold, initial: int32, for each place of a layer's outputs: rows, columns and `pitch` channels, and more
        up to a multiple of ALIGNMENT. What is no neuron never spikes. Those of a narrow layer are int16 and fill the
        first half of their room.
    rest: laid out as these, of the layers whose `op.rest` says so alone: what a spike takes off beyond the threshold.
    sizes: int64 [3]: the most neurons any layer or the input has; the weighted layers; the margin at which a recording
        ends early, 0 where none does.
    """

    ops: NDArray[np.void]
    weights: NDArray[np.int8]
    pieces: NDArray[np.void]
    fan_out: NDArray[np.void]
    targets: NDArray[np.int32]
    bias: NDArray[np.int32]
    threshold: NDArray[np.int32]
    initial: NDArray[np.int32]
    rest: NDArray[np.int32]
    sizes: NDArray[np.int64]


def build_program(model: Model) -> Program:
    """The model's arrays in the form the kernels run."""
    builder = _Builder()
    shapes = model.shapes()
    builder.places = np.arange(shapes[0].neurons)
    for layer, shape, out in zip(model.layers, shapes, shapes[1:], strict=False):
        if isinstance(layer, OrPool | SumPool):
            builder.add_pool(layer, shape, out)
        elif not isinstance(layer, Flatten):
            builder.add_weighted(layer, shape, out, last=layer is model.layers[-1])
    sizes = max(shape.neurons for shape in shapes), len(model.weighted()), model.early_margin or 0
    return builder.program(np.array(sizes, np.int64))


class _Builder:
    """Collects operations and the arrays they point into."""

    def __init__(self) -> None:
        self.ops: list[dict[str, int]] = []
        self.traced = 0
        self.places = np.zeros(0, np.int64)  # of the neurons that the last operation lists
        self.parts: dict[str, list[NDArray]] = {
            "weights": [np.zeros(0, np.int8)],
            "pieces": [],
            "fan_out": [],
            "targets": [np.zeros(0, np.int32)],
            "bias": [],
            "threshold": [],
            "initial": [],
            "rest": [np.zeros(0, np.int32)],
        }

    def add_pool(self, layer: OrPool | SumPool, shape: Shape, out: Shape) -> None:
        kind = SUM_POOL if isinstance(layer, SumPool) else OR_POOL
        inputs = self._append("targets", self._placed(pool_targets(layer.size, shape, out), -1))
        self.ops.append({"kind": kind, "inputs": inputs, "neurons": out.neurons})
        self.places = np.arange(out.neurons)

    def add_weighted(self, layer: Weighted, shape: Shape, out: Shape, last: bool) -> None:
        """last: its membranes are the output, and stay as wide as that."""
        bound = accumulator_bound(layer, shape.max_count)
        narrow = isinstance(layer.neuron, Lif) and bound.bits == 16 and not last
        pitch = _pitch(layer, out.channels)
        op = {"kind": WEIGHTED, "neurons": out.neurons, "channels": out.channels, "trace": self.traced}
        op |= {"pitch": pitch, "row_pitch": out.width * pitch, "narrow": int(narrow)}
        self.ops.append(
            op | self._kernel(layer, shape, out, pitch, narrow) | self._neuron(layer, out, pitch, narrow)
        )
        self.places = np.arange(out.neurons) // out.channels * pitch + np.arange(out.neurons) % out.channels
        self.traced += out.neurons

    def _kernel(self, layer: Weighted, shape: Shape, out: Shape, pitch: int, narrow: bool) -> dict[str, int]:
        weight, stride, padding, groups = layer.weight[None, None], (1, 1), (0, 0), 1
        if isinstance(layer, Conv2d):
            weight, stride, padding, groups = layer.weight, layer.stride, layer.padding, layer.groups
        rows = axis_reach(shape.height, weight.shape[0], stride[0], padding[0])
        columns = kernel_columns(
            axis_reach(shape.width, weight.shape[1], stride[1], padding[1]), stride[1], out.width
        )
        group = pitch if groups == 1 else weight.shape[3]  # lanes of weights of a position
        weight, recurrent_weight, shift = _shifted(layer, weight)
        with_zeros = np.pad(weight, ((0, 0), (0, 1), (0, 0), (0, group - weight.shape[3])))
        ordered = with_zeros[rows.order][:, columns.order]
        table = fan_out(rows, columns, ordered.shape, groups, out.width * pitch, pitch)
        cut = pieces(Layout(pitch, group, columns.added))
        first_piece, recurrent = self._append("pieces", cut), -1
        if isinstance(layer, RecurrentLinear):
            recurrent = self._append("weights", recurrent_weight.reshape(-1))
        by_one = shape.max_count == 1 and shift == 0 and groups == 1
        placed, weights = self._placed(table, 0), ordered.transpose(2, 0, 1, 3).reshape(-1)
        # One input more, whose weights are zeros.
        nothing = np.array([(0, len(weights), 0, 0)], FAN_OUT_DTYPE)
        return {
            "weight": self._append("weights", np.append(weights, np.zeros(group, np.int8))),
            "weight_pitch": len(columns.order) * group,
            "weight_shift": shift,
            "recurrent": recurrent,
            "synops": weight.shape[3],
            "first_piece": first_piece,
            "end_piece": first_piece + len(cut),
            "inputs": self._append("fan_out", np.append(placed, nothing)),
            "nothing": len(placed),
            "by_one": int(by_one),
            "to_one": int(by_one and not narrow and not isinstance(layer, Conv2d)),
        }

    def _neuron(self, layer: Weighted, out: Shape, pitch: int, narrow: bool) -> dict[str, int]:
        neuron = layer.neuron
        threshold = neuron.threshold if isinstance(neuron, Lif) else np.full(out.channels, NEVER, np.int32)
        per_channel = {"threshold": threshold, "bias": neuron.bias, "initial": neuron.initial}
        rest = -1
        if isinstance(neuron, Lif) and neuron.amount is not None:
            rest = self._append("rest", _placed_everywhere(neuron.amount - threshold, out, pitch, narrow, 0))
        for name, values in per_channel.items():
            padding = NEVER if name == "threshold" else 0
            every = _placed_everywhere(values, out, pitch, narrow, padding)
            start = self._append(name, every)
        low, high = state_range(neuron.state_bits)
        leaks = (*neuron.leak_shifts, 0, 0)
        return {
            "start": start,
            "size": len(every),
            "leak": leaks[0],
            "leak_second": leaks[1],
            "low": low,
            "high": high,
            "subtract": int(isinstance(neuron, Lif) and neuron.reset == "subtract"),
            "rest": rest,
            "integrates": int(isinstance(neuron, Integrator)),
        }

    def _placed(self, table: NDArray, nothing: int) -> NDArray:
        """Rows of a table of input neurons at the neurons' places; `nothing` at the others."""
        placed = np.full(self.places[-1] + 1, nothing, table.dtype)
        placed[self.places] = table
        return placed

    def _append(self, name: str, values: NDArray) -> int:
        """Adds `values` to the array `name`; returns where they start."""
        start = sum(len(part) for part in self.parts[name])
        self.parts[name].append(values)
        return start

    def program(self, sizes: NDArray[np.int64]) -> Program:
        for op, following in pairwise(self.ops):
            op["counted"] = int(not following.get("by_one", 0))
        ops = np.zeros(len(self.ops), OP_DTYPE)
        for row, op in zip(ops, self.ops, strict=True):
            for name, value in op.items():
                row[name] = value
        # `add_some` touches what lies behind the last weights and membranes, too.
        for name in ("weights", "bias", "threshold", "initial"):
            self.parts[name].append(np.zeros(ALIGNMENT, self.parts[name][0].dtype))
        arrays = {name: np.concatenate(parts) for name, parts in self.parts.items()}
        return Program(ops=ops, sizes=sizes, **arrays)


def _pitch(layer: Weighted, channels: int) -> int:
    """Lanes from an output position to the next; of a linear layer, with one position, those that `add_four` takes."""
    if isinstance(layer, Conv2d):
        return padded_channels(channels, layer.groups)
    return -(-channels // TOGETHER) * TOGETHER


def _shifted(layer: Weighted, weight: NDArray) -> tuple[NDArray, NDArray, int]:
    """Weights and recurrent weights with the layer's shift done, and none left, where all of them remain int8."""
    recurrent = layer.recurrent if isinstance(layer, RecurrentLinear) else np.zeros(0, np.int8)
    wide = [each.astype(np.int32) << layer.weight_shift for each in (weight, recurrent)]
    if all(np.array_equal(each, each.astype(np.int8)) for each in wide):
        return wide[0].astype(np.int8), wide[1].astype(np.int8), 0
    return weight, recurrent, layer.weight_shift


def _placed_everywhere(
    values: NDArray[np.int32], out: Shape, pitch: int, narrow: bool, padding: int
) -> NDArray[np.int32]:
    """A value of each channel at each place of a layer's outputs; `padding` where there is no neuron."""
    every = np.tile(_padded(values, pitch, padding), out.height * out.width)
    every = _padded(every, -(-every.size // ALIGNMENT) * ALIGNMENT, padding)
    return _halved(every) if narrow else every


def _padded(values: NDArray, size: int, padding: int) -> NDArray:
    return np.pad(values, (0, size - len(values)), constant_values=padding)


def _halved(values: NDArray[np.int32]) -> NDArray[np.int32]:
    """As int16 in the first half of as much memory; the largest int16 for what is larger."""
    memory = np.zeros(len(values), np.int32)
    memory.view(np.int16)[: len(values)] = np.minimum(values, np.iinfo(np.int16).max)
    return memory
