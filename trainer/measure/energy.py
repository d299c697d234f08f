"""Energy of a training step and of an inference, counted from what a run's own layers take in and pass back.

Training is counted as SATA does (Yin et al. 2022, arXiv 2204.05422; the words that move, in its authors' simulator
SATA_Sim, get_workload.py), float32, a recording at a time. Of a layer with m inputs of a bits (1 for spikes), n
neurons, w weights and T steps:

    forward    an addition for each synapse that an active input reaches, each neuron's step 2 multiplications (leak,
               reset) and 2 additions (current, comparison)
    backward   each neuron's step du = ds·σ′ + τ·(1 − s)·du₊: 2 multiplications and an addition, or, where σ′ = 0, 1
               multiplication; a multiplication and an addition for each synapse from a neuron with du ≠ 0 back to its
               inputs, but not to the events
    update     an addition of du for each synapse that an active input reaches

               DRAM              buffer                                   scratchpad
    forward    w + T(n + i)      2w + 2T(n + i)                           2w + 2T·i
    backward   T(n + i)          w + T(7n + 2i)                           w + T·n
    update     2w                2(1 + T)w + T(n + i)                     2(1 + 2T)w + T(n + i)       words, i = m·a/32

Where an input is a real number (a smooth spike), each addition at a synapse is a multiplication too. An integrating
read-out has no leak, threshold or σ′. Batch norm, pools, the loss and the optimiser's own arithmetic are not counted.

An inference is that of the integer model, by events, in the sense of Yan et al. 2024 (arXiv 2409.08290): weights,
spikes and membranes are moved, too. Their network on a chip, and prices of their own, are not taken over:

    synapse    an addition and a weight of b bits for each SynOp
    neuron     each step: the shifts of its leak, the bias and the comparison as additions, its membrane (16 bits; of a
               read-out 32) read and written; an addition for each spike's reset
    spike      its address, ⌈log2 m⌉ bits, written once and read once

and of its dense twin, the same shapes once, with activations of ⌈log2(T + 1)⌉ bits: a multiplication, an addition and a
weight for each connection, a bias for each neuron, each input written and read. At the same rate r of spikes of all
inputs, and of all neurons, the first is F + r·A. It is cheaper than the twin below r = (E_dense − F)/A.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass, replace
from typing import Any

from edge_sast.events.binned import BinnedEvents
from trainer.measure.activity import Activity, fan_in, forward_activity, training_activity
from trainer.measure.energy_prices import ACCESS_BITS, Prices
from trainer.network.layers import Weighted
from trainer.network.network import Network
from trainer.settings.bits import Bits, bits_name
from trainer.settings.objective import Objective
from trainer.settings.passes import Integer, Spike

WORD = 32  # bits of a float
REAL = ("smooth", "mixed")  # passes whose spikes are numbers between 0 and 1
MEMBRANE, ACCUMULATOR = 16, 32  # bits that a spiking neuron's and a read-out's membrane take up


@dataclass(frozen=True)
class Counts:
    """Operations and bits moved, per recording."""

    additions: float = 0.0
    multiplications: float = 0.0
    scratchpad_bits: float = 0.0
    buffer_bits: float = 0.0
    dram_bits: float = 0.0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def picojoules(self, prices: Prices, *, integer: bool) -> float:
        """Of float32 arithmetic, or of 8-bit multiplications and 32-bit additions."""
        add = prices.add_int32 if integer else prices.add_float32
        multiply = prices.multiply_int8 if integer else prices.multiply_float32
        moved = (
            self.scratchpad_bits * prices.scratchpad
            + self.buffer_bits * prices.buffer
            + self.dram_bits * prices.dram
        )
        return self.additions * add + self.multiplications * multiply + moved / ACCESS_BITS


def measure(
    network: Network,
    binned: BinnedEvents,
    trained: tuple[Spike, Objective] | None,
    integer: Integer,
    prices: Prices,
) -> dict[str, Any]:
    """Figures for `evaluate --json`, per recording: every count, and energies in pJ.

    trained: forward pass and objective of the training step; None where training is not through all steps.
    """
    layers = network.weighted()
    seen = forward_activity(network, binned, integer)
    figures: dict[str, Any] = {
        "prices": asdict(prices),
        "layers": [_size(layer) for layer in layers],
        "training": None,
        "inference": _stage(
            [inference(*each) for each in zip(layers, seen, integer.bits, strict=True)], prices
        ),
        "dense": _stage(
            [dense(layer, bits) for layer, bits in zip(layers, integer.bits, strict=True)], prices
        ),
        "inference_activity": [asdict(each) for each in seen],
    }
    figures["inference"]["pass"] = bits_name(integer.bits)
    figures |= break_even(layers, integer.bits, figures["inference"]["picojoules"], prices)
    if trained is not None:
        spike, objective = trained
        active = training_activity(network, binned, spike, objective)
        figures["training"] = _training(layers, active, spike, prices)
    return figures


def _training(
    layers: Sequence[Weighted], active: Sequence[Activity], spike: Spike, prices: Prices
) -> dict[str, Any]:
    stages = {"forward": forward, "backward": backward, "update": update}
    told: dict[str, Any] = {"pass": spike.forward}
    for name, stage in stages.items():
        counts = [
            stage(layer, each, layer.place > 0 and spike.forward in REAL)
            for layer, each in zip(layers, active, strict=True)
        ]
        told[name] = _stage(counts, prices, integer=False)
    told["picojoules"] = sum(told[name]["picojoules"] for name in stages)
    told["activity"] = [asdict(each) for each in active]
    return told


def _stage(counts: Sequence[Counts], prices: Prices, *, integer: bool = True) -> dict[str, Any]:
    total = sum(counts, Counts())
    return {
        **asdict(total),
        "picojoules": total.picojoules(prices, integer=integer),
        "layers": [asdict(each) for each in counts],
    }


def _size(layer: Weighted) -> dict[str, Any]:
    return {
        "layer": layer.name,
        "inputs": _inputs(layer),
        "neurons": _neurons(layer),
        "weights": _weights(layer),
        "connections": _connections(layer),
        "steps": layer.steps,
    }


def forward(layer: Weighted, active: Activity, real: bool) -> Counts:
    """One layer's forward pass. real: its inputs are numbers, not spikes or counts."""
    updates = _neurons(layer) * layer.steps
    words, inputs = _weights(layer) + updates, _input_words(layer, real)
    return _synapses(active, real) + Counts(
        (2 if layer.spiking else 1) * updates,
        (2 if layer.spiking else 0) * updates,
        WORD * 2 * (_weights(layer) + inputs),
        WORD * 2 * (words + inputs),
        WORD * (words + inputs),
    )


