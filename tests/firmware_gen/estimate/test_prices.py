"""Prices against the emulator's counts, against hand counts of spikes, and what has none."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import instruction_costs
import numpy as np
import pytest
from instruction_networks import drawn
from reference_network import network, random_events

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.model.layers import Conv2d, Flatten, Integrator, Lif, Linear
from edge_sast.model.model import Model
from edge_sast.runtime.simulator import Simulator
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.estimate.counted import counted
from firmware_gen.estimate.prices import estimate, prices_of, stored_costs
from firmware_gen.estimate.work import firing_blocks, work_of

SEEDS = (0, 3)  # networks that the prices were not fitted to


@pytest.mark.needs("arm-none-eabi-gcc")
@pytest.mark.parametrize("seed", SEEDS)
def test_the_estimate_is_near_what_the_emulator_counts(seed):
    assert seed not in instruction_costs.FITTED
    costs = stored_costs()
    rows = list(instruction_costs.rows_of(*drawn(seed)))
    assert len(rows) == 4
    for row in rows:
        assert estimate(row.work, costs) == pytest.approx(row.instructions, rel=instruction_costs.TOLERANCE)
    assert rows[-1].instructions > rows[0].instructions


def test_the_stored_prices_say_where_they_come_from():
    stored = json.loads(instruction_costs.PATH.read_text("utf-8"))
    assert stored["made_by"] == instruction_costs.COMMAND
    assert (stored["core"], stored["toolchain"], stored["flags"]) == ("cortex-m4", "gcc", ["-O2"])
    assert all(price >= 0 for price in stored["costs"].values())
    # An event that reaches one position of 12 channels: docs/kernels.md says 60 of it, in the assembly.
    assert stored["costs"]["sast_conv2d_8 long fours"] == pytest.approx(11, abs=0.1)


def test_spikes_are_counted_as_the_runtime_counts_them():
    _, model, recordings = drawn(0)
    found = counted(CPlan(model), recordings).exact
    simulator, steps = Simulator(model), model.binning.steps * len(recordings)
    events = sum(int(recordings.dense([i]).sum()) for i in range(len(recordings)))
    assert found["sast_push event"] == events
    assert found["sast_step step"] == steps
    # All that a plan counts of a step is there as often as there are steps.
    per_step: Counter[str] = Counter()
    for work in work_of(CPlan(model)):
        per_step.update(work.step)
    assert all(found[name] == amount * steps for name, amount in per_step.items())
    result = simulator.run(recordings)
    fired = sum(int(result.spikes[:, place].sum()) for place in range(result.spikes.shape[1]))
    told = sum(found[name] for name in ("send spike", "sast_sweep_wide spike"))
    noted = (
        found["send block"] > 0
    )  # of layers whose spikes are noted a block at a time no spike is sent alone
    assert told == fired or (noted and told < fired)


def test_an_early_answer_is_left_out():
    _, model, recordings = drawn(0)
    early = replace(model, early_margin=1)
    assert counted(CPlan(early), recordings) == counted(CPlan(model), recordings)


@pytest.mark.parametrize("channels", [1, 4, 6, 12, 16])
def test_blocks_are_eight_membranes_that_follow_each_other(channels):
    """By hand: position by position, each filled up to whole quads."""
    rng = np.random.default_rng(channels)
    spikes = rng.random((3, 4, 5, channels)) < 0.1
    lanes = -(-channels // 4) * 4
    for row in range(3):
        at = [
            (y * 5 + x) * lanes + c
            for y in range(4)
            for x in range(5)
            for c in range(channels)
            if spikes[row, y, x, c]
        ]
        assert sorted({place // 8 for place in at}) == list(np.flatnonzero(firing_blocks(spikes, lanes)[row]))


def test_work_without_a_price_is_refused():
    with pytest.raises(EdgeSastError) as error:
        estimate(Counter({"sast_new spike": 1}), stored_costs())
    assert str(error.value) == (
        "--instructions-target: no price is known of 'sast_new spike', which the network's C would do; use --bits 8, "
        "or --synops-target"
    )


def test_a_layer_that_is_swept_where_events_have_been_is_refused():
    model = network(200)
    with pytest.raises(EdgeSastError) as error:
        prices_of(model, random_events(model, 0.01))
    assert str(error.value) == (
        "--instructions-target: layer 1 has 900 positions, of which those without events are not swept, so that no "
        "price of a spike says what a step costs; use a stride, --downscale, or --synops-target"
    )


def test_padding_of_one_bit_is_refused():
    """Six channels: a quad and a half."""
    rng = np.random.default_rng(0)
    zeros = np.zeros(6, int)
    neuron = Lif(np.full(6, 400), zeros, zeros, (3,), "zero", 14)
    model = Model(
        Binning(8, 8, 0, 1000, 2, 1),
        (Conv2d(rng.choice([-1, 1], (3, 3, 2, 6)), 1, neuron, 5), Flatten(), _read_out(rng, 6 * 36)),
        ("a", "b"),
    )
    with pytest.raises(EdgeSastError) as error:
        prices_of(model, random_events(model, 0.1))
    assert str(error.value) == (
        "--instructions-target: layer 1 has 6 channels of 1 bit, and what fills them up to a multiple of 4 costs what "
        "no price of a spike says; use a multiple of 4, or --synops-target"
    )


def _read_out(rng: np.random.Generator, inputs: int) -> Linear:
    return Linear(rng.integers(-9, 9, (inputs, 2)), 8, Integrator(np.zeros(2, int), np.zeros(2, int), (), 24))
