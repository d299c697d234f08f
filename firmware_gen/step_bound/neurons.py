"""What a neuron's sum can be when it is swept, whatever came before: from the arithmetic alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sast.model.arithmetic import leak
from edge_sast.model.bounds import signed_sums
from edge_sast.model.layers import Lif, RecurrentLinear, Shape, Weighted, state_range

# leak(v) lies between c·v and c·v + 2, c at least 1/4: the largest over all v up to some V is that of one of the last
# few, and the smallest likewise.
NEAR = 64


@dataclass(frozen=True)
class Sums:
    """Per output channel, int64.

    low, high: smallest and largest u before it is clipped. unmoved: the largest where no positive weight comes in.
    smallest, largest: membranes between steps, before the last of them.
    """

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    unmoved: NDArray[np.int64]
    smallest: NDArray[np.int64]
    largest: NDArray[np.int64]


def possible_sums(layer: Weighted, shape: Shape, steps: int) -> Sums:
    """Of `layer`, which takes `shape`, at any of the first `steps` steps after a reset.

    The smallest follows from step to step: what the smallest membrane leaks to, with every negative weight; or what is
    left of a threshold just reached where a spike takes off more.
    """
    neuron = layer.neuron
    positive, negative = signed_sums(layer, shape.max_count)
    low, high = state_range(neuron.state_bits)
    initial, bias = neuron.initial.astype(np.int64), neuron.bias.astype(np.int64)
    smallest = np.minimum(initial, 0)
    if isinstance(neuron, Lif):
        threshold = neuron.threshold.astype(np.int64)
        kept = np.maximum(threshold - 1, 0)
        if neuron.reset == "subtract":
            kept = np.maximum(kept, high - neuron.taken)
            smallest = np.minimum(smallest, threshold - neuron.taken)
        top = np.maximum(kept, initial)
    else:
        top = np.full(neuron.channels, high, np.int64)
    shifts = (*neuron.leak_shifts, 0, 0)[:2]
    near = np.arange(NEAR + 1)

    def lowered(v: NDArray[np.int64]) -> NDArray[np.int64]:
        return leak(np.minimum(v[:, None] + near, high), *shifts).min(axis=1) + bias + negative

    for _ in range(steps - 1):
        before, smallest = smallest, np.minimum(smallest, np.maximum(lowered(smallest), low))
        if (before == smallest).all():
            break
    unmoved = leak(np.maximum(top[:, None] - near, low), *shifts).max(axis=1) + bias
    return Sums(lowered(smallest), unmoved + positive, unmoved, smallest, top)


def lacking(layer: Weighted, shape: Shape, steps: int) -> NDArray[np.int64]:
    """int64 [channels]: what a neuron that spikes has to get at least; 0 or less: nothing."""
    assert isinstance(layer.neuron, Lif)
    return layer.neuron.threshold.astype(np.int64) - possible_sums(layer, shape, steps).unmoved


def most_spikes(layer: Weighted, shape: Shape, steps: int, neurons: int, excited: int) -> int:
    """How many of its `neurons` can spike at most in a step, where `excited` of those can that do not by themselves."""
    neuron = layer.neuron
    if not isinstance(neuron, Lif):
        return 0
    sums, threshold = possible_sums(layer, shape, steps), neuron.threshold.astype(np.int64)
    positions = neurons // neuron.channels
    able = sums.high >= threshold
    alone = able & (lacking(layer, shape, steps) <= 0)
    if isinstance(layer, RecurrentLinear):  # its own spikes of the step before move it
        alone = able
    return min(int(able.sum()) * positions, int(alone.sum()) * positions + excited)
