"""Rules of other tools that our neurons hold under conditions, whatever numbers they compute with."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.exchange.nodes.real import Real, RealLayer, RealNeuron, RealPool
from edge_sast.exchange.nodes.snap import shown
from edge_sast.exchange.rules import Rules

LATER = "subtract-later"


def takes_later(cell: RealNeuron, rules: Rules) -> bool:
    """Whether a spike takes off more at once than the threshold, as what it takes off leaks before it is due."""
    return cell.kind == "lif" and rules.reset == LATER and bool(cell.shifts)


def check_one_spike(real: RealLayer, max_count: int) -> None:
    """Raises EdgeSastError where a neuron could reach twice its threshold and give several spikes; ours give one."""
    for c, reached in enumerate(_reached(real, max_count)):
        if reached >= 2:
            raise several(real, c, int(reached))


def left_above(reals: Sequence[Real], rules: Rules, count_cap: int) -> list[str]:
    """A line where snnTorch subtracts at once and neurons could be left above the threshold, by which spikes differ.

    There such a neuron spikes above twice the threshold only, here above the threshold. count_cap: of the input.
    """
    if not rules.looks_back or rules.reset != "subtract":
        return []
    names, most, max_count = [], Fraction(0), count_cap
    for real in reals:
        if isinstance(real, RealPool):
            max_count = max_count * real.size**2 if real.kind == "sum" else 1
        elif isinstance(real, RealLayer):
            reached = max(_reached(real, max_count), default=Fraction(0))
            if reached > 2:
                names.append(real.neuron.name)
            most, max_count = max(most, reached), 1
    if not names:
        return []
    return [
        f"{', '.join(names)}: neurons could reach {shown(most, 3)} times their threshold in a step; one that a reset "
        "leaves above the threshold spikes above twice the threshold in snnTorch (reset_delay=False), here above the "
        "threshold: spikes may differ from there on"
    ]


def _reached(real: RealLayer, max_count: int) -> list[Fraction]:
    """The most that each channel could reach in a step from below its threshold, in thresholds; none of no spikes."""
    cell = real.neuron
    if cell.kind != "lif":
        return []
    rows = by_output(real)
    counts = np.full(rows.shape[1], float(max_count))
    if real.recurrent is not None:
        counts[-len(rows) :] = 1.0
    with np.errstate(over="ignore"):
        arrives = np.maximum(rows * counts, 0).sum(axis=1)
    if not np.isfinite(arrives).all():
        raise EdgeSastError(
            f"node {real.name!r}: its weights add up to more than float64 holds; look at the training, and write the "
            "file again"
        )
    found = []
    for c, most in enumerate(arrives):
        current = real.factor * Fraction(float(most)) + Fraction(float(real.bias[c]))
        below = (1 - cell.lost) * cell.threshold[c]  # where the membrane before lies
        found.append((below + cell.gain[c] * current + cell.offset[c]) / cell.threshold[c])
    return found


def several(real: RealLayer, channel: int, count: int) -> EdgeSastError:
    """What to say of a neuron that could give so many spikes in a step."""
    told = str(count) if count < 10**9 else shown(Fraction(count), 3)
    return EdgeSastError(
        f"node {real.neuron.name!r}: channel {channel} could reach {told} times its threshold in a step, and give "
        f"{told} spikes there (MultiSpike), of which a neuron here gives one; train with smaller weights or with "
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
