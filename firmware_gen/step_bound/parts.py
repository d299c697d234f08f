"""The parts of a step other than narrow sweeps and spikes on their way: each run in every way that it can go.

Wide sweeps and read-outs take neurons one by one, each by the range that its sum lies in: all of them are run in each
range. A linear layer that notes its inputs takes them bit by bit: each bit of a word is run alone and beside another.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edge_sast.errors import CheckFailedError
from edge_sast.model.layers import Lif, Shape, Weighted, state_range
from firmware_gen.step_bound.neurons import possible_sums
from firmware_gen.step_bound.probe import DeviceLayer, Probe
from firmware_gen.step_bound.sources import Sources, set_windows

INTEGRATOR_ZERO = 1 << 15
WORD = 32
MIXED = 12  # sweeps over neurons in mixed ranges, which have to cost no more than their parts

Pair = tuple[int, int]  # ranges of a word's lanes: narrow.py
Block = tuple[Pair, ...]  # of four words


@dataclass(frozen=True)
class SweepCost:
    """Instructions of a sweep without the calls for its spikes.

    silent: most where none spikes. spike: most that one adds. first: what the first adds besides. most: of all.
    Of narrow layers, where a block with a negative lane is left undone: room: most spikes that leave each block such a
    lane; crowded: spikes with which none has, and most instructions then. worst: the dearest block of each number of
    spikes, for those who look for a worst step.
    """

    silent: int
    spike: float
    first: int
    most: int
    room: int | None = None
    crowded: tuple[int, int] = (0, 0)
    worst: tuple[Block, ...] = ()

    def cost(self, spikes: int) -> int:
        """Most instructions of a sweep with exactly so many spikes."""
        if spikes == 0:
            return self.silent
        cost = min(self.most, math.ceil(self.silent + self.first + self.spike * spikes))
        if self.room is None or spikes <= self.room:
            return cost
        all_spike, then = self.crowded
        left = max(all_spike - spikes, 0) / (all_spike - self.room)  # blocks of which a lane does not spike
        return min(cost, math.ceil(left * self.most + (1 - left) * then))


@dataclass(frozen=True)
class NotedCost:
    """Instructions to add what a linear layer has noted.

    word: most that a word with a bit set adds. bits: int64 [inputs], what each bit adds.
    """

    none: int
    word: int
    bits: NDArray[np.int64]

    @cached_property
    def _sums(self) -> NDArray[np.int64]:
        return np.concatenate([[0], np.cumsum(np.sort(self.bits)[::-1])])

    def cost(self, spikes: int) -> int:
        """Most, of that many noted inputs."""
        spikes = min(spikes, len(self.bits))
        return self.none + self.word * min(spikes, -(-len(self.bits) // WORD)) + int(self._sums[spikes])


def noted_cost(probe: Probe, device: DeviceLayer) -> NotedCost:
    """Of a linear layer that notes its inputs.

    Raises CheckFailedError: all bits together cost more than what they cost one by one.
    """
    inputs = device.channels

    def run(*bits: int) -> int:
        words = np.zeros(-(-inputs // WORD), np.uint32)
        for bit in bits:
            words[bit // WORD] |= np.uint32(1 << bit % WORD)
        probe.reset()
        probe.put(device.noted, words)
        return probe.run(device.inputs, device)

    none = run()
    cost = NotedCost(none, *_bit_costs(run, inputs, none))
    together = run(*range(inputs))
    if together > cost.cost(inputs):
        raise CheckFailedError(
            f"noted inputs: all take {together} instructions, more than {cost.cost(inputs)}, their sum"
        )
    return cost


def _bit_costs(run: Callable[..., int], inputs: int, none: int) -> tuple[int, NDArray[np.int64]]:
    """NotedCost's word and bits. Words at both ends are run, and one between: a compiler may treat them apart."""
    count = -(-inputs // WORD)
    words = sorted({0, count // 2, count - 1})
    places = [(word, bit) for word in words for bit in range(WORD) if WORD * word + bit < inputs]
    single = {place: run(WORD * place[0] + place[1]) for place in places}
    bits = np.zeros(WORD, np.int64)
    for word, bit in places:
        other = int(bit == 0)
        if (word, other) in single:
            together = run(WORD * word + bit, WORD * word + other)
            bits[bit] = max(bits[bit], together - single[word, other])
        elif inputs == 1:
            bits[bit] = single[word, bit] - none
    alone = max(cost - none - int(bits[bit]) for (_, bit), cost in single.items())
    beside = [
        run(WORD * one, WORD * other) - single[one, 0] - int(bits[0])
        for one in words
        for other in words
        if one != other
    ]
    return max(alone, *beside, 0), bits[np.arange(inputs) % WORD]


def own_spikes_cost(probe: Probe, device: DeviceLayer) -> int:
    """Most instructions to add a layer's own spikes of the step before: all of them."""
    if not device.own_spikes:
        return 0
    costs = []
    for bits in (0, device.out_channels):
        probe.reset()
        words = np.zeros(-(-device.out_channels // WORD), np.uint32)
        for bit in range(bits):
            words[bit // WORD] |= np.uint32(1 << bit % WORD)
        probe.put(device.bitmap, words)
        costs.append(probe.run(device.own_spikes, device))
    return max(costs)


def plain_sweep(probe: Probe, index: int, layer: Weighted, shape: Shape, sources: Sources) -> SweepCost:
    """Of wide membranes, and of those of an integrator. sources: of its own spikes."""
    device, neuron = probe.layers[index], layer.neuron
    neurons = device.out_height * device.out_width * device.out_channels
    low, high = state_range(neuron.state_bits)
    sums = possible_sums(layer, shape, probe.model.binning.steps)
    bias = np.tile(neuron.bias.astype(np.int64), neurons // neuron.channels)

    def run(u: NDArray[np.int64]) -> int:
        probe.reset()
        set_windows(probe, index)
        probe.put(device.membranes, _stored(device, u - bias))
        return probe.run(device.sweep, device)

    zero = np.zeros(neurons, np.int64)
    silent, spiking = [run(zero)], []
    if (sums.low < low).any():
        silent.append(run(zero + low - 1))
    if not isinstance(neuron, Lif):
        if (sums.high > high).any():
            silent.append(run(zero + high + 1))
        return SweepCost(max(silent), 0.0, 0, max(silent))
    threshold = np.tile(neuron.threshold.astype(np.int64), neurons // neuron.channels)
    silent.append(run(threshold - 1))
    for u in [threshold] + ([zero + high + 1] if (sums.high > high).any() else []):
        spiking.append(run(u) - int(sources.blocked.sum()))
        if probe.spikes(index) != neurons:
            raise CheckFailedError(
                f"layer {index}: {probe.spikes(index)} neurons spiked in the program, not {neurons}"
            )
    spike = max(max(spiking) - max(silent), 0) / neurons
    cost = SweepCost(max(silent), spike, 0, max(*silent, *spiking))
    rng, others = np.random.default_rng(0), [0, low - 1] if (sums.low < low).any() else [0]
    for _ in range(MIXED):
        fires = rng.random(neurons) < rng.random()
        found = run(np.where(fires, threshold, rng.choice(others, neurons))) - int(
            sources.blocked[fires].sum()
        )
        check_sweep(index, found, int(fires.sum()), cost)
    return cost


def check_sweep(index: int, found: int, spikes: int, cost: SweepCost) -> None:
    """Raises CheckFailedError: a sweep took more than it can by what its parts cost."""
    if found > cost.cost(spikes):
        raise CheckFailedError(
            f"layer {index}: a sweep with {spikes} spikes took {found} instructions, more than {cost.cost(spikes)}"
        )


def _stored(device: DeviceLayer, values: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Membranes as words; of narrow ones, an integrator's."""
    if not device.narrow:
        return (values & 0xFFFFFFFF).astype(np.uint32)
    halves = np.full(2 * device.cell_words * device.cells, INTEGRATOR_ZERO, np.int64)
    halves[: len(values)] = np.clip(values + INTEGRATOR_ZERO, 0, 0xFFFF)
    low, high = halves.reshape(-1, 2).T
    return (low | high << 16).astype(np.uint32)
