"""A NIR neuron under the rules of the tool that wrote it: decay, gain, threshold of each channel, exact numbers."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from edge_sast.exchange.graph import Node
from edge_sast.exchange.nodes.products import over, times
from edge_sast.exchange.nodes.real import RealNeuron
from edge_sast.exchange.nodes.snap import NOISE, leak_shifts, roundish, shown, snap
from edge_sast.exchange.nodes.spread import spread
from edge_sast.exchange.rules import LOSES_INPUT, NO_DELAY, Rules, number

Extent = tuple[int, ...]  # of what flows, as the file has it: (channels, rows, columns) or (neurons,)


def neuron(node: Node, extent: Extent, rules: Rules, nearest: bool, told: list[str]) -> RealNeuron:
    """The neuron of a node whose signal has the extent.

    nearest: take the nearest leak where none of shifts is exact, which is then told.
    Raises EdgeSastError for what our neuron cannot hold, naming node and parameter.
    """
    channels = extent[0]
    if node.type == "CubaLI":
        node.refuse("has a current of its own, which no integer neuron here has", "train with LI")
    lost, drive = _dynamics(node, extent, rules)
    shifts, exact = _shifts(node, lost, nearest, rules.gain == "leak" and node.type != "CubaLIF", told)
    gains = _gains(node, drive, exact, extent, rules)
    if min(gains) <= 0:
        takes = [
            name for name, taken in (("r", _takes_r(node, rules)), ("w_in", node.type == "CubaLIF")) if taken
        ]
        node.refuse(f"its gain, by {' and '.join(takes)}, is {shown(min(gains))}", "train with one above 0")
    integrator = node.type in ("LI", "I")
    reset = _reset_to(node, extent, rules) if not integrator else [Fraction(0)] * channels
    rest = _per_channel(node, "v_leak", node.finite("v_leak", 0.0), extent)
    uneven = next((v for v in reset if not roundish(v)), None)
    if uneven is not None:
        told.append(
            f"{node.name}: from v_reset {shown(uneven)} the tool's own floats round in every step: where a membrane "
            "meets the threshold exactly, spikes may differ"
        )
    if rules.start != "leak" and any(rest) and rest != reset:
        starts = not any(reset) and node.type != "CubaLIF"
        node.refuse(
            f"v_leak is {float(rest[0]):g}, and --start is {rules.start}",
            "train with v_leak 0" + ", or give --start leak where the tool's membranes start there" * starts,
        )
    begin = {"zero": [Fraction(0)] * channels, "reset": reset, "leak": rest}[rules.start]
    thresholds: list[Fraction] = []
    noise: tuple[Fraction, ...] = ()
    if not integrator:
        levels = _per_channel(node, "v_threshold", node.finite("v_threshold"), extent)
        thresholds = _above(levels, reset)
        noise = tuple(_noise(*pair) for pair in zip(levels, reset, strict=True))
        if min(thresholds) <= 0:
            node.refuse(
                f"v_threshold is {shown(min(thresholds))} above v_reset",
                "train with a threshold above the reset",
            )
    return RealNeuron(
        node.name,
        "integrator" if integrator else "lif",
        shifts,
        lost,
        gains,
        thresholds,
        [exact * height for height in _above(rest, reset)],
        _above(begin, reset),
        noise,
    )


def _above(values: list[Fraction], reset: list[Fraction]) -> list[Fraction]:
    """Values counted from the reset. 1.1 less 0.1 is 1 here too: the noise of both is in their difference.

    What is left of much larger numbers is not taken for a round one, of which there is one everywhere near by.
    """
    return [snap(value - v, min(_noise(value, v), 4 * NOISE)) for value, v in zip(values, reset, strict=True)]


def _noise(value: Fraction, reset: Fraction) -> Fraction:
    """Of a difference, relative to it: what float32 leaves of either."""
    return NOISE * max(abs(value), abs(reset)) / abs(value - reset) if value != reset else NOISE


def _gains(node: Node, drive: np.ndarray, lost: Fraction, extent: Extent, rules: Rules) -> list[Fraction]:
    """What the input of each channel is multiplied with. drive: by the file; lost: by the leak of a step, exactly."""
    if not _takes_r(node, rules):
        weights = _per_channel(node, "w_in", node.finite("w_in", 1.0), extent)
        return [number(rules.gain) * weight for weight in weights]
    gains = _per_channel(node, "r", drive, extent)
    if node.type not in ("LIF", "LI") or not lost or not np.isfinite(node.numbers("r", 1.0)).all():
        return gains
    own = [r * lost for r in _per_channel(node, "r", node.finite("r", 1.0), extent)]
    if rules.gain == "leak":
        return [snap(float(gain)) for gain in own]
    return [_cleaner(*pair) for pair in zip(gains, own, strict=True)]


def _takes_r(node: Node, rules: Rules) -> bool:
    """Whether the input is multiplied with the file's r, not with a number that was given."""
    return rules.gain in ("file", "leak") or node.type in ("IF", "I")


