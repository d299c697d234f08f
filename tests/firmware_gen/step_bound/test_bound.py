"""The bound on a step's instructions: nothing on an emulated core goes beyond it, and its worst step comes near."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from edge_sast.model import modelfile
from edge_sast.model.layers import Conv2d, OrPool, SumPool
from firmware_gen.step_bound.bound import StepBound, bound_of
from firmware_gen.step_bound.crafted import crafted_step
from firmware_gen.step_bound.probe import Probe
from firmware_gen.step_bound.states import Adversary
from firmware_gen.toolchain.cores import find_core
from tests import tools
from tests.firmware_gen.builds import everything_model, small_model, with_idle_cells
from tests.firmware_gen.step_bound.networks import random_steps, two_convolutions

EXAMPLES = Path(__file__).parents[3] / "examples"
NEAR = 0.8


def bounded(model, core="cortex-m4", toolchain="zig", flags=("-O2",)) -> tuple[Probe, StepBound]:
    tools.require_compiler(toolchain, core)
    probe = Probe(model, find_core(core), toolchain, flags)
    return probe, bound_of(probe, toolchain, flags)


@cache
def usual() -> tuple[Probe, StepBound]:
    return bounded(two_convolutions())


@cache
def small() -> tuple[Probe, StepBound]:
    return bounded(small_model())


@cache
def counting() -> tuple[Probe, StepBound]:
    """Every kind of layer; up to three events count at an input."""
    return bounded(everything_model())


def check_recordings(probe: Probe, bound: StepBound) -> float:
    """Random recordings, sparse to crowded: how near they come."""
    nearest = 0.0
    for events in (0, 0.02, 0.2, 1, 3):
        for seed in range(2):
            probe.reset()
            for step in random_steps(probe.model, events * probe.model.binning.neurons, seed):
                most = bound.step((len(step) - 4) // 5).total
                count = probe.count(step)
                assert count <= most
                nearest = max(nearest, count / most)
    return nearest


@pytest.mark.parametrize(
    ("core", "toolchain", "flags"),
    [
        ("cortex-m4", "zig", "-O2"),
        ("cortex-m0", "gcc", "-Os"),
        ("rv32", "gcc", "-O2"),
        ("cortex-m33", "gcc", "-O3"),
    ],
)
def test_no_step_takes_more_and_the_worst_comes_near(core, toolchain, flags):
    probe, bound = usual() if core == "cortex-m4" else bounded(two_convolutions(), core, toolchain, (flags,))
    assert check_recordings(probe, bound) > 0.3
    inputs = probe.model.binning.neurons
    for events in (0, 1, inputs // 4, inputs, 2 * inputs):
        found = crafted_step(probe, bound, events)
        assert NEAR <= found.ratio <= 1, (events, found)


@pytest.mark.parametrize("events", [0, 10, 50])
def test_membranes_searched_for_the_worst_step(events):
    probe, bound = small()
    found = Adversary(probe, bound).search(min(events, 50), 0.5)
    assert found.instructions <= found.bound
    assert found.ratio > 0.6


def test_every_kind_of_layer():
    """Counts above 1, groups, pools, recurrent spikes, packed rows, wide and narrow, both resets, two leak terms."""
    probe, bound = counting()
    check_recordings(probe, bound)
    inputs = probe.model.binning.neurons
    for events in (0, inputs, 3 * inputs, 3 * inputs + 50):  # each counts up to 3 times
        assert NEAR <= crafted_step(probe, bound, events).ratio <= 1


@pytest.mark.parametrize("pool", [None, OrPool])
def test_idle_cells(monkeypatch, pool):
    with_idle_cells(monkeypatch)
    probe, bound = bounded(two_convolutions(2, pool))
    assert probe.layers[0].idle
    check_recordings(probe, bound)
    for events in (0, 3, probe.model.binning.neurons):
        assert crafted_step(probe, bound, events).ratio <= 1


@pytest.mark.parametrize(("part", "core"), [(0.4, "cortex-m4"), (2.5, "cortex-m0")])
def test_amounts_of_their_own(part, core):
    """A spike takes off less than the threshold, or more: membranes are at it between steps, or below 0."""
    model = two_convolutions(3, reset="subtract")
    taking = [
        replace(
            layer,
            neuron=replace(layer.neuron, amount=np.maximum(layer.neuron.threshold * part, 1).astype(int)),
        )
        if isinstance(layer, Conv2d)
        else layer
        for layer in model.layers
    ]
    probe, bound = bounded(replace(model, layers=tuple(taking)), core)
    check_recordings(probe, bound)
    for events in (0, 20, probe.model.binning.neurons):
        assert crafted_step(probe, bound, events).ratio <= 1
        found = Adversary(probe, bound).search(events, 0.2)
        assert found.instructions <= found.bound


def test_more_events_never_cost_less():
    _, bound = small()
    costs = [bound.step(events).total for events in range(80)]
    assert costs == sorted(costs)
    assert bound.most_events(costs[40]) == max(n for n in range(80) if costs[n] == costs[40])
    assert bound.most_events(costs[0] - 1) is None


@pytest.mark.parametrize(
    "without", ["blocks left undone", "spikes", "spikes on their way", "repeats of a count"]
)
def test_what_the_bound_would_miss(without):
    """Each part is needed: a bound without it is exceeded by a step that runs."""
    probe, bound = counting() if without == "repeats of a count" else usual()
    sent = crafted_step(probe, bound, 2 * probe.model.binning.neurons)
    first, sweep, sources = bound.layers[0], bound.layers[0].sweep, bound.layers[0].sources
    nothing = 0 * sources.passing
    less = {
        "blocks left undone": replace(
            first, sweep=replace(sweep, silent=sweep.silent // 4, most=sweep.most // 4)
        ),
        "spikes": replace(first, sweep=replace(sweep, spike=0.0, most=sweep.silent)),
        "spikes on their way": replace(first, sources=replace(sources, passing=nothing, blocked=nothing)),
        "repeats of a count": first,
    }
    poorer = replace(bound, layers=(less[without], *bound.layers[1:]))
    if without == "repeats of a count":
        poorer = replace(bound, inputs=replace(bound.inputs, times=1))
    assert poorer.step(sent.events).total < sent.instructions <= sent.bound


@pytest.mark.quality
@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "rv32"])
@pytest.mark.parametrize("toolchain", ["zig", "gcc"])
def test_networks_of_many_kinds(core, toolchain):
    neurons = ({}, {"reset": "subtract"}, {"leaks": (1, 3)}, {"leaks": ()}, {"state_bits": 12, "leaks": (2,)})
    for seed, neuron in enumerate(neurons):
        for pool in (None, OrPool, SumPool):
            probe, bound = bounded(two_convolutions(seed, pool, **neuron), core, toolchain)
            check_recordings(probe, bound)
            for events in (0, 3, 50, 200, 450):
                assert crafted_step(probe, bound, events).ratio <= 1
                assert Adversary(probe, bound).search(events, 0.5).ratio <= 1


@pytest.mark.quality
@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m4", "rv32"])
@pytest.mark.parametrize("name", ["nmnist-int8", "nmnist-small-int8", "nmnist-3ms-int8"])
def test_the_examples(name, core):
    probe, bound = bounded(modelfile.load(EXAMPLES / f"{name}.safetensors"), core, "gcc")
    check_recordings(probe, bound)
    for events in (0, 1, 10, 100, 1000, 2312, 4000):
        assert NEAR <= crafted_step(probe, bound, events).ratio <= 1
    searched = Adversary(probe, bound).search(1000, 20)
    assert 0.5 < searched.ratio <= 1


def test_each_place_is_as_its_class():
    """What an event costs by its class is what it costs, at every input."""
    probe, bound = usual()
    grid = probe.model.binning
    costs = np.zeros(grid.neurons, np.int64)
    for place in range(grid.neurons):
        row, rest = divmod(place, 2 * grid.width)
        probe.reset()
        probe.push(0 if place else 1, 0, 0)  # opens the step
        costs[place] = probe.push(rest // 2, row, rest % 2)
    expected = np.maximum(costs, bound.repeat)
    np.testing.assert_array_equal(bound.inputs.passing, expected)
