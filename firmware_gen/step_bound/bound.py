"""The most instructions that a step can take, as a function of its events. docs/bounds.md gives the argument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge_sast.model.layers import Lif, Shape, Weighted
from edge_sast.model.model import Model
from firmware_gen.emulator.build import DEFAULT_FLAGS
from firmware_gen.step_bound.narrow import NarrowSweep
from firmware_gen.step_bound.neurons import most_spikes
from firmware_gen.step_bound.parts import NotedCost, SweepCost, noted_cost, own_spikes_cost, plain_sweep
from firmware_gen.step_bound.probe import Probe
from firmware_gen.step_bound.sources import Sources, input_sources, layer_sources
from firmware_gen.toolchain.cores import Core

PORTABLE = "-DSAST_PORTABLE"


@dataclass(frozen=True)
class LayerCost:
    """One weighted layer. sources: of its own spikes. in_blocks: whether a block's go on without a call for each."""

    index: int
    layer: Weighted
    shape: Shape
    neurons: int
    sources: Sources
    sweep: SweepCost
    noted: NotedCost | None
    own_spikes: int
    in_blocks: bool

    def most(self, spikes: int) -> int:
        """Most instructions of its sweep, with its spikes on their way, where up to so many can spike."""
        # The sweep's cost rises with spikes, then falls, on straight lines: the most lies at the end of one.
        ends = {0, min(1, spikes), spikes, *(min(n, spikes) for n in (self.sweep.room, self._full()) if n)}
        return max(self.sweep.cost(n) + (0 if self.in_blocks else self.sources.cost(n)) for n in ends)

    def _full(self) -> int:
        """Spikes from which on more make the sweep no dearer."""
        if self.sweep.spike == 0:
            return 0
        return int((self.sweep.most - self.sweep.silent - self.sweep.first) / self.sweep.spike)


@dataclass(frozen=True)
class StepCost:
    """Most instructions of one step. events: of all calls of sast_push; step: of sast_step.

    layers: of each weighted layer, the spikes on their way from it included. spikes: most of each.
    """

    events: int
    step: int
    layers: tuple[int, ...]
    spikes: tuple[int, ...]

    @property
    def total(self) -> int:
        return self.events + self.step


@dataclass(frozen=True)
class StepBound:
    """What every part of a program costs at most.

    inputs: of sast_push, no less than of an event that does not count. first: what a step's first event adds.
    repeat: most instructions of an event that does not count. fixed: of sast_step itself.
    """

    model: Model
    core: str
    toolchain: str
    flags: tuple[str, ...]
    inputs: Sources
    first: int
    repeat: int
    fixed: int
    layers: tuple[LayerCost, ...]

    def step(self, events: int) -> StepCost:
        """Most instructions of a step with so many events, wherever they lie, whatever came before since the reset."""
        counted = min(events, len(self.inputs.blocked) * self.inputs.times)
        pushed = self.first * (events > 0) + self.inputs.cost(counted) + self.repeat * (events - counted)
        source, moving = self.inputs, counted
        costs, spikes = [], []
        for part in self.layers:
            excited = source.most_excited(moving)
            steps = self.model.binning.steps
            fired = most_spikes(part.layer, part.shape, steps, part.neurons, excited)
            noted = part.noted.cost(min(moving, source.windows)) if part.noted else 0
            costs.append(noted + part.own_spikes + part.most(fired))
            spikes.append(fired)
            source, moving = part.sources, fired
        return StepCost(pushed, self.fixed + sum(costs), tuple(costs), tuple(spikes))

    def most_events(self, instructions: float) -> int | None:
        """Most events of a step that never takes more than so many; None where even one without events may."""
        if self.step(0).total > instructions:
            return None
        low, high = 0, 1
        while self.step(high).total <= instructions:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.step(middle).total <= instructions else (low, middle)
        return low


def step_bound(
    model: Model, core: Core, toolchain: str = "zig", flags: Sequence[str] = DEFAULT_FLAGS
) -> StepBound:
    """Export, compile, and run every part in every way that it can go.

    Raises:
        EdgeSastError: toolchain or emulator is missing.
        CheckFailedError: the program does not do what the argument takes for granted.
    """
    return bound_of(Probe(model, core, toolchain, flags), toolchain, flags)


def bound_of(probe: Probe, toolchain: str, flags: Sequence[str]) -> StepBound:
    """The same of a program that is there."""
    model = probe.model
    inputs = input_sources(probe)
    first, repeat = _push_costs(probe, inputs)
    inputs = replace(
        inputs, passing=np.maximum(inputs.passing, repeat), blocked=np.maximum(inputs.blocked, repeat)
    )
    layers = tuple(_layer(probe, index, layer, PORTABLE in flags) for index, layer in model.weighted())
    fixed = max(_fixed(probe, event) for event in (False, True))
    return StepBound(model, probe.core.name, toolchain, tuple(flags), inputs, first, repeat, fixed, layers)


def _layer(probe: Probe, index: int, layer: Weighted, portable: bool) -> LayerCost:
    device, (shape, out) = probe.layers[index], probe.model.shapes()[index : index + 2]
    sources = layer_sources(probe, index)
    if device.narrow and isinstance(layer.neuron, Lif):
        sweep = NarrowSweep(probe, index, sources, portable).worst()
    else:
        sweep = plain_sweep(probe, index, layer, shape, sources)
    noted = noted_cost(probe, device) if device.inputs else None
    own, blocks = own_spikes_cost(probe, device), bool(device.notes)
    return LayerCost(index, layer, shape, out.neurons, sources, sweep, noted, own, blocks)


def _push_costs(probe: Probe, inputs: Sources) -> tuple[int, int]:
    """What a step's first event adds at most, and what an event costs at most that does not count."""
    grid = probe.model.binning
    first, repeat = 0, 0
    for place in np.unique(inputs.passing, return_index=True)[1]:
        row, rest = divmod(int(place), grid.width * 2)
        x, y, polarity = rest // 2 << grid.shift, row << grid.shift, rest % 2
        probe.reset()
        first = max(first, probe.push(x, y, polarity) - int(inputs.passing[place]))
        for _ in range(grid.count_cap):
            probe.push(x, y, polarity)
        repeat = max(repeat, probe.push(x, y, polarity))
    refused = [(grid.sensor_width, 0, 0), (0, grid.sensor_height, 0), (0, 0, 2)]
    refused = [event for event in refused if max(event) < 1 << 16]
    repeat = max(repeat, *(probe.push(*event) for event in refused))
    probe.reset()  # of a step that is not open
    return max(first, 0), max(repeat, *(probe.push(*event) for event in refused))


def _fixed(probe: Probe, event: bool) -> int:
    """sast_step less what it calls for its layers, which is run in the same state."""
    probe.reset()
    if event:
        probe.push(0, 0, 0)
    state = probe.read()
    whole = probe.step()
    probe.write(state)
    parts = 0
    for index, _ in probe.model.weighted():
        layer = probe.layers[index]
        parts += sum(probe.run(function, layer) for function in (layer.inputs, layer.own_spikes, layer.sweep))
    return whole - parts
