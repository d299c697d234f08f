"""What a sweep knows of each neuron: threshold, bias, and the value that a recording starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from edge_sast.model.arithmetic import leak
from edge_sast.model.layers import Lif, Neuron
from firmware_gen.rtl_gen.fields import Field
from firmware_gen.rtl_gen.lanes import Lanes
from firmware_gen.rtl_gen.layout.engine import EngineLayer
from firmware_gen.rtl_gen.layout.weights import Places


@dataclass(frozen=True)
class Parameters:
    """Of each channel, int64 [channels]. threshold: 0 of an integrator. start: leak(initial) + bias. amount: what
    a reset by subtraction takes off, 0 where there is none.
    """

    threshold: NDArray[np.int64]
    bias: NDArray[np.int64]
    start: NDArray[np.int64]
    amount: NDArray[np.int64]


def parameters(neuron: Neuron | None, channels: int) -> Parameters:
    """Of a weighted layer's neuron; None: of an or stage, which fires at the first spike."""
    if neuron is None:
        nothing = np.zeros(channels, np.int64)
        return Parameters(nothing + 1, nothing, nothing, nothing)
    bias, initial = neuron.bias.astype(np.int64), neuron.initial.astype(np.int64)
    threshold = neuron.threshold.astype(np.int64) if isinstance(neuron, Lif) else np.zeros_like(bias)
    taken = isinstance(neuron, Lif) and neuron.reset == "subtract"
    amount = neuron.taken.astype(np.int64) if taken else np.zeros_like(bias)  # type: ignore[union-attr]
    return Parameters(threshold, bias, leak(initial, *neuron.leak_shifts) + bias, amount)


def period(layer: EngineLayer, lanes: Lanes) -> int:
    """Words of a row after which channels repeat; all of them where the row is shorter."""
    return min(layer.quads // gcd(layer.quads, lanes.banks), layer.row_words)


def parameter_places(layer: EngineLayer, base: int, lanes: Lanes) -> Places:
    """One place of each channel's parameters, int64 [channels], if the layer's begin at word `base`."""
    channel = np.arange(layer.shape.channels)
    quad = channel // lanes.quad
    return Places(base + quad // lanes.banks, quad % lanes.banks * lanes.quad + channel % lanes.quad)


def parameter_fields(p: Mapping[str, int]) -> tuple[Field, ...]:
    """A lane's part of an entry of `params`, P of which stand side by side; p: the localparams.

    rest: 2**TB - threshold, 0 of a lane that never fires. amount: what a reset by subtraction takes off, where the core
    knows of amounts.
    """
    return Field("valid", 1), Field("rest", p["TB"]), Field("amount", p["AMB"])


def bias_bits(p: Mapping[str, int]) -> int:
    """Of a value in `biases`: of each entry of `params` the biases, then the start values, of all lanes."""
    return max(p["BB"], p["SB"])


def lane_channels(layer: EngineLayer, lanes: Lanes) -> NDArray[np.int64]:
    """int64 [period, lanes]: the channel of each lane, -1 for none."""
    lane = np.arange(lanes.count)
    quad = np.arange(period(layer, lanes))[:, None] * lanes.banks + lane // lanes.quad
    channel = quad % layer.quads * lanes.quad + lane % lanes.quad
    return np.where(channel < layer.shape.channels, channel, -1)