def backward(layer: Weighted, active: Activity, real: bool) -> Counts:
    """One layer's backward pass, to its inputs."""
    updates = _neurons(layer) * layer.steps
    weights, inputs = _weights(layer), _input_words(layer, real)
    back = active.gradient_synapses
    if not layer.spiking:  # the loss's gradient reaches every class and step
        back = _connections(layer) * layer.steps if layer.place else 0.0
    return Counts(
        back + active.active_slopes,
        back + (updates + active.active_slopes if layer.spiking else 0),
        WORD * (weights + updates),
        WORD * (weights + 7 * updates + 2 * inputs),
        WORD * (updates + inputs),
    )


def update(layer: Weighted, active: Activity, real: bool) -> Counts:
    """What one layer's weights get of the gradient."""
    weights, steps = _weights(layer), layer.steps
    moved = _neurons(layer) * steps + _input_words(layer, real)
    return _synapses(active, real) + Counts(
        scratchpad_bits=WORD * (2 * (1 + 2 * steps) * weights + moved),
        buffer_bits=WORD * (2 * (1 + steps) * weights + moved),
        dram_bits=WORD * 2 * weights,
    )


def inference(layer: Weighted, active: Activity, bits: int) -> Counts:
    """One layer of the integer model by events, weights of `bits` bits."""
    updates = _neurons(layer) * layer.steps
    terms = len(layer.tau()[1]) if layer.spiking else 0
    state = MEMBRANE if layer.spiking else ACCUMULATOR
    return Counts(
        active.synops + neuron_operations(updates, terms, active.spikes, layer.spiking),
        buffer_bits=active.synops * bits
        + 2 * updates * state
        + 2 * active.active_inputs * _bits_of(_inputs(layer)),
    )


