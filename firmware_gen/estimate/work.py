"""The kinds of work that a step of a model makes its C do, layer by layer, each a term whose price is fitted.

A term is named after the function that does the work (firmware_gen/c/src). Which functions those are, and how many
words they move, the plan of the C says; what is counted of spikes is left to those who have the spikes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge_sast.model.layers import Conv2d, Flatten, Integrator, Lif, OrPool, SumPool, Weighted
from edge_sast.model.prices import BLOCK
from edge_sast.model.reach import axis_reach
from firmware_gen.c_plan.footprint import bitmap_bytes, seen_bytes
from firmware_gen.c_plan.kernels import kernels, push_kernel
from firmware_gen.c_plan.layout import BLOCK_WORDS, QUAD
from firmware_gen.c_plan.plan import CPlan, LayerPlan, WeightedPlan

WORD, WORD_BYTES = 32, 4
CHAIN, PUSHED, SHORT = "sast_conv2d_8", "sast_push_conv2d_8", 3  # quads of a run that the latter adds itself
Map = NDArray[np.float64]
# A term begins with a function's name; those that are priced together, as a compiler may put one into another:
TOGETHER = {
    "sast_push_apart": "sast_push",
    "sast_open_step": "sast_push",
    "admit": "sast_push",
    "sast_sweep_go_on": "sast_sweep",
    "sast_sweep_start": "sast_sweep",
    "sast_sweep_begin": "sast_sweep",
    "sast_sweep_cells": "sast_sweep",
    "after_reset": "sast_sweep",
    "finish": "sast_sweep",
    PUSHED: CHAIN,
    "send_hits": "send",
    "note_hits": "send",
    "sast_output": "send",
}


def family(function: str) -> str:
    """The first word of the terms that stand for a function's instructions."""
    if function.startswith("sast_fire_k"):
        return "sast_fire_k"
    return TOGETHER.get(function, function)


@dataclass
class LayerWork:
    """Of one layer. step: amount of each term in every step. arrived: float64 [H, W] of each term, for each spike that
    arrives there. fired, own, block: amounts for each spike that it fires, that it hands to itself, and for each block
    of membranes that fires. fire: the sweep's inner loop, empty where there is none; undone: whether it leaves every
    block that is not quiet to be dealt with neuron by neuron; leaks: terms of the leak.
    """

    lanes: int = 0
    step: Counter[str] = field(default_factory=Counter)
    arrived: dict[str, Map] = field(default_factory=dict)
    fired: Counter[str] = field(default_factory=Counter)
    own: Counter[str] = field(default_factory=Counter)
    block: Counter[str] = field(default_factory=Counter)
    fire: str = ""
    undone: bool = False
    leaks: int = 0

    def blocks(self, loud: int, words: int, undone: int, noted: int | None = None) -> dict[str, int]:
        """Work on so many blocks of membranes that are not quiet (docs/kernels.md), with so many words that are not.

        undone: blocks left to be dealt with neuron by neuron. noted: how many were noted, of None all.
        """
        amounts = {
            "loud": loud,
            "word": words,
            "undone": undone,
            "hit": loud + undone if noted is None else noted,
        }
        own = {f"{self.fire} {name}": amount for name, amount in amounts.items()}
        swept = {"undone": undone, "undone leak": undone * (self.leaks > 0), "hit": amounts["hit"]}
        return own | {f"sast_sweep {name}": amount for name, amount in swept.items()}


def work_of(plan: CPlan) -> list[LayerWork]:
    """Of every layer of the model but a flatten, whose work is counted with the layer after it."""
    found: list[LayerWork] = []
    before: list[LayerPlan] = []  # since the last layer with weights or pool: a flatten, perhaps
    for layer in plan.layers:
        if isinstance(layer.layer, Flatten):
            before.append(layer)
            continue
        work = _weighted(plan, layer) if isinstance(layer, WeightedPlan) else _pool(layer)
        _way_in(plan, layer, bool(before), work)
        before = []
        found.append(work)
    found[0].step.update({"sast_step step": 1, "sast_push step": 1})
    return found


