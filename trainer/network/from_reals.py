"""A network in real numbers, of another tool, as one of ours whose float pass with hard spikes gives its spikes.

A channel's gain and an average pool's factor are divided out of its threshold, so that weights are what the file has,
but for a power of two by which the threshold comes to lie from 1 to below 2: that changes no bit of what float32
computes. What a tool takes off one step later, after the leak, is taken off later here too: threshold/decay at once is
the same, but no number of float32.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NoReturn

import numpy as np
import torch
from torch import Tensor

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.exchange.held import by_output, check_one_spike, takes_later
from edge_sast.exchange.nodes.kernels import by_group
from edge_sast.exchange.nodes.real import Real, RealLayer, RealPool
from edge_sast.exchange.padded import within_square
from edge_sast.exchange.rules import Rules
from edge_sast.model.layers import Shape
from trainer.network.layers import Weighted
from trainer.network.network import Network
from trainer.settings import architecture
from trainer.settings.layers import LayerSettings, arch_of
from trainer.settings.network import NetworkSettings

REMEDY = "give --out FILE.safetensors, for a model file"


def network_of(reals: Sequence[Real], rules: Rules, binning: Binning) -> Network:
    """The network, in evaluation mode.

    Raises EdgeSastError for what no float pass here computes, naming node and remedy.
    """
    taken = [
        within_square(real) if isinstance(real, RealLayer) else real
        for real in reals
        if isinstance(real, RealLayer | RealPool)
    ]
    last = taken[-1]
    assert isinstance(last, RealLayer)
    layers = tuple(_settings(real, rules, real is last) for real in taken)
    try:
        grid = (binning.height, binning.width, binning.steps, binning.count_cap)
        settings = NetworkSettings(arch_of(layers), last.bias.size, *grid, norm="none", layers=layers)
    except EdgeSastError as error:
        text = str(error).removeprefix("--arch: ")
        raise EdgeSastError(f"a run cannot hold the network: {text}; or {REMEDY}") from error
    network = Network(settings)
    shapes = architecture.shapes([each.spec for each in settings.planned()], settings.input_shape)
    with torch.no_grad():
        for module, real, shape in zip(network.layers, taken, shapes[:-1], strict=True):
            if isinstance(module, Weighted) and isinstance(real, RealLayer):
                if rules.spikes == "many":
                    check_one_spike(real, shape.max_count)
                _fill(module, real)
    return network.eval()


def _settings(real: RealLayer | RealPool, rules: Rules, last: bool) -> LayerSettings:
    if isinstance(real, RealPool):
        return LayerSettings(f"{real.kind}{real.size}")
    cell = real.neuron
    if any(cell.initial):
        _refuse(real, "starts with a membrane that is not where a reset leads, which a run's do")
    if cell.kind == "integrator":
        if not last:
            _refuse(real, "integrates, and is not the last layer")
        if cell.shifts:
            _refuse(real, "integrates with a leak, and a run's read-out has none")
        return LayerSettings("out")
    reset = "zero" if rules.reset == "zero" else "subtract"
    leak = ",".join(str(k) for k in cell.shifts) or "none"
    later, above = takes_later(cell, rules), rules.threshold == "gt"
    return LayerSettings(_token(real, last), reset, leak, above, later, _levels(real))


def _levels(real: RealLayer) -> tuple[float, ...]:
    """Threshold of each channel in units of its weights, but for a power of two; one where all are the same.

    Rounded to float32, where it is a gain's fraction that no sum of weights can be.
    """
    below_two = np.nextafter(np.float32(2), np.float32(0))
    levels = tuple(float(min(np.float32(float(_parts(bar)[0])), below_two)) for bar in _bars(real))
    return levels[:1] if len(set(levels)) == 1 else levels


def _bars(real: RealLayer) -> list[Fraction]:
    """Threshold of each channel in units of its weights; of a read-out 1 in those units."""
    cell = real.neuron
    bars = cell.threshold or [Fraction(1)] * real.bias.size
    return [bar / (gain * real.factor) for bar, gain in zip(bars, cell.gain, strict=True)]


def _parts(value: Fraction) -> tuple[Fraction, Fraction]:
    """A number above 0 as one from 1 to below 2 times a power of two."""
    power = Fraction(2) ** (value.numerator.bit_length() - value.denominator.bit_length())
    power = power if power <= value else power / 2
    return value / power, power


def _token(real: RealLayer, last: bool) -> str:
    """The layer in the words of --arch."""
    if not real.is_conv:
        if real.recurrent is not None:
            return f"rec{real.bias.size}"
        return "count" if last else f"fc{real.bias.size}"
    sides = {"kernel": real.weight.shape[:2], "stride": real.stride, "padding": real.padding}
    for name, (rows, columns) in sides.items():
        if rows != columns:
            _refuse(real, f"{name} is {rows}x{columns}, and a run's are square")
    parts = {"s": real.stride[0], "p": real.padding[0], "g": real.groups}
    told = "".join(f"{letter}{n}" for letter, n in parts.items() if n != (0 if letter == "p" else 1))
    return f"{real.bias.size}c{real.weight.shape[0]}{told}"


def _refuse(real: RealLayer, what: str, first: str = "") -> NoReturn:
    """first: what to do before the remedy is taken."""
    raise EdgeSastError(f"node {real.name!r}: {what}; {first}{REMEDY}")


def _refuse_number(real: RealLayer, name: str, becomes: str) -> NoReturn:
    what = f"{name} becomes {becomes} than float32 holds, in units of the threshold"
    _refuse(real, what, "look at the training, or ")


def _fill(module: Weighted, real: RealLayer) -> None:
    """Weights, bias and way back of a layer, in its units: what a membrane of 1 is worth in weights of the file."""
    cell = real.neuron
    unit = [_parts(bar)[1] for bar in _bars(real)] if cell.kind == "lif" else _bars(real)
    by = _of_outputs(np.array([_float(1 / u) for u in unit]), real)
    weight = _scaled(replace(real, recurrent=None), "weight", by)
    # An offset is one of the membrane, behind the gain.
    bias = [
        (Fraction(float(b)) + offset / gain) / (real.factor * u)
        for b, offset, gain, u in zip(real.bias, cell.offset, cell.gain, unit, strict=True)
    ]
    assert module.bias is not None
    module.bias.copy_(_single(real, "bias", np.array([_float(b) for b in bias])))
    module.weight.copy_(_single(real, "weight", _trained_order(weight, real, module.shape)))
    if module.recurrent is not None:
        assert real.recurrent is not None
        own, name = replace(real, weight=real.recurrent, recurrent=None), "weight of the way back"
        back = _scaled(own, name, np.array([_float(1 / (real.factor * u)) for u in unit]))
        module.recurrent.copy_(_single(real, name, back.T.copy()))


def _float(value: Fraction) -> float:
    """Infinite where float64 has no such number."""
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value)


def _single(real: RealLayer, name: str, values: np.ndarray) -> Tensor:
    """Values of a parameter as float32. Raises EdgeSastError where it has none so large."""
    with np.errstate(over="ignore", under="ignore"):
        found = values.astype(np.float32)
    if not np.isfinite(found).all():
        _refuse_number(real, name, "larger")
    return torch.from_numpy(found)


def _scaled(real: RealLayer, name: str, by: np.ndarray) -> np.ndarray:
    """The layer's weight · by, in its shape. real: without a way back.

    Raises EdgeSastError for an output whose weights are all too small for float32, which it would lose.
    """
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        found: np.ndarray = np.where(real.weight == 0, 0.0, real.weight * by)
    rows, given = by_output(replace(real, weight=found)), by_output(real)
    lost = (np.abs(rows) < np.finfo(np.float32).tiny).all(axis=1) & given.any(axis=1)
    if lost.any():
        _refuse_number(real, name, "smaller")
    return found


def _of_outputs(values: np.ndarray, real: RealLayer) -> np.ndarray:
    """One number per output channel, in the shape of the weights' inputs and outputs."""
    if not real.is_conv:
        return values
    return by_group(values, real.weight.shape[2], real.groups)


def _trained_order(weight: np.ndarray, real: RealLayer, shape: Shape) -> np.ndarray:
    """To [C_out, C_in/groups, k, k] or [out, C·H·W]: what to_integers.py does, undone."""
    if real.is_conv:
        rows, columns, c_in, c_group = weight.shape
        parts = weight.reshape(rows, columns, real.groups, c_in // real.groups, c_group)
        return parts.transpose(2, 4, 3, 0, 1).reshape(-1, c_in // real.groups, rows, columns).copy()
    split = weight.reshape(shape.height, shape.width, shape.channels, -1)
    return split.transpose(3, 2, 0, 1).reshape(weight.shape[1], -1).copy()