def neuron_operations(updates: int, terms: int, spikes: float, spiking: bool) -> float:
    """Additions of neurons in an inference: in each of `updates` neurons and steps the `terms` shifts of the leak, the
    bias and, of a spiking neuron, the comparison; and the reset of each spike.
    """
    return updates * (terms + (2 if spiking else 1)) + spikes


def dense(layer: Weighted, bits: int) -> Counts:
    """The same shapes computed once on numbers of ⌈log2(T + 1)⌉ bits; recurrent connections need steps, it has none."""
    connections = int(layer.fan_outs.sum())
    activation = _bits_of(layer.steps + 1)
    return Counts(
        connections + _neurons(layer),
        connections,
        buffer_bits=connections * bits + 2 * layer.shape.neurons * activation,
    )


def break_even(
    layers: Sequence[Weighted], bits: Bits, picojoules: float, prices: Prices
) -> dict[str, float | None]:
    """rate: the one of all inputs and neurons alike that would cost what this inference does, `picojoules`.
    break_even_rate: the one below which the dense twin costs more, None where there is none.
    """

    def cost(rate: float) -> float:
        each = zip(layers, bits, strict=True)
        return sum(
            inference(layer, alike(layer, rate), b).picojoules(prices, integer=True) for layer, b in each
        )

    fixed, twin = (
        cost(0.0),
        sum(dense(layer, b).picojoules(prices, integer=True) for layer, b in zip(layers, bits, strict=True)),
    )
    slope = cost(1.0) - fixed
    if slope <= 0:  # prices of 0
        return {"rate": None, "break_even_rate": None}
    limit = (twin - fixed) / slope
    return {"rate": (picojoules - fixed) / slope, "break_even_rate": limit if limit > 0 else None}


def alike(layer: Weighted, rate: float) -> Activity:
    """A layer whose inputs and neurons all spike at this rate, per step."""
    silent = Activity()
    return replace(
        silent,
        synops=rate * layer.steps * _connections(layer),
        active_inputs=rate * layer.steps * _inputs(layer),
        spikes=rate * layer.steps * _neurons(layer) if layer.spiking else 0.0,
    )


def _synapses(active: Activity, real: bool) -> Counts:
    return Counts(active.active_synapses, active.active_synapses) if real else Counts(active.synops)


def _neurons(layer: Weighted) -> int:
    return fan_in(layer).numel()


def _weights(layer: Weighted) -> int:
    return layer.weight.numel() + (0 if layer.recurrent is None else layer.recurrent.numel())


def _inputs(layer: Weighted) -> int:
    return layer.shape.neurons + (0 if layer.recurrent is None else layer.channels)


def _connections(layer: Weighted) -> int:
    return int(layer.fan_outs.sum()) + (0 if layer.recurrent is None else layer.recurrent.numel())


def _input_words(layer: Weighted, real: bool) -> float:
    """Of all steps, in words; a recurrent layer's own spikes are inputs too."""
    bits = WORD if real else _bits_of(layer.shape.max_count + 1)
    return layer.steps * _inputs(layer) * bits / WORD


def _bits_of(values: int) -> int:
    """Bits that tell so many values apart, at least one."""
    return max(1, math.ceil(math.log2(values)))
