"""What one event, or one spike, costs on its way to the weights that it meets, and what it can set off.

The way of a spike branches on a few things only: how many output rows and columns it reaches and the block that says so
(conv2d), where its row of packed weights begins (linear), whether it fills a window, and whether that window is set
already (or_pool). Places that agree in all of these are one class; one place of each is run, window not set and set.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sast.errors import CheckFailedError
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
from firmware_gen.step_bound.probe import DeviceLayer, Probe

NOWHERE = -1
ROUNDING = 1e-6  # of sums of shares
LOOKED_AT = 200  # places that are run besides one of each class


@dataclass(frozen=True)
class Sources:
    """All places that spikes can come from: the inputs, or the neurons of a weighted layer.

    target: the weighted layer that they reach (its index), NOWHERE: the outputs.
    passing, blocked: int64 [n], instructions of a spike that passes the first or_pool of its way, and of one that finds
    its window set; equal where there is no or_pool.
    window: int64 [n], the window of that or_pool, each place its own where there is none; NOWHERE: it fills no window.
    excited: float64 [n], how many neurons of `target` it can make spike: a part of one whose weight is not enough.
    touched: int64 [n], idle cells that it reaches; copy: most instructions that a cell's own membranes cost.
    cells: of `target`. times: that one place can count in a step.
    """

    target: int
    passing: NDArray[np.int64]
    blocked: NDArray[np.int64]
    window: NDArray[np.int64]
    excited: NDArray[np.float64]
    touched: NDArray[np.int64]
    copy: int = 0
    cells: int = 0
    times: int = 1

    @cached_property
    def _sorted(self) -> tuple[NDArray[np.float64], ...]:
        """Cumulated from the most expensive on: blocked; what passing adds, of each window; excited, of each window;
        cells that are touched."""
        live = self.window != NOWHERE
        windows = int(self.window.max(initial=NOWHERE)) + 1
        more, touched, excited = np.zeros(windows, np.int64), np.zeros(windows, np.int64), np.zeros(windows)
        np.maximum.at(more, self.window[live], np.maximum(self.passing - self.blocked, 0)[live])
        np.maximum.at(excited, self.window[live], self.excited[live])
        np.maximum.at(touched, self.window[live], self.touched[live])
        return tuple(
            _cumulated(values)
            for values in (self.blocked.repeat(self.times), more, excited.repeat(self.times), touched)
        )

    @property
    def windows(self) -> int:
        """How many of its spikes can pass."""
        return len(self._sorted[1]) - 1

    def cost(self, spikes: int) -> int:
        """Most instructions of that many spikes, no place more often than it counts."""
        blocked, more, _, touched = self._sorted
        copies = min(_at(touched, spikes), self.cells)
        return _at(blocked, spikes) + _at(more, spikes) + self.copy * copies

    def most_excited(self, spikes: int) -> int:
        """Most neurons of `target` that so many spikes can make spike, besides those that do by themselves."""
        return _at(self._sorted[2], spikes)


def _cumulated(values: NDArray[Any]) -> NDArray[np.float64]:
    return np.concatenate([[0.0], np.cumsum(np.sort(values)[::-1], dtype=np.float64)])  # exact up to 2^53


def _at(sums: NDArray[np.float64], n: int) -> int:
    return int(sums[min(n, len(sums) - 1)] + ROUNDING)


def input_sources(probe: Probe) -> Sources:
    """Of an event that counts: all of sast_push, in a step that is open."""
    grid, shape = probe.model.binning, probe.model.shapes()[0]
    shift = grid.shift

    def run(row: int, column: int, channel: int) -> int:
        return probe.push(column << shift, row << shift, channel)

    def forget() -> None:  # the input's own bit, not the windows after it
        offset = _seen_offset(probe)
        probe.machine.write(probe.memory + offset[0], bytes(offset[1]))

    def open_step() -> None:
        probe.push(0, 0, 0)
        forget()

    return replace(_measure(probe, -1, shape, run, open_step, forget), times=grid.count_cap)


def layer_sources(probe: Probe, index: int) -> Sources:
    """Of a spike of weighted layer `index`: the call that its sweep makes for it."""
    following = probe.layers[index + 1]

    def run(row: int, column: int, channel: int) -> int:
        return probe.receive(following, row, column, channel)

    return _measure(probe, index, probe.model.shapes()[index + 1], run, lambda: None, lambda: None)


def set_windows(probe: Probe, index: int) -> None:
    """Sets every window of or_pools, so that no spike passes."""
    for i in range(index + 1, len(probe.model.layers)):
        layer = probe.layers[i]
        if layer.kind == "or_pool":
            probe.set_bits(layer.bitmap, layer.out_height * layer.out_width * layer.channels)


def _seen_offset(probe: Probe) -> tuple[int, int]:
    """Where the inputs that had an event are kept, and its bytes."""
    from firmware_gen.c_gen.memory import memory
    from firmware_gen.c_plan.plan import CPlan

    at = 0
    for member in memory(CPlan(probe.model)).members:
        if member.name == "input_seen":
            return at, member.bytes
        at += member.bytes
    raise LookupError("input_seen")


def _measure(
    probe: Probe,
    index: int,
    shape: Shape,
    run: Callable[[int, int, int], int],
    start: Callable[[], None],
    forget: Callable[[], None],
) -> Sources:
    """Runs one place of each class; `shape`: of what layer `index` (-1: the input) gives."""
    way = Way(probe.model, probe.layers, index)
    n = shape.neurons
    passing, blocked, window = np.zeros(n, np.int64), np.zeros(n, np.int64), np.full(n, NOWHERE, np.int64)
    touched = np.zeros(n, np.int64)
    costs: dict[Hashable, tuple[int, int]] = {}
    place = 0
    for row in range(shape.height):
        for column in range(shape.width):
            for channel in range(shape.channels):
                found = way.follow(row, column, channel)
                if found.key not in costs:
                    probe.reset()
                    start()
                    _touch_all(probe, way.target)
                    first = run(row, column, channel)
                    forget()
                    costs[found.key] = first, run(row, column, channel) if found.pooled else first
                passing[place], blocked[place] = costs[found.key]
                window[place] = found.window if found.pooled else place
                touched[place] = found.cells
                place += 1
    for place in np.random.default_rng(0).integers(n, size=min(n, LOOKED_AT)).tolist():
        probe.reset()
        start()
        _touch_all(probe, way.target)
        rest, channel = divmod(place, shape.channels)
        row, column = divmod(rest, shape.width)
        took = run(row, column, channel)
        if took != passing[place]:
            raise CheckFailedError(
                f"place {place} of what layer {index} gives took {took} instructions, not {passing[place]}"
            )
    excited = way.excited()
    target = way.target
    copy = _copy_cost(probe, way, shape, run, start, forget) if touched.any() else 0
    cells = probe.layers[target].cells if target != NOWHERE else 0
    return Sources(target, passing, blocked, window, excited, touched, copy, cells)


def _touch_all(probe: Probe, target: int, but: int = NOWHERE) -> None:
    """Of a layer with idle cells: each has membranes of its own, but that one; and its spikes have to look."""
    if target == NOWHERE or not probe.layers[target].idle:
        return
    layer = probe.layers[target]
    words = np.full(1 + (layer.cells + 31) // 32, 0xFFFFFFFF, np.uint32)
    words[0] = layer.cells
    if but != NOWHERE:
        words[1 + but // 32] &= np.uint32(0xFFFFFFFF ^ (1 << but % 32))
    probe.put(layer.idle, words)


def _copy_cost(
    probe: Probe,
    way: Way,
    shape: Shape,
    run: Callable[[int, int, int], int],
    start: Callable[[], None],
    forget: Callable[[], None],
) -> int:
    """Most that one untouched cell adds to a spike that reaches it: of each number of cells and each bit it may be."""
    most, seen = 0, set()
    for row in range(shape.height):
        for column in range(shape.width):
            for reached in way.follow(row, column, 0).rows:
                for cell in reached:
                    kind = len(reached), cell - reached[0], reached[0] % 32
                    if kind in seen:
                        continue
                    seen.add(kind)
                    costs = []
                    for but in (NOWHERE, cell):
                        probe.reset()
                        start()
                        _touch_all(probe, way.target, but)
                        forget()
                        costs.append(run(row, column, 0))
                    most = max(most, costs[1] - costs[0])
    return most


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
