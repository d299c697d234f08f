"""The unit of each output channel of an imported layer: what its membrane's least bit is worth.

A layer without a leak takes the largest unit that holds weights, bias and (to be subtracted) the threshold exactly. A
leak rounds in every step; there the unit is at most a 2^14th of the threshold, as far as weights of 8 bits, their shift
and the accumulator allow. The outputs of a read-out are compared with one another: there all channels have one unit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.exchange.grid import Grid, grid
from edge_sast.exchange.held import by_output
from edge_sast.exchange.nodes.real import RealLayer
from edge_sast.exchange.nodes.snap import NOISE, roundish, to_steps
from edge_sast.exchange.rules import Rules

FINE = 1 << 14  # units of a threshold in a layer with a leak
ROUGH = 1 << 10  # the same where weights are rounded anyway
MOST_SHIFT = 8


@dataclass(frozen=True)
class Channel:
    """One output channel before its unit is known; everything as multiples of what a weight of 1 is worth.

    noise: of the threshold, relative to it; 0 where worth has so few bits that floats add it without rounding.
    """

    grid: Grid
    worth: Fraction
    noise: Fraction
    bias: Fraction
    threshold: Fraction | None
    initial: Fraction
    parts: int  # a weight of 1 must be a multiple of so many units for all of it to be whole


@dataclass(frozen=True, eq=False)
class Units:
    """shift: the layer's weight_shift; by: what each channel's integers are multiplied with; exact: nothing rounded."""

    shift: int
    by: list[int]
    exact: bool

    def of(self, channel: int) -> int:
        """Units that a weight of 1 is worth."""
        return self.by[channel] << self.shift

    def thresholds(self, channels: list[Channel]) -> list[Fraction]:
        """Each channel's in its units, whole where the tool's floats alone keep it from that; 0 without one."""
        return [
            to_steps((own.threshold or 0) * Fraction(self.of(c)), own.noise) for c, own in enumerate(channels)
        ]


def _grids(real: RealLayer, bits: int) -> list[tuple[Grid, Fraction]]:
    """Each output channel's grid, and the gain behind its step."""
    rows, gain = by_output(real), real.neuron.gain
    if real.neuron.kind != "integrator":
        return [(grid(row, bits), gain[c]) for c, row in enumerate(rows)]
    most = max(gain)
    with np.errstate(under="ignore"):
        scaled = rows * np.array([[float(each / most)] for each in gain])
    if ((np.abs(scaled) < np.finfo(np.float64).tiny) & (rows != 0)).any():
        raise EdgeSastError(
            f"node {real.neuron.name!r}: r of its neurons lie too far apart for outputs that are compared; train with "
            "closer ones"
        )
    whole = grid(scaled.reshape(-1), bits)
    return [(Grid(each, whole.step, whole.error), most) for each in whole.integers.reshape(rows.shape)]


def channels_of(real: RealLayer, rules: Rules, bits: int) -> list[Channel]:
    """Each output channel of a layer, its weights on a grid of so many bits.

    Raises EdgeSastError where the factors of a read-out's inputs lie too far apart, naming the node.
    """
    found = []
    for c, (own, gain) in enumerate(_grids(real, bits)):
        cell = real.neuron
        worth = own.step * real.factor * gain  # of a weight of 1
        noise = Fraction(0) if roundish(worth) or not cell.noise else cell.noise[c]
        bias = (Fraction(float(real.bias[c])) * cell.gain[c] + cell.offset[c]) / worth
        if noise:  # of a float32 alone, as a bias is added in every step
            bias = to_steps(bias, NOISE / 8)
        initial = cell.initial[c] / worth
        threshold = (
            _threshold(cell.threshold[c] / worth, noise, [bias, initial]) if cell.kind == "lif" else None
        )
        wholes = [bias, initial]
        if threshold is not None and rules.reset != "zero":
            wholes.append(threshold)
        parts = math.lcm(*(value.denominator for value in wholes))
        found.append(Channel(own, worth, noise, bias, threshold, initial, parts))
    return found


def _threshold(steps: Fraction, noise: Fraction, beside: list[Fraction]) -> Fraction:
    """Whole steps, or whole parts of one that what stands beside it has, where noise alone keeps it from that."""
    whole = to_steps(steps, noise)
    parts = math.lcm(*(value.denominator for value in beside))
    return to_steps(whole * parts, noise) / parts


def shifts_to_try(channels: list[Channel], real: RealLayer, bits: int) -> list[int]:
    """weight_shifts to try, the best first: without a leak the smallest that is exact, with one the largest."""
    if real.neuron.shifts:
        return list(range(MOST_SHIFT, -1, -1))
    all_shifts = range(MOST_SHIFT + 1)
    exact = [shift for shift in all_shifts if units_of(channels, real, bits, shift).exact]
    return exact or list(range(MOST_SHIFT, -1, -1))


def units_of(channels: list[Channel], real: RealLayer, bits: int, shift: int) -> Units:
    """The units with that weight_shift, as fine as the weights' bits leave room for and as the layer has use for."""
    wanted = 1
    if real.neuron.shifts:
        wanted = FINE
    elif any(c.grid.error for c in channels):
        wanted = ROUGH
    by, exact = [], True
    for alike in [channels] if real.neuron.kind == "integrator" else [[channel] for channel in channels]:
        room = min(_room(channel.grid.integers, bits) for channel in alike)
        parts = math.lcm(*(channel.parts for channel in alike))
        needed = parts // math.gcd(parts, 1 << shift)
        whole = needed <= room
        own = needed if whole else 1
        least = min(Fraction(1) if channel.threshold is None else channel.threshold for channel in alike)
        while own * 2 <= room and (own << shift) * least < wanted:
            own *= 2
        by += [own] * len(alike)
        exact = exact and whole and not any(channel.grid.error for channel in alike)
    return Units(shift, by, exact)


def _room(integers: np.ndarray, bits: int) -> int:
    """The most that integers can be multiplied with inside `bits` bits."""
    high = (1 << (bits - 1)) - 1 if bits > 1 else 1
    above, below = int(integers.max(initial=0)), int(-integers.min(initial=0))
    return min(high // above if above else 1 << 16, (high + 1) // below if below else 1 << 16, 1 << 16)