def _dynamics(node: Node, extent: Extent, rules: Rules) -> tuple[Fraction, np.ndarray]:
    """(what a step loses, 1 - decay, one number for the layer; the gain r·dt/tau or r or r·dt of each neuron)."""
    r = spread(node, "r", node.numbers("r", 1.0), extent) if _takes_r(node, rules) else np.ones(())
    if node.type in ("IF", "I"):
        return Fraction(0), times(node, "r", r, rules.dt) if rules.if_gain == "r-dt" else r
    if node.type == "CubaLIF":
        return _without_current(node, extent, rules, r)
    return _leak(node, "tau", extent, rules, r)


def _leak(node: Node, name: str, extent: Extent, rules: Rules, r: np.ndarray) -> tuple[Fraction, np.ndarray]:
    """The same of a leak by the time constant `name`. r: of each neuron."""
    tau = spread(node, name, node.numbers(name), extent)
    if rules.tau == "times-dt":
        tau = over(node, name, tau, rules.dt)
    rate = _rate(node, name, tau, rules)
    lost = -np.expm1(-rate) if rules.decay == "exp" else rate
    low, high = float(lost.min()), float(lost.max())
    if high - low > float(NOISE) * high:
        node.refuse(
            f"{name} differs between neurons (decay {1 - high:g} to {1 - low:g})",
            "train with one time constant per layer: a layer here has one leak",
        )
    if np.isinf(tau).all() and rules.gain in ("file", "leak") and np.isfinite(r).any():
        node.refuse(
            f"{name} is infinite and r is not, which multiplies the input with 0",
            "write an IF, or give --input-gain",
        )
    if np.isinf(tau).all():  # snnTorch writes beta 1 so, with an r that is infinite too: what it adds is I
        return Fraction(0), np.where(np.isinf(r), 1.0, r)
    return Fraction(low), times(node, name, rate, r)


def _rate(node: Node, name: str, tau: np.ndarray, rules: Rules) -> np.ndarray:
    """dt/tau, 0 where tau is infinite: no leak."""
    if (tau <= 0).any():
        node.refuse(f"{name} is {float(tau.min()):g}", "train with a time constant above 0")
    return over(node, name, rules.dt, tau)


