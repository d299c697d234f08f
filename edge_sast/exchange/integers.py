"""Layers in real numbers become layers of integers: exactly where weights stand on a grid, else rounded and told.

Each output channel has a unit of its own, the worth of its membrane's least bit; thresholds, biases and initial
membranes are per channel, so that none of it shows in the arithmetic. The outputs of a read-out are compared with one
another: there all channels have one unit. A layer without a leak takes the largest unit
that holds weights, bias and (to be subtracted) the threshold exactly. A leak rounds in every step, by less than a unit
for each shift, upwards; there the unit is at most a 2^14th of the threshold, as far as weights of 8 bits, their shift
and the accumulator allow. What a spike takes off is rounded by itself there, by half a unit at most.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Context
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sast.errors import EdgeSastError, TooWideError
from edge_sast.exchange.grid import Grid, grid
from edge_sast.exchange.held import by_output, several, takes_later
from edge_sast.exchange.nodes.real import RealLayer, RealNeuron
from edge_sast.exchange.nodes.snap import lost_by, roundish, to_steps
from edge_sast.exchange.rules import Rules
from edge_sast.exchange.states import reach, state_bits
from edge_sast.model.bounds import accumulator_bound, signed_sums
from edge_sast.model.layers import (
    Conv2d,
    Integrator,
    Lif,
    Linear,
    Neuron,
    RecurrentLinear,
    Reset,
    Weighted,
    fits,
)

FINE = 1 << 14  # units of a threshold in a layer with a leak
ROUGH = 1 << 10  # the same where weights are rounded anyway
MOST_SHIFT = 8
TWO_DIGITS = Context(prec=2, rounding=ROUND_CEILING)


@dataclass(frozen=True)
class _Channel:
    """One output channel before its unit is known; everything as multiples of what a weight of 1 is worth."""

    grid: Grid
    bias: Fraction
    threshold: Fraction | None
    initial: Fraction
    parts: int  # a weight of 1 must be a multiple of so many units for all of it to be whole


@dataclass(frozen=True, eq=False)
class _Units:
    """shift: the layer's weight_shift; by: what each channel's integers are multiplied with; exact: nothing rounded."""

    shift: int
    by: list[int]
    exact: bool

    def of(self, channel: int) -> int:
        """Units that a weight of 1 is worth."""
        return self.by[channel] << self.shift


def to_integers(
    real: RealLayer, rules: Rules, bits: int, max_count: int, steps: int, told: list[str]
) -> Weighted:
    """The integer layer. told: takes lines that say what is not exact.

    Raises EdgeSastError for what cannot be held, naming node and remedy.
    """
    channels = _channels(real, rules, bits)
    best: tuple[Weighted, str | None, _Units] | None = None
    for shift in _shifts(channels, real, bits):
        units = _units(channels, real, bits, shift)
        try:
            layer, saturates = _build(real, rules, channels, units, max_count, steps)
            accumulator_bound(layer, max_count)
        except (TooWideError, OverflowError):  # of another kind they come through
            continue
        if best is None or (best[1] is not None and saturates is None):
            best = layer, saturates, units
        if saturates is None:
            break
    if best is None:
        raise EdgeSastError(
            f"node {real.name!r}: its weights, bias and threshold lie too far apart for 32 bits; give fewer --bits, or "
            "train with smaller weights"
        )
    layer, saturates, units = best
    _tell(real, channels, units, layer, told)
    if saturates is not None:
        told.append(f"{real.name}: {saturates}")
    if rules.spikes == "many":
        _check_one_spike(real, layer, max_count)
    return layer


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


def _channels(real: RealLayer, rules: Rules, bits: int) -> list[_Channel]:
    found = []
    for c, (own, gain) in enumerate(_grids(real, bits)):
        cell = real.neuron
        worth = own.step * real.factor * gain  # of a weight of 1
        bias = to_steps((Fraction(float(real.bias[c])) * cell.gain[c] + cell.offset[c]) / worth)
        threshold = to_steps(cell.threshold[c] / worth) if cell.kind == "lif" else None
        initial = to_steps(cell.initial[c] / worth)
        wholes = [bias, initial]
        if threshold is not None and rules.reset != "zero":
            wholes.append(threshold)
        parts = math.lcm(*(value.denominator for value in wholes))
        found.append(_Channel(own, bias, threshold, initial, parts))
    return found


def _shifts(channels: list[_Channel], real: RealLayer, bits: int) -> list[int]:
    """weight_shifts to try, the best first: without a leak the smallest that is exact, with one the largest."""
    if real.neuron.shifts:
        return list(range(MOST_SHIFT, -1, -1))
    all_shifts = range(MOST_SHIFT + 1)
    exact = [shift for shift in all_shifts if _units(channels, real, bits, shift).exact]
    return exact or list(range(MOST_SHIFT, -1, -1))


def _units(channels: list[_Channel], real: RealLayer, bits: int, shift: int) -> _Units:
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
    return _Units(shift, by, exact)


def _room(integers: np.ndarray, bits: int) -> int:
    """The most that integers can be multiplied with inside `bits` bits."""
    high = (1 << (bits - 1)) - 1 if bits > 1 else 1
    above, below = int(integers.max(initial=0)), int(-integers.min(initial=0))
    return min(high // above if above else 1 << 16, (high + 1) // below if below else 1 << 16, 1 << 16)


def _build(
    real: RealLayer, rules: Rules, channels: list[_Channel], units: _Units, max_count: int, steps: int
) -> tuple[Weighted, str | None]:
    """The layer, and what to say where its membranes may saturate."""
    worth = [units.of(c) for c in range(len(channels))]
    integers = np.stack([own.grid.integers * by for own, by in zip(channels, units.by, strict=True)])
    weight, recurrent = _shaped(real, integers)
    bias: Any = np.array(
        [round(own.bias * w) for own, w in zip(channels, worth, strict=True)], dtype=np.int64
    )
    initial: Any = np.array(
        [round(own.initial * w) for own, w in zip(channels, worth, strict=True)], dtype=np.int64
    )
    shifts = real.neuron.shifts
    if real.neuron.kind == "integrator":
        return _fitted(
            real, Integrator(bias, initial, shifts, 31), weight, None, units.shift, max_count, steps
        )
    exact = [Fraction(own.threshold or 0) * w for own, w in zip(channels, worth, strict=True)]
    strict = rules.threshold == "gt"
    if rules.reset != "zero" and not shifts:  # the whole membrane lower, where nothing is lost of that
        threshold, amount = [round(t) for t in exact], None
        initial -= int(strict)
    else:
        threshold = [math.floor(t) + 1 if strict else math.ceil(t) for t in exact]
        amount = None if rules.reset == "zero" else _amount(real.neuron, rules, exact, threshold)
    reset: Reset = "zero" if rules.reset == "zero" else "subtract"
    lif = Lif(np.array(threshold, dtype=np.int64), bias, initial, shifts, reset, 31, amount)  # type: ignore[arg-type]
    return _fitted(real, lif, weight, recurrent, units.shift, max_count, steps)


def _amount(
    cell: RealNeuron, rules: Rules, exact: list[Fraction], threshold: list[int]
) -> NDArray[np.int64] | None:
    """What a spike takes off at once, None where that is the integer threshold.

    T taken off one step later, behind the leak, is T/decay at once: decay·(v − T/decay) = decay·v − T.
    """
    decay = 1 - lost_by(cell.shifts) if takes_later(cell, rules) else Fraction(1)
    found = [max(1, round(t / decay)) for t in exact]
    return None if found == threshold else np.array(found, dtype=np.int64)


def _shaped(real: RealLayer, integers: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Integers [c_out, n] in the shapes of the weight and the recurrent weight."""
    if not real.is_conv:
        inputs = real.weight.shape[0]
        whole = integers.T
        return whole[:inputs], whole[inputs:] if real.recurrent is not None else None
    rows, columns, c_in, c_group = real.weight.shape
    parts = integers.reshape(real.groups, c_group, rows * columns, c_in // real.groups)
    return parts.transpose(2, 0, 3, 1).reshape(rows, columns, c_in, c_group), None


def _fitted(
    real: RealLayer,
    cell: Neuron,
    weight: np.ndarray,
    recurrent: np.ndarray | None,
    shift: int,
    max_count: int,
    steps: int,
) -> tuple[Weighted, str | None]:
    """The layer with the narrowest state that its membranes never leave, or else the widest that there can be."""
    arrays = [weight] if recurrent is None else [weight, recurrent]
    bits = next(b for b in range(1, 10) if b == 9 or all(fits(a, b) for a in arrays))
    if bits == 9:
        raise OverflowError
    layer: Weighted
    if real.is_conv:
        layer = Conv2d(weight, bits, cell, shift, real.stride, real.padding, real.groups)
    elif recurrent is not None:
        assert isinstance(cell, Lif)
        layer = RecurrentLinear(weight, recurrent, bits, cell, shift)
    else:
        layer = Linear(weight, bits, cell, shift)
    span = reach(layer, max_count, steps)
    wanted = state_bits(span, cell)
    for width in range(min(wanted, 31), 3, -1):
        try:
            made: Weighted = replace(layer, neuron=replace(cell, state_bits=width))  # type: ignore[arg-type]
            accumulator_bound(made, max_count)
        except TooWideError:
            continue
        if width == wanted:
            return made, None
        what = "outputs" if isinstance(cell, Integrator) else "spikes"
        return made, (
            f"membranes of {width} bits may saturate: they could need {wanted} in the worst case; "
            f"{what} may differ then"
        )
    raise OverflowError


def _check_one_spike(real: RealLayer, layer: Weighted, max_count: int) -> None:
    """A neuron that never reaches twice its threshold gives one spike at most, as ours does."""
    cell = layer.neuron
    if not isinstance(cell, Lif):
        return
    positive, _ = signed_sums(layer, max_count)
    held = np.maximum(cell.threshold.astype(np.int64) - 1, cell.initial)
    kept = held - sum(held >> k for k in cell.leak_shifts)
    most = kept + positive + cell.bias
    twice = cell.threshold.astype(np.int64) + np.minimum(cell.threshold, cell.taken)
    worst = int(np.argmax(most - twice))
    if most[worst] >= twice[worst]:
        raise several(real, worst, int(most[worst]) // int(cell.threshold[worst]))


def _tell(real: RealLayer, channels: list[_Channel], units: _Units, layer: Weighted, told: list[str]) -> None:
    error, cell = max(own.grid.error for own in channels), layer.neuron
    if error > 0:
        of, what = ("the", "outputs") if isinstance(cell, Integrator) else ("a channel's", "spikes")
        told.append(
            f"{real.name}: weights rounded to {layer.bits} bits, by at most {_up(error)} of {of} largest: {what} may "
            "differ"
        )
    ties = [own for own in channels if own.threshold is not None and own.threshold.denominator == 1]
    uneven = next((own.grid.step for own in ties if not roundish(own.grid.step)), None)
    if uneven is not None and not error and not real.neuron.shifts:
        told.append(
            f"{real.name}: its weights are multiples of {float(uneven):.3g}, whose sums the tool's own floats round: "
            "where one meets the threshold exactly, spikes may differ"
        )
    if not error and not units.exact:
        what = "bias" if isinstance(cell, Integrator) else "bias or threshold"
        may = "outputs" if isinstance(cell, Integrator) else "spikes"
        told.append(f"{real.name}: {what} rounded to the membrane's unit: {may} may differ")
    if isinstance(cell, Lif) and cell.leak_shifts:
        told.append(
            f"{real.name}: its leak rounds, membranes are up to {_up(_rounded(cell))} of a threshold "
            f"{'above' if cell.amount is None else 'off'} the exact ones"
        )
    if isinstance(cell, Integrator) and cell.leak_shifts:
        told.append(
            f"{real.name}: its leak rounds, outputs are up to {_up(_rounded_output(layer, cell))} of the largest "
            "weight above the exact ones"
        )
    if isinstance(cell, Lif) and cell.amount is not None:
        told.append(f"{real.name}: {_told_amount(cell)}")


def _up(bound: float) -> str:
    """A bound above 0 in two digits, which is not below it."""
    return f"{float(TWO_DIGITS.create_decimal(repr(bound))):.2g}"


def _rounded(cell: Lif) -> float:
    """The most that rounding up in each step adds to a membrane, over the smallest threshold."""
    rounded = len(cell.leak_shifts) + (0.5 if cell.amount is not None else 0)
    return rounded / float(lost_by(cell.leak_shifts)) / float(cell.threshold.min())


def _rounded_output(layer: Weighted, cell: Integrator) -> float:
    """The same of an integrator, over its largest weight."""
    largest = int(np.abs(layer.weight.astype(np.int64)).max()) << layer.weight_shift
    return len(cell.leak_shifts) / float(lost_by(cell.leak_shifts)) / max(largest, 1)


def _told_amount(cell: Lif) -> str:
    share = {f"{each:.4g}" for each in (cell.taken / cell.threshold).tolist()}
    told = " to ".join(sorted(share)[:: max(len(share) - 1, 1)])
    return f"a spike takes off {told} of the threshold, an amount of its own"
