"""Layers in real numbers become layers of integers: exactly where weights stand on a grid, else rounded and told.

Thresholds, biases and initial membranes are per channel, each in its channel's unit (units.py): none of it shows
in the arithmetic. A leak rounds in every step, by less than a unit for each shift, upwards; what a spike takes off is
rounded by itself there, by half a unit at most.
"""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import ROUND_CEILING, Context
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sast.errors import EdgeSastError, TooWideError
from edge_sast.exchange.held import several, takes_later
from edge_sast.exchange.nodes.real import RealLayer, RealNeuron
from edge_sast.exchange.nodes.snap import lost_by
from edge_sast.exchange.rules import Rules
from edge_sast.exchange.states import reach, state_bits
from edge_sast.exchange.units import Channel, Units, channels_of, shifts_to_try, units_of
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

TWO_DIGITS = Context(prec=2, rounding=ROUND_CEILING)


def to_integers(
    real: RealLayer, rules: Rules, bits: int, max_count: int, steps: int, told: list[str]
) -> Weighted:
    """The integer layer. told: takes lines that say what is not exact.

    Raises EdgeSastError for what cannot be held, naming node and remedy.
    """
    channels = channels_of(real, rules, bits)
    best: tuple[Weighted, str | None, Units] | None = None
    for shift in shifts_to_try(channels, real, bits):
        units = units_of(channels, real, bits, shift)
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


def _build(
    real: RealLayer, rules: Rules, channels: list[Channel], units: Units, max_count: int, steps: int
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
    exact = units.thresholds(channels)
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


def _tell(real: RealLayer, channels: list[Channel], units: Units, layer: Weighted, told: list[str]) -> None:
    error, cell = max(own.grid.error for own in channels), layer.neuron
    if error > 0:
        of, what = ("the", "outputs") if isinstance(cell, Integrator) else ("a channel's", "spikes")
        told.append(
            f"{real.name}: weights rounded to {layer.bits} bits, by at most {_up(error)} of {of} largest: {what} may "
            "differ"
        )
    bars = zip(channels, units.thresholds(channels), strict=True)
    uneven = [own.worth for own, bar in bars if own.noise and bar.denominator == 1]
    if uneven and isinstance(cell, Lif) and not error and not cell.leak_shifts:
        told.append(
            f"{real.name}: its inputs add multiples of {float(uneven[0]):.3g}, whose sums the tool's own floats round: "
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