def _without_current(node: Node, extent: Extent, rules: Rules, r: np.ndarray) -> tuple[Fraction, np.ndarray]:
    """A CubaLIF whose current lasts for one step only is a LIF, where the current is added before the membrane."""
    rates = _rate(node, "tau_syn", spread(node, "tau_syn", node.finite("tau_syn"), extent), rules)
    rate = float(rates.reshape(-1)[np.argmax(np.abs(rates - 1))])  # of all neurons the farthest from one step
    if rules.tau != "plain":
        node.refuse("has a current of its own, which no integer neuron here has", "train with LIF neurons")
    left = 1 - rate if rules.decay == "euler" else math.exp(-rate)
    if left < -float(NOISE):
        node.refuse(
            f"tau_syn is {rules.dt / rate:g}, shorter than a step of {rules.dt:g}, which turns its current around",
            "give the right --nir-dt, or train with LIF neurons",
        )
    if rules.decay == "exp" or left > float(NOISE):
        told = f"{left:g}" if rules.decay == "euler" else f"exp(-{rate:g})"
        node.refuse(
            f"tau_syn leaves {told} of its current for the next step, and no integer neuron here has a current of its "
            "own",
            "train with LIF neurons",
        )
    if rules.start == "leak":
        node.refuse(
            "its current lasts one step, and under --start leak, Norse's rule, it comes to the membrane a step later",
            "give --start zero or --start reset where the tool adds the current first, or train with LIF neurons",
        )
    if rules.gain == "leak":
        node.refuse(
            "has a current, and --input-gain leak is of a LIF", "give --input-gain file, none or a number"
        )
    if rules.looks_back and rules.reset == "zero":
        node.refuse(
            f"is reset to zero, {LOSES_INPUT}",
            f"train it with reset_mechanism='subtract', or with LIF neurons; {NO_DELAY}",
        )
    lost, gain = _leak(node, "tau_mem", extent, rules, r)
    own = spread(node, "w_in", node.finite("w_in", 1.0), extent)
    return lost, times(node, "w_in", own, times(node, "tau_syn", gain, rate))


def _cleaner(gain: Fraction, product: Fraction) -> Fraction:
    """A gain that was multiplied in floats, or the exact product where they differ by noise and that is the simpler."""
    near = abs(product - gain) <= 4 * NOISE * gain
    return product if near and product.denominator < gain.denominator else gain


def _shifts(
    node: Node, lost: Fraction, nearest: bool, by_leak: bool, told: list[str]
) -> tuple[tuple[int, ...], Fraction]:
    """What a step loses as shifts, and exactly. by_leak: whether the input is multiplied with it."""
    if np.float32(1 - float(lost)) == 1:  # what the tool itself computes with
        return (), Fraction(0)
    shifts, exact = leak_shifts(lost)
    off = abs(exact - lost)
    if off <= 4 * NOISE * lost:
        return shifts, exact
    text = " - ".join(["1", *(f"2^-{k}" for k in shifts)])
    wrong = f"its decay {float(1 - lost):.7g} per step is none of shifts"
    if lost >= 1:
        node.refuse(
            wrong, "a decay lies above 0 here: give the right --nir-dt, or train with a longer time constant"
        )
    if not nearest:
        node.refuse(
            wrong, f"train with {float(1 - exact):.7g} ({text}), or give --nearest-leak, which takes that"
        )
    too = f", and the gain of its input as {float(exact / lost):.3g} times the file's" if by_leak else ""
    told.append(
        f"{node.name}: decay {float(1 - lost):.7g} taken as {float(1 - exact):.7g} ({text}), {float(off):.2g} off"
        f"{too}: spikes may differ"
    )
    return shifts, exact


def _reset_to(node: Node, extent: Extent, rules: Rules) -> list[Fraction]:
    reset = _per_channel(node, "v_reset", node.finite("v_reset", 0.0), extent)
    if any(reset) and (rules.reset != "zero" or rules.start != "reset"):
        node.refuse(
            f"v_reset is {float(reset[0]):g}",
            "train with v_reset 0, or, where v_leak is 0 or the same, say that resets and the first step lead there: "
            "--reset zero --start reset",
        )
    return reset


def _per_channel(node: Node, name: str, values: np.ndarray, extent: Extent) -> list[Fraction]:
    """One number per channel, noise taken out, of a parameter as `spread` takes it."""
    whole = spread(node, name, values, extent)
    rows = whole.reshape(extent[0], -1)
    if not np.isfinite(rows).all():
        node.refuse(f"{name} is infinite", "look at the training, and write the file again")
    low, high = rows.min(axis=1), rows.max(axis=1)
    if np.any(high - low > float(NOISE) * np.abs(high)):
        node.refuse(
            f"{name} differs between places of a channel",
            "train with one per channel: a conv2d here shares them",
        )
    return [snap(float(value)) for value in rows[:, 0]]
