"""How far membranes can go: the proof that a state of so many bits never saturates, for an integer layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_sast.model.arithmetic import leak
from edge_sast.model.bounds import signed_sums
from edge_sast.model.layers import Lif, Neuron, Weighted

FAR = 1 << 40  # beyond all states


@dataclass(frozen=True)
class Span:
    """Lowest and highest u, over all channels and steps, whatever the events."""

    low: int
    high: int


def reach(layer: Weighted, max_count: int, steps: int) -> Span:
    """The span of u = leak(v) + I + bias over `steps` steps from the initial membrane.

    leak(v) falls by one at most where v rises by one and there are two shifts; that one is added.
    """
    cell = layer.neuron
    positive, negative = signed_sums(layer, max_count)
    bias = cell.bias.astype(np.int64)
    most, least = positive + bias, negative + bias
    shifts = cell.leak_shifts
    slack = 1 if len(shifts) == 2 else 0
    high = cell.initial.astype(np.int64)
    low = high
    if isinstance(
        cell, Lif
    ):  # a reset may lead down to 0, or below where a spike takes off more than the threshold
        low = np.minimum(high, np.minimum(cell.threshold.astype(np.int64) - cell.taken, 0))
    top, bottom = high.copy(), low.copy()
    for _ in range(steps):
        upper, lower = leak(high, *shifts) + slack + most, leak(low, *shifts) - slack + least
        top, bottom = np.maximum(top, upper), np.minimum(bottom, lower)
        high_next, low_next = np.maximum(high, _after(cell, upper)), np.minimum(low, lower)
        if (high_next == high).all() and (low_next == low).all():
            break
        if top.max() > FAR or bottom.min() < -FAR:
            break
        high, low = high_next, low_next
    return Span(int(bottom.min()), int(top.max()))


def _after(cell: Neuron, upper: np.ndarray) -> np.ndarray:
    """The highest membrane that a step can leave whose u is at most `upper`."""
    if not isinstance(cell, Lif):
        return upper
    threshold = cell.threshold.astype(np.int64)
    quiet = np.minimum(upper, threshold - 1)
    spiked = np.zeros_like(upper) if cell.reset == "zero" else upper - cell.taken
    return np.where(upper >= threshold, np.maximum(quiet, spiked), quiet)


def state_bits(span: Span, cell: Neuron) -> int:
    """The fewest bits, 4 or more, that hold the span, threshold, amount and initial membrane; may be above 31."""
    ends = [cell.threshold, cell.taken] if isinstance(cell, Lif) else []
    high = max(span.high, *(int(values.max()) for values in (cell.initial, *ends)))
    low = min(span.low, int(cell.initial.min()))
    return max(4, high.bit_length() + 1, (-low - 1).bit_length() + 1 if low < 0 else 1)
