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
from edge_sast.model.layers import Shape
from firmware_gen.step_bound.probe import Probe
from firmware_gen.step_bound.way import NOWHERE, Way

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
