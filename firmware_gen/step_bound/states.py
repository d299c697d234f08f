"""Looks for the most expensive step that there can be: the adversary of the bound.

It chooses the events, and every membrane as it may be between two steps (neurons.possible_sums): either as low as it
can be, so that its block is left undone, or ready to spike at the least that comes in. Each try is a whole step on the
emulated core, pushes and all, and is counted there. Whether one recording can bring about all the membranes that were
chosen is not asked.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sast.model.arithmetic import leak
from edge_sast.model.layers import Lif
from firmware_gen.step_bound.bound import PORTABLE, LayerCost, StepBound
from firmware_gen.step_bound.exciting import exciting_inputs, first_weights
from firmware_gen.step_bound.lanes import LANES
from firmware_gen.step_bound.narrow import NarrowSweep
from firmware_gen.step_bound.neurons import possible_sums
from firmware_gen.step_bound.probe import Probe

EVENT = np.dtype([("x", "<u2"), ("y", "<u2"), ("p", "u1")])
SPIKED = 1000  # what an excited neuron weighs beside instructions, when first events are chosen


@dataclass(frozen=True)
class Found:
    """instructions: of the dearest step of that many events, as run; bound: of any. spikes: in each weighted layer."""

    events: int
    instructions: int
    bound: int
    spikes: tuple[int, ...]

    @property
    def ratio(self) -> float:
        return self.instructions / self.bound


@dataclass
class Step:
    """What the adversary chooses. inputs: bool [inputs], those that get an event; low: of each layer bool [neurons]."""

    inputs: NDArray[np.bool_]
    low: list[NDArray[np.bool_]]

    def copy(self) -> Step:
        return Step(self.inputs.copy(), [low.copy() for low in self.low])


class Adversary:
    """Of one program and its bound."""

    def __init__(self, probe: Probe, bound: StepBound, seed: int = 0) -> None:
        self.probe, self.bound = probe, bound
        self._rng = np.random.default_rng(seed)
        self._weights = first_weights(probe.model)
        self._layers = [_Layer(probe, part, PORTABLE in bound.flags) for part in bound.layers]

    def search(self, events: int, seconds: float) -> Found:
        """The dearest step of that many events that was found in so many seconds; at least the first ones are tried."""
        end = time.monotonic() + seconds
        best, most = None, -1
        for step in self._first(events):
            cost = self._count(step, events)
            if cost > most:
                best, most = step, cost
        assert best is not None
        while time.monotonic() < end:
            step = self._change(best)
            cost = self._count(step, events)
            if cost >= most:
                best, most = step, cost
        self._count(best, events)
        spikes = tuple(self.probe.spikes(layer.part.index) for layer in self._layers)
        return Found(events, most, self.bound.step(events).total, spikes)

    def _count(self, step: Step, events: int) -> int:
        """Instructions of the step."""
        self.probe.reset()
        for layer, low in zip(self._layers, step.low, strict=True):
            layer.put(low)
        return self.probe.count(step_events(self.probe, step.inputs, events))

    def _first(self, events: int) -> Iterator[Step]:
        """The inputs that cost and excite most; of each layer no neuron low, or one in each block."""
        chosen = dearest_inputs(self.bound, events, SPIKED)
        ready = Step(chosen, [np.zeros(layer.part.neurons, bool) for layer in self._layers])
        yield ready.copy()
        for at, layer in enumerate(self._layers):
            costs = [self._count(ready, events)]
            choices = [ready.low[at], *layer.lowest()]
            for low in choices[1:]:
                ready.low[at] = low
                costs.append(self._count(ready, events))
                yield ready.copy()
            ready.low[at] = choices[int(np.argmax(costs))]
        yield from self._exciting(ready, events)

    def _exciting(self, step: Step, events: int) -> Iterator[Step]:
        """The same with inputs that make many neurons of the first layer spike, beside low ones and without."""
        layer, inputs, step = self._layers[0], self.bound.inputs, step.copy()
        if self._weights is None or not layer.channels or not 0 < events < len(step.inputs):
            return
        per_spike = layer.part.sweep.spike + float(layer.part.sources.passing.mean())
        for low in (step.low[0], np.zeros_like(step.low[0])):
            step.low[0] = low
            wanted = np.where(step.low[0], np.nan, layer.wanted())
            step.inputs = exciting_inputs(self._weights, wanted, events, inputs.passing, per_spike)
            yield step.copy()

    def _change(self, step: Step) -> Step:
        """Another event for one that there is, or another neuron low in some blocks."""
        step, rng = step.copy(), self._rng
        some = int(rng.integers(1, 5))
        on, off = np.flatnonzero(step.inputs), np.flatnonzero(~step.inputs)
        layers = [at for at, layer in enumerate(self._layers) if layer.channels]
        if layers and (rng.random() < 0.5 or not len(on) or not len(off)):
            at = layers[int(rng.integers(len(layers)))]
            for _ in range(some):
                self._layers[at].change(step.low[at], rng)
            return step
        some = min(some, len(on), len(off))
        if some:
            step.inputs[rng.choice(on, some, replace=False)] = False
            step.inputs[rng.choice(off, some, replace=False)] = True
        return step


def dearest_inputs(bound: StepBound, events: int, excited: int = 0) -> NDArray[np.bool_]:
    """bool [inputs]: as many as so many events fill, those of most instructions; `excited` more for each excited."""
    inputs = bound.inputs
    weight = inputs.passing + excited * inputs.excited
    chosen = np.zeros(len(weight), bool)
    chosen[np.argsort(-weight, kind="stable")[: min(-(-events // inputs.times), len(weight))]] = True
    return chosen


def step_events(probe: Probe, inputs: NDArray[np.bool_], events: int) -> bytes:
    """A step of that many events, as unobserved_step takes it: the inputs in turn, again and again."""
    grid = probe.model.binning
    places = np.resize(np.flatnonzero(inputs), events) if inputs.any() else np.zeros(events, np.int64)
    found = np.zeros(events, EVENT)
    rows, rest = np.divmod(places, grid.width * 2)
    found["x"], found["y"], found["p"] = rest // 2 << grid.shift, rows << grid.shift, rest % 2
    return events.to_bytes(4, "little") + found.tobytes()


class _Layer:
    """The membranes of one layer that spikes; of a read-out nothing is chosen, and `channels` is 0."""

    def __init__(self, probe: Probe, part: LayerCost, portable: bool) -> None:
        self.part, self._probe = part, probe
        neuron = part.layer.neuron
        self.channels = 0
        if not isinstance(neuron, Lif):
            return
        self.channels = neuron.channels
        sums = possible_sums(part.layer, part.shape, probe.model.binning.steps)
        shifts = (*neuron.leak_shifts, 0, 0)[:2]
        bias = neuron.bias.astype(np.int64)
        kept = np.stack([np.maximum(neuron.threshold.astype(np.int64) - 1, sums.largest), sums.smallest])
        device = probe.layers[part.index]
        self._narrow = NarrowSweep(probe, part.index, part.sources, portable) if device.narrow else None
        self._kept = leak(kept, *shifts)  # [ready or low, channels]
        self._lacking = (neuron.threshold - self._kept[0] - bias).astype(np.float64)
        if self._narrow is not None:
            self._kept = self._kept + bias + self._narrow.offsets

    def wanted(self) -> NDArray[np.float64]:
        """[neurons]: what one that is ready lacks of its threshold."""
        return np.tile(self._lacking, self.part.neurons // self.channels)

    def lowest(self) -> list[NDArray[np.bool_]]:
        """bool [neurons] each: in every block the neuron whose lane can be the most negative, the second, ...

        Only neurons whose lane stays negative where nothing comes in; none of wide layers.
        """
        if not self.channels or self._narrow is None:
            return []
        lanes = np.zeros(self._narrow.real.shape, np.int64)
        lanes[self._narrow.real] = np.tile(self._kept[1], self.part.neurons // self.channels)
        blocks = lanes.reshape(-1, LANES)
        order = np.argsort(blocks, axis=1, kind="stable")
        found = []
        for rank in range(LANES):
            low = np.zeros(blocks.shape, bool)
            at = order[:, rank]
            low[np.arange(len(blocks)), at] = blocks[np.arange(len(blocks)), at] < 0
            if low.any():
                found.append(low.reshape(lanes.shape)[self._narrow.real])
        return found

    def change(self, low: NDArray[np.bool_], rng: np.random.Generator) -> None:
        """Another channel low at some position, or one more, or one less."""
        position = int(rng.integers(self.part.neurons // self.channels))
        own = low[position * self.channels : (position + 1) * self.channels]
        if rng.random() < 0.5:
            rng.shuffle(own)
        else:
            own[rng.integers(self.channels)] ^= True

    def put(self, low: NDArray[np.bool_]) -> None:
        """Writes the membranes; low: bool [neurons]."""
        if not self.channels:
            return
        device = self._probe.layers[self.part.index]
        channel = np.arange(self.part.neurons) % self.channels
        values = self._kept[low.astype(np.int64), channel]
        if self._narrow is None:
            self._probe.put(device.membranes, (values & 0xFFFFFFFF).astype(np.uint32))
            return
        lanes = np.zeros(self._narrow.real.shape, np.int64)
        lanes[self._narrow.real] = values
        self._probe.put(device.membranes, self._narrow.encode(lanes))
        if device.idle:
            self._probe.put(device.idle, np.zeros(1, np.uint32))
