"""A model flattened into arrays, so that one compiled function runs a whole recording of any network.

Flatten disappears, linear layers become 1x1 convolutions on a 1x1 image, and the rest is a list of
operations, each a record (OP_DTYPE) that points into shared arrays.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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
from edge_sast.runtime.fan_out import fan_out, pool_targets

# Layers start on multiples of it in the per-neuron arrays: a cache line of flags, so that no loop has a rest.
ALIGNMENT = 64
NEVER = np.iinfo(np.int32).max  # a threshold that no membrane reaches: state_bits is 31 at most

WEIGHTED, OR_POOL, SUM_POOL = 0, 1, 2

OP_DTYPE = np.dtype(
    [
        (name, np.int64)
        for name in (
            "kind",  # WEIGHTED, OR_POOL or SUM_POOL
            "out_width",
            "out_channels",
            "start",  # first neuron in the per-neuron arrays
            "neurons",  # of the output
            "weight",  # first weight
            "recurrent",  # first recurrent weight, or -1
            "weight_shift",
            "kernel_columns",
            "group_out",  # output channels of a group
            "inputs",  # first entry of `fan_out` (weighted) or `targets` (pool)
            "leak",  # first leak shift; 0: none
            "leak_second",
            "low",  # range of the state
            "high",
            "subtract",  # 1: reset by subtraction; 0: to zero
            "integrates",  # 1: an integrator, which never spikes
            "trace",  # first neuron in a trace, where layers stand without gaps
        )
    ]
)


class Program(NamedTuple):
    """What the kernels read.

    ops: OP_DTYPE [operations].
    weights: int8, each convolution as [c_in][kernel rows][kernel columns][c_out/groups] with rows and columns
        of the kernel in the order of `axis_reach`: what a spike adds along an output row is one contiguous run.
    fan_out: int32 [inputs of weighted layers, 4]: first output neuron and first weight, from the layer's first;
        output rows; output columns.
    targets: int32 [inputs of pools], output neuron of each pool input, -1 where it is dropped.
    bias, threshold, initial: int32 per neuron, layers padded to ALIGNMENT.
    sizes: int64 [2]: the most neurons any layer or the input has; the weighted layers.
    """

    ops: NDArray[np.void]
    weights: NDArray[np.int8]
    fan_out: NDArray[np.int32]
    targets: NDArray[np.int32]
    bias: NDArray[np.int32]
    threshold: NDArray[np.int32]
    initial: NDArray[np.int32]
    sizes: NDArray[np.int64]


def build_program(model: Model) -> Program:
    """The model's arrays in the form the kernels run."""
    builder = _Builder()
    shapes = model.shapes()
    for layer, shape, out in zip(model.layers, shapes, shapes[1:], strict=False):
        if isinstance(layer, OrPool | SumPool):
            builder.add_pool(layer, shape, out)
        elif not isinstance(layer, Flatten):
            builder.add_weighted(layer, shape, out)
    return builder.program(max(shape.neurons for shape in shapes), len(model.weighted()))


class _Builder:
    """Collects operations and the arrays they point into."""

    def __init__(self) -> None:
        self.ops: list[dict[str, int]] = []
        self.traced = 0
        self.parts: dict[str, list[NDArray]] = {
            "weights": [np.zeros(0, np.int8)],
            "fan_out": [],
            "targets": [np.zeros(0, np.int32)],
            "bias": [],
            "threshold": [],
            "initial": [],
        }

    def add_pool(self, layer: OrPool | SumPool, shape: Shape, out: Shape) -> None:
        kind = SUM_POOL if isinstance(layer, SumPool) else OR_POOL
        inputs = self._append("targets", pool_targets(layer.size, shape, out))
        self.ops.append({"kind": kind, "inputs": inputs, "neurons": out.neurons})

    def add_weighted(self, layer: Weighted, shape: Shape, out: Shape) -> None:
        op = {"kind": WEIGHTED, "neurons": out.neurons, "trace": self.traced}
        op |= {"out_width": out.width, "out_channels": out.channels}
        self.ops.append(op | self._kernel(layer, shape, out) | self._neuron(layer, out))
        self.traced += out.neurons

    def _kernel(self, layer: Weighted, shape: Shape, out: Shape) -> dict[str, int]:
        weight, stride, padding, groups = layer.weight[None, None], (1, 1), (0, 0), 1
        if isinstance(layer, Conv2d):
            weight, stride, padding, groups = layer.weight, layer.stride, layer.padding, layer.groups
        rows = axis_reach(shape.height, weight.shape[0], stride[0], padding[0])
        columns = axis_reach(shape.width, weight.shape[1], stride[1], padding[1])
        ordered = weight[rows.order][:, columns.order].transpose(2, 0, 1, 3)
        recurrent = -1
        if isinstance(layer, RecurrentLinear):
            recurrent = self._append("weights", layer.recurrent.reshape(-1))
        return {
            "weight": self._append("weights", ordered.reshape(-1)),
            "recurrent": recurrent,
            "weight_shift": layer.weight_shift,
            "kernel_columns": weight.shape[1],
            "group_out": weight.shape[3],
            "inputs": self._append("fan_out", fan_out(rows, columns, weight.shape, groups, out)),
        }

    def _neuron(self, layer: Weighted, out: Shape) -> dict[str, int]:
        neuron = layer.neuron
        threshold = neuron.threshold if isinstance(neuron, Lif) else np.full(out.channels, NEVER, np.int32)
        per_channel = {"threshold": threshold, "bias": neuron.bias, "initial": neuron.initial}
        for name, values in per_channel.items():
            padding = NEVER if name == "threshold" else 0
            every = np.tile(values, out.height * out.width)
            start = self._append(name, np.pad(every, (0, -every.size % ALIGNMENT), constant_values=padding))
        low, high = state_range(neuron.state_bits)
        leaks = (*neuron.leak_shifts, 0, 0)
        return {
            "start": start,
            "leak": leaks[0],
            "leak_second": leaks[1],
            "low": low,
            "high": high,
            "subtract": int(isinstance(neuron, Lif) and neuron.reset == "subtract"),
            "integrates": int(isinstance(neuron, Integrator)),
        }

    def _append(self, name: str, values: NDArray) -> int:
        """Adds `values` to the array `name`; returns where they start."""
        start = sum(len(part) for part in self.parts[name])
        self.parts[name].append(values)
        return start

    def program(self, most_neurons: int, weighted: int) -> Program:
        ops = np.zeros(len(self.ops), OP_DTYPE)
        for row, op in zip(ops, self.ops, strict=True):
            for name, value in op.items():
                row[name] = value
        arrays = {name: np.concatenate(parts) for name, parts in self.parts.items()}
        return Program(ops=ops, sizes=np.array([most_neurons, weighted], np.int64), **arrays)
