"""Runs a plan's images in the interpreter, beside the runtime."""

from __future__ import annotations

from itertools import chain

import numpy as np

from edge_sast.model.model import Model
from edge_sast.runtime.simulator import Simulator, Trace
from firmware_gen.rtl_gen.plan import RtlPlan
from tests.firmware_gen.rtl_gen.interpreter import Answer, Core
from tests.strategies import binned

Site = tuple[int, int, int]  # row, column, polarity


def events_of(counts: np.ndarray) -> list[list[Site]]:
    """Counts [T, H, W, 2] as the events of each step, ascending."""
    return [
        [(y, x, p) for y, x, p in np.argwhere(step).tolist() for _ in range(int(step[y, x, p]))]
        for step in counts
    ]


def assert_equal(want: Trace, got: Answer) -> None:
    assert len(got.steps) == len(want.crcs)
    for t, step in enumerate(got.steps):
        assert list(chain(*step.membranes)) == want.membranes[t].tolist(), t
        assert list(chain(*step.spikes)) == want.spikes[t].tolist(), t
        assert step.synops == want.synops[t].tolist(), t
        assert step.counts == want.spike_counts[t].tolist(), t
        assert step.crc == want.crcs[t], t
    assert (got.outputs, got.winner) == (want.outputs.tolist(), want.prediction)
    assert got.synops == want.synops.sum(axis=0, dtype=np.uint64).tolist()
    assert got.spikes == want.spike_counts.sum(axis=0, dtype=np.uint64).tolist()


def check(model: Model, lanes: int, recordings: list[np.ndarray]) -> RtlPlan:
    """One core for all recordings, counts [T, H, W, 2] each: each must leave it as it was."""
    plan = RtlPlan(model, lanes)
    core, simulator, of_model = (
        Core(plan.images, plan.localparams),
        Simulator(model),
        binned(model, recordings),
    )
    for i, counts in enumerate(recordings):
        assert_equal(simulator.trace(of_model, i), core.run(events_of(counts)))
    return plan