def _way_in(plan: CPlan, layer: LayerPlan, flattened: bool, work: LayerWork) -> None:
    """The way of a spike to the layer: an event is pushed, a pool passes it on, a flatten counts its place."""
    everywhere = np.ones((layer.shape.height, layer.shape.width))
    before = layer.index - 1 - flattened
    if before < 0:
        work.arrived["sast_push event"] = everywhere
        if push_kernel(plan) != PUSHED:
            work.arrived[f"{push_kernel(plan)} event"] = everywhere
        cleared = seen_bytes(plan.input.neurons, plan.model.binning.count_cap)
        work.step["sast_step word"] += cleared // WORD_BYTES
    elif layer.source is None and not isinstance(plan.layers[before].layer, Weighted):
        work.arrived[f"{kernels(plan.layers[before])['receive']} passes on"] = everywhere
    if flattened and layer.source is None:
        work.arrived["sast_flatten spike"] = everywhere


def _pool(layer: LayerPlan) -> LayerWork:
    work, name = LayerWork(), kernels(layer)["receive"]
    pool: OrPool | SumPool = layer.layer  # type: ignore[assignment]  # there are no others
    filled = np.zeros((layer.shape.height, layer.shape.width))
    filled[: layer.out.height * pool.size, : layer.out.width * pool.size] = 1
    work.arrived |= {f"{name} spike": np.ones_like(filled), f"{name} filled": filled}
    if isinstance(pool, OrPool):
        work.step["sast_step word"] += bitmap_bytes(layer.out.neurons) // WORD_BYTES
    return work


def _weighted(plan: CPlan, layer: WeightedPlan) -> LayerWork:
    form, names = layer.form, kernels(layer)
    work = LayerWork(lanes=2 * form.position_words if form.narrow else layer.out.channels)
    if isinstance(layer.layer, Conv2d):
        pushed = layer.index == 0 and push_kernel(plan) == PUSHED
        _convolution(layer, layer.layer, names, PUSHED if pushed else names["receive"], work)
    else:
        _linear(layer, names, work)
    _sweep(layer, names, work)
    work.step["sast_step layer"] += 1
    return work


def _convolution(
    layer: WeightedPlan, conv: Conv2d, names: dict[str, str], door: str, work: LayerWork
) -> None:
    """A spike meets a run of weights in each output row that it reaches, as long as the columns that it reaches.

    door: the function that takes it.
    """
    unit, (high, wide) = layer.form.unit, conv.weight.shape[:2]
    rows = axis_reach(layer.shape.height, high, conv.stride[0], conv.padding[0]).counts.astype(float)
    columns = axis_reach(layer.shape.width, wide, conv.stride[1], conv.padding[1]).counts.astype(float)
    reaches, lines = np.outer(rows > 0, columns > 0).astype(float), np.outer(rows, columns > 0)
    if names["receive"] == "sast_conv2d_8":
        _chain(rows, columns * unit, door, work)
        return
    work.arrived |= {f"{door} spike": np.ones_like(reaches), f"{door} reaches": reaches}
    joined = names["receive"] == "sast_conv2d_joined"
    calls, runs = (reaches, lines) if joined else (lines, np.outer(rows, columns))
    if not joined:
        work.arrived[f"{door} row"] = lines
    _adds(names["add"], calls, runs, np.outer(rows, columns) * unit, work)


