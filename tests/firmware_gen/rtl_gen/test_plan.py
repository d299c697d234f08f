"""The plan's images and constants alone give what the runtime gives, in every value of every step."""

import numpy as np
import pytest

from edge_sast.model.model import Model
from edge_sast.model.modelfile import load
from edge_sast.runtime.simulator import Simulator, Trace
from firmware_gen.rtl_gen.lanes import LANES
from firmware_gen.rtl_gen.plan import RtlPlan
from tests.firmware_gen.rtl_gen.interpreter import Answer, Core
from tests.strategies import binned, random_input, random_model

SEEDS = range(120)
Events = list[list[tuple[int, int, int]]]


def events_of(counts: np.ndarray) -> Events:
    """Counts [T, H, W, 2] as events (row, column, polarity) of each step, ascending."""
    return [
        [site for site in map(tuple, np.argwhere(step).tolist()) for _ in range(int(step[site]))]
        for step in counts
    ]


def assert_equal(want: Trace, got: Answer) -> None:
    for t, step in enumerate(got.steps):
        assert sum(step.membranes, []) == want.membranes[t].tolist(), t
        assert sum(step.spikes, []) == want.spikes[t].tolist(), t
        assert step.synops == want.synops[t].tolist(), t
        assert step.counts == want.spike_counts[t].tolist(), t
        assert step.crc == want.crcs[t], t
    assert (got.outputs, got.winner) == (want.outputs.tolist(), want.prediction)
    assert got.synops == want.synops.sum(axis=0, dtype=np.uint64).tolist()
    assert got.spikes == want.spike_counts.sum(axis=0, dtype=np.uint64).tolist()


def check(model: Model, lanes: int, inputs: list[np.ndarray]) -> None:
    """One core for all recordings: each must leave it as it was."""
    plan = RtlPlan(model, lanes)
    core, simulator, recordings = Core(plan.images, plan.localparams), Simulator(model), binned(model, inputs)
    for i, counts in enumerate(inputs):
        assert_equal(simulator.trace(recordings, i), core.run(events_of(counts)))


@pytest.mark.parametrize("seed", SEEDS)
def test_random_models(seed):
    model = random_model(np.random.default_rng(seed))
    rng = np.random.default_rng([seed, 2])
    inputs = [random_input(rng, model) for _ in range(2)]
    for lanes in LANES:
        check(model, lanes, inputs)
