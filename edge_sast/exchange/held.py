"""Rules of other tools that our neurons hold under conditions, whatever numbers they compute with."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.exchange.nodes.real import RealLayer, RealNeuron
from edge_sast.exchange.rules import Rules

LATER = "subtract-later"


def takes_later(cell: RealNeuron, rules: Rules) -> bool:
    """Whether a spike takes off more at once than the threshold, as what it takes off leaks before it is due."""
    return cell.kind == "lif" and rules.reset == LATER and bool(cell.shifts)


def check_one_spike(real: RealLayer, max_count: int) -> None:
    """Raises EdgeSastError where a neuron could reach twice its threshold and give several spikes; ours give one."""
    cell = real.neuron
    if cell.kind != "lif":
        return
    rows = by_output(real)
    counts = np.full(rows.shape[1], float(max_count) * float(real.factor))
    if real.recurrent is not None:
        counts[-len(rows) :] = 1.0
    arrives = np.maximum(rows * counts, 0).sum(axis=1)
    for c, most in enumerate(arrives):
        current = cell.gain[c] * (Fraction(float(most)) + Fraction(float(real.bias[c]))) + cell.offset[c]
        below = (1 - cell.lost) * cell.threshold[c]  # where the membrane before lies
        reached = below + current
        if reached >= 2 * cell.threshold[c]:
            raise several(real, c, int(reached / cell.threshold[c]))


def several(real: RealLayer, channel: int, count: int) -> EdgeSastError:
    """What to say of a neuron that could give so many spikes in a step."""
    return EdgeSastError(
        f"node {real.neuron.name!r}: channel {channel} could reach {count} times its threshold in a step, and give "
        f"{count} spikes there (MultiSpike), of which a neuron here gives one; train with smaller weights or with "
        "SingleSpike, or give --spikes one if that never happens"
    )


def by_output(real: RealLayer) -> np.ndarray:
    """Weights of each output channel, float64 [c_out, n]; recurrent ones behind them."""
    if not real.is_conv:
        whole = real.weight if real.recurrent is None else np.concatenate([real.weight, real.recurrent])
        return whole.T
    rows, columns, c_in, c_group = real.weight.shape
    parts = real.weight.reshape(rows * columns, real.groups, c_in // real.groups, c_group)
    return parts.transpose(1, 3, 0, 2).reshape(real.groups * c_group, -1)