def _chain(rows: Map, quads: Map, door: str, work: LayerWork) -> None:
    """Of sast_conv2d_8 and sast_push_conv2d_8, which adds up to three quads itself and leaves longer runs to the other.

    rows: output rows that an input row reaches; quads: of a run from an input column.
    """
    short = (quads <= SHORT) if door == PUSHED else np.zeros_like(quads, dtype=bool)
    here = np.outer(rows > 0, quads > 0).astype(float)
    work.arrived |= {f"{CHAIN} {door} spike": np.ones_like(here), f"{CHAIN} {door} reaches": here}
    for name, chosen in (("short", short), ("long", ~short)):
        if not chosen.any():
            continue
        work.arrived[f"{CHAIN} {door} {name}"] = here * chosen
        work.arrived[f"{CHAIN} {name} row"] = np.outer(rows, (quads > 0) & chosen)
        work.arrived[f"{CHAIN} {name} fours"] = np.outer(rows, quads // QUAD * chosen)
        for over in range(1, QUAD):
            work.arrived[f"{CHAIN} {name} {over} over"] = np.outer(rows, (quads % QUAD == over) & chosen)


def _adds(add: str, calls: Map, runs: Map, units: Map, work: LayerWork) -> None:
    work.arrived |= {f"{add} call": calls, f"{add} run": runs, f"{add} unit": units}


def _linear(layer: WeightedPlan, names: dict[str, str], work: LayerWork) -> None:
    one, unit = np.ones((1, 1)), layer.form.unit
    if "adds" in names:
        work.arrived |= {f"{names['adds']} spike": one, f"{names['adds']} unit": unit * one}
        work.arrived[f"{names['inputs']} spike"] = one
    else:
        work.arrived[f"{names.get('inputs', names['receive'])} spike"] = one
    if "add" in names and "adds" not in names:
        _adds(names["add"], one, one, unit * one, work)
    elif "adds" not in names:
        work.arrived[f"{names['receive']} unit"] = unit * one
    if layer.source is not None:
        work.step[f"{names['inputs']} word"] += -(-layer.shape.neurons // WORD)
    if "own_spikes" in names:
        work.own.update({"sast_recurrent_add spike": 1, f"{names['add']} call": 1})
        work.own.update({f"{names['add']} run": 1, f"{names['add']} unit": unit})
        work.step["sast_recurrent_add word"] += -(-layer.out.neurons // WORD)


def _sweep(layer: WeightedPlan, names: dict[str, str], work: LayerWork) -> None:
    neuron, sweep = layer.layer.neuron, names["sweep"]
    if not (layer.form.narrow and isinstance(neuron, Lif)):
        kind, neurons = "out" if isinstance(neuron, Integrator) else "lif", layer.out.neurons
        leaks = neurons * len(neuron.leak_shifts)
        work.step.update({f"{sweep} {kind} neuron": neurons, f"{sweep} leak": leaks, f"{sweep} layer": 1})
        work.fired[f"{sweep} spike"] += 1
        if layer.target is not None:
            work.fired["sast_note spike"] += 1
        return
    fire = family(names["fire"])
    work.step.update(
        {f"{fire} block": layer.form.membrane_words // BLOCK_WORDS, f"{fire} cell": layer.form.cells}
    )
    work.step.update({f"{fire} layer": 1, "sast_sweep layer": 1})
    work.fire, work.leaks = fire, len(neuron.leak_shifts)
    work.undone = neuron.reset != "zero" or fire == "sast_fire_2"
    work.block.update(work.blocks(1, 1, 0) if not work.undone else work.blocks(0, 0, 1))
    work.block["send block" if layer.in_blocks else "send hit"] += 1
    if not layer.in_blocks:
        work.fired["send spike"] += 1
        if layer.target is not None:
            work.fired["sast_note spike"] += 1


def firing_blocks(spikes: NDArray[np.bool_], lanes: int, size: int = BLOCK) -> NDArray[np.bool_]:
    """Whether a neuron fires in each block of `size` membranes, bool [rows, blocks], of spikes [rows, H, W, C].

    lanes: membranes of a position.
    """
    rows, *_, channels = spikes.shape
    padded = np.zeros((*spikes.shape[:-1], lanes), bool)
    padded[..., :channels] = spikes
    flat = padded.reshape(rows, -1)
    flat = np.pad(flat, ((0, 0), (0, -flat.shape[1] % BLOCK)))
    found: NDArray[np.bool_] = np.logical_or.reduce(flat.reshape(rows, -1, size), axis=2)
    return found
