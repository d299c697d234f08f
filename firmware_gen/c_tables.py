"""The constant tables of one layer in C: weights, neurons, and the axis tables that replace division."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sast.layers import (
    Conv2d,
    Flatten,
    Integrator,
    Layer,
    OrPool,
    RecurrentLinear,
    Shape,
    SumPool,
    Weighted,
)
from edge_sast.packing import container_bits, pack_rows
from firmware_gen.c_text import array, int32


@dataclass(frozen=True)
class Table:
    """One constant array: its name within the layer, C text, and size in flash."""

    name: str
    text: str
    bytes: int


@dataclass(frozen=True)
class Axis:
    """One axis of a convolution. order: kernel taps as stored; entries: (first, count, tap) per input."""

    order: list[int]
    entries: list[tuple[int, int, int]]


def conv_axis(size: int, kernel: int, stride: int, padding: int, outputs: int) -> Axis:
    """Input i reaches output o with tap i + padding - o * stride, where that is in the kernel and o exists.

    So neighbouring outputs meet taps that descend by the stride. Stored in that order, remainder after
    remainder, they are neighbours; the tap of an entry is its place in this order.
    """
    order = [k for remainder in range(stride) for k in reversed(range(remainder, kernel, stride))]
    entries = []
    for i in range(size):
        place = i + padding
        first = max(0, -((kernel - 1 - place) // stride))
        last = min(place // stride, outputs - 1)
        if first <= last:
            entries.append((first, last - first + 1, order.index(place - first * stride)))
        else:
            entries.append((0, 0, 0))
    return Axis(order, entries)


def pool_axis(size: int, window: int, outputs: int) -> list[tuple[int, int, int]]:
    """(first, count, tap) for every input coordinate of a pool's axis; count 0 where no window takes it."""
    return [(i // window, 1, 0) if i // window < outputs else (0, 0, 0) for i in range(size)]


def layer_tables(index: int, layer: Layer, shape: Shape, out: Shape) -> list[Table]:
    """Every table of layer `index`, which takes `shape` and gives `out`."""
    if isinstance(layer, Flatten):
        return []
    if isinstance(layer, OrPool | SumPool):
        rows = pool_axis(shape.height, layer.size, out.height)
        columns = pool_axis(shape.width, layer.size, out.width)
        return [_axis(index, "rows", rows), _axis(index, "columns", columns)]
    neuron = list(_neuron(index, layer))
    if isinstance(layer, Conv2d):
        return [*_conv(index, layer, shape, out), *neuron]
    tables = [_weights(index, "weight", layer.weight, layer.bits)]
    if isinstance(layer, RecurrentLinear):
        tables.append(_weights(index, "recurrent", layer.recurrent, layer.bits))
    return tables + neuron


def _weights(index: int, name: str, weight: NDArray[np.int8], bits: int) -> Table:
    packed = pack_rows(weight, bits)
    unit = "bit" if bits == 1 else "bits"
    shape = " x ".join(map(str, weight.shape))
    comment = f"{shape} weights of {bits} {unit}, rows of {packed.shape[-1]} bytes"
    declaration = f"static const uint8_t layer{index}_{name}[{packed.size}]"
    return Table(name, array(declaration, packed.reshape(-1).tolist(), comment), packed.size)


def _neuron(index: int, layer: Weighted) -> Iterator[Table]:
    names = ("bias", "initial") if isinstance(layer.neuron, Integrator) else ("threshold", "bias", "initial")
    for name in names:
        values = getattr(layer.neuron, name)
        declaration = f"static const int32_t layer{index}_{name}[{values.size}]"
        yield Table(name, array(declaration, [int32(v) for v in values.tolist()]), 4 * values.size)


def _conv(index: int, layer: Conv2d, shape: Shape, out: Shape) -> Iterator[Table]:
    kernel, stride, padding = layer.weight.shape, layer.stride, layer.padding
    rows = conv_axis(shape.height, kernel[0], stride[0], padding[0], out.height)
    columns = conv_axis(shape.width, kernel[1], stride[1], padding[1], out.width)
    stored = layer.weight[rows.order][:, columns.order].transpose(0, 2, 1, 3)
    yield _weights(index, "weight", stored, layer.bits)
    yield _axis(index, "rows", rows.entries)
    yield _axis(index, "columns", columns.entries)
    if layer.groups > 1:
        group_inputs = shape.channels // layer.groups
        first = [c // group_inputs * kernel[3] for c in range(shape.channels)]
        declaration = f"static const uint16_t layer{index}_group_first[{shape.channels}]"
        yield Table("group_first", array(declaration, first), 2 * shape.channels)


def is_joined(layer: Conv2d) -> bool:
    """Whether the weights of neighbouring columns adjoin, and their membranes too: one group, whole bytes."""
    return layer.groups == 1 and layer.weight.shape[3] * container_bits(layer.bits) % 8 == 0


def _axis(index: int, name: str, entries: list[tuple[int, int, int]]) -> Table:
    text = [f"{{{first}, {count}, {tap}}}" for first, count, tap in entries]
    declaration = f"static const sast_axis_t layer{index}_{name}[{len(entries)}]"
    return Table(
        name, array(declaration, text, "first output, number of outputs, first tap"), 4 * len(entries)
    )
