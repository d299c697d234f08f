"""Where a spike goes: from an input or a neuron through pools to the next layer with weights, as its code tells places
apart."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sast.model.layers import (
    Conv2d,
    Flatten,
    Layer,
    Lif,
    Linear,
    OrPool,
    RecurrentLinear,
    Shape,
    SumPool,
)
from edge_sast.model.model import Model
from edge_sast.model.reach import axis_reach
from firmware_gen.step_bound.neurons import lacking
from firmware_gen.step_bound.probe import DeviceLayer

NOWHERE = -1


@dataclass(frozen=True)
class Followed:
    """Where a spike goes. key: its class; pooled: whether there is an or_pool, `window` in the first of them.

    rows: idle cells that it reaches, of each output row.
    """

    key: Hashable
    pooled: bool
    window: int
    rows: tuple[range, ...] = ()

    @property
    def cells(self) -> int:
        return sum(map(len, self.rows))


class Way:
    """From what layer `index` (-1: the input) gives to the next layer with weights."""

    def __init__(self, model: Model, device: tuple[DeviceLayer, ...], index: int) -> None:
        self.model, self.device, self.index = model, device, index
        weighted = [i for i, _ in model.weighted() if i > index]
        self.target = weighted[0] if weighted else NOWHERE
        self.shape = model.shapes()[index + 1]
        self._axes = _axes(model, self.target)

    def layers(self) -> list[tuple[int, Layer, Shape]]:
        """Index, layer, and what it takes, of all between."""
        end = self.target if self.target != NOWHERE else len(self.model.layers)
        return [(i, self.model.layers[i], self.model.shapes()[i]) for i in range(self.index + 1, end)]

    def follow(self, row: int, column: int, channel: int) -> Followed:
        key: list[Hashable] = []
        pooled, window = False, NOWHERE
        for _, layer, shape in self.layers():
            if isinstance(layer, Flatten):
                row, column, channel = 0, 0, (row * shape.width + column) * shape.channels + channel
                continue
            assert isinstance(layer, OrPool | SumPool)
            rows_in = row < shape.height // layer.size * layer.size
            inside = column < shape.width // layer.size * layer.size and rows_in
            key.append((rows_in, inside))
            if isinstance(layer, OrPool) and not pooled:
                pooled = True
                if inside:
                    width = shape.width // layer.size
                    window = (row // layer.size * width + column // layer.size) * shape.channels + channel
            if not inside:
                return Followed(tuple(key), pooled, window)
            row, column = row // layer.size, column // layer.size
        last, rows = self._arrive(row, column, channel)
        return Followed((*key, last), pooled, window, rows)

    def _arrive(self, row: int, column: int, channel: int) -> tuple[Hashable, tuple[range, ...]]:
        """The class at the target, and the cells there."""
        if self.target == NOWHERE:
            return (), ()
        layer, device = self.model.layers[self.target], self.device[self.target]
        if not isinstance(layer, Conv2d):
            return (channel * device.row_bits % 32, channel % 32), ()
        rows, columns = self._axes
        key: Hashable = (int(rows[row, 1]), int(columns[column, 1]), _block(columns, column))
        if not device.idle or not rows[row, 1] or not columns[column, 1]:
            return key, ()
        cells = tuple(
            range(at // device.cell, (at + int(columns[column, 1]) - 1) // device.cell + 1)
            for at in (
                (int(rows[row, 0]) + i) * device.out_width + int(columns[column, 0])
                for i in range(int(rows[row, 1]))
            )
        )
        return (key, tuple((cell[0] % 32, len(cell)) for cell in cells)), cells

    def excited(self) -> NDArray[np.float64]:
        """[places]: neurons of the target that a spike there can make spike, if it passes."""
        if self.target == NOWHERE:
            return np.zeros(self.shape.neurons)
        out = _excited(self.model, self.target)
        for _, layer, shape in reversed(self.layers()):
            if isinstance(layer, Flatten):
                out = out.reshape(shape.height, shape.width, shape.channels)
                continue
            assert isinstance(layer, OrPool | SumPool)
            size = layer.size
            grown = np.zeros((shape.height, shape.width, shape.channels))
            repeated = out.repeat(size, axis=0).repeat(size, axis=1)
            grown[: repeated.shape[0], : repeated.shape[1]] = repeated
            out = grown
        return out.reshape(-1)


def _axes(model: Model, target: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    layer = model.layers[target] if target != NOWHERE else None
    if not isinstance(layer, Conv2d):
        empty = np.zeros((0, 3), np.int32)
        return empty, empty
    shape = model.shapes()[target]
    (rows, columns), (sy, sx), (py, px) = layer.weight.shape[:2], layer.stride, layer.padding
    return axis_reach(shape.height, rows, sy, py).reach, axis_reach(shape.width, columns, sx, px).reach


def _block(columns: NDArray[np.int32], column: int) -> Hashable:
    """What can tell one block from another of as many columns: where the kernel's columns begin."""
    return int(columns[column, 2])


def _excited(model: Model, target: int) -> NDArray[np.float64]:
    """[height, width, channels] of the target's input: of each neuron that is reached, the share that the weight is of
    what the neuron has to get. Where it spikes, these sum up to 1 at least."""
    layer, shape = model.layers[target], model.shapes()[target]
    assert isinstance(layer, Conv2d | Linear | RecurrentLinear)
    weight = np.maximum(layer.weight, 0).astype(np.float64) * (1 << layer.weight_shift)
    if not isinstance(layer.neuron, Lif):
        wanted = np.full(layer.neuron.channels, np.inf)
    else:
        wanted = lacking(layer, shape, model.binning.steps).astype(np.float64)
        wanted[wanted <= 0] = np.inf  # those that spike by themselves are counted elsewhere
    if not isinstance(layer, Conv2d):
        return np.minimum(weight / wanted, 1).sum(axis=1).reshape(shape.height, shape.width, shape.channels)
    group = np.arange(shape.channels) // (shape.channels // layer.groups)
    outputs = group[:, None] * weight.shape[3] + np.arange(weight.shape[3])  # of each input channel
    shares = np.minimum(weight / wanted[outputs], 1).sum(
        axis=3
    )  # [kernel rows, kernel columns, input channels]
    rows = meets(shape.height, weight.shape[0], layer.stride[0], layer.padding[0])
    columns = meets(shape.width, weight.shape[1], layer.stride[1], layer.padding[1])
    return np.einsum("yk,xl,klc->yxc", rows, columns, shares)


def meets(size: int, kernel: int, stride: int, padding: int) -> NDArray[np.int64]:
    """int64 [inputs, kernel]: 1 where an input meets an output at that place of the kernel, along one axis."""
    found = np.zeros((size, kernel), np.int64)
    for i, (first, count, _) in enumerate(axis_reach(size, kernel, stride, padding).reach):
        for output in range(first, first + count):
            found[i, i + padding - output * stride] = 1
    return found
