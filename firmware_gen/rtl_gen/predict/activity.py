"""What a recording brings to the core: its events in order, and the spikes that the runtime found."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_sast.events.binned import BinnedEvents
from edge_sast.runtime.simulator import Trace
from firmware_gen.rtl_gen.layout.engine import Connection
from firmware_gen.rtl_gen.plan import RtlPlan
from firmware_gen.rtl_gen.predict.schedule import in_words


class Activity(NamedTuple):
    """Of one recording of T steps.

    rows, columns: int64 [events], their places in the tables, step by step; starts: int64 [T + 1], first of each step.
    spikes: int64 [steps computed, membrane words], one bit for each lane that spikes.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    starts: NDArray[np.int64]
    spikes: NDArray[np.int64]


def silence(plan: RtlPlan) -> Activity:
    """A recording without an event or a spike; of a model that answers early one that ends with its first step."""
    steps, none = plan.model.binning.steps, np.zeros(0, np.int64)
    computed = steps if plan.model.early_margin is None else 1
    spikes = np.zeros((computed, plan.engine.words), np.int64)
    return Activity(none, none, np.zeros(steps + 1, np.int64), spikes)


def recorded(plan: RtlPlan, binned: BinnedEvents, recording: int, trace: Trace) -> Activity:
    """Recording i of `binned`, whose trace is `trace`."""
    grid = binned.binning
    ends = binned.step_ptr[recording * grid.steps : (recording + 1) * grid.steps + 1]
    part = slice(ends[0], ends[-1])
    counts = binned.counts[part].astype(np.int64)
    sites = np.repeat(binned.indices[part].astype(np.int64), counts)
    starts = np.concatenate(([0], np.cumsum(counts)))[ends - ends[0]]
    rows, pixel = np.divmod(sites >> 1, grid.width)
    columns = _columns(plan, pixel, sites & 1)
    present = np.zeros((grid.steps, grid.height, grid.width, 2), bool)
    present.reshape(grid.steps, -1)[np.repeat(np.arange(grid.steps), np.diff(starts)), sites] = True
    return Activity(rows, columns, starts, in_words(plan, _spikes(plan, present[: len(trace.crcs)], trace)))


def _columns(plan: RtlPlan, pixel: NDArray[np.int64], polarity: NDArray[np.int64]) -> NDArray[np.int64]:
    """An entry for each lane of each quad, or for each quad."""
    lanes = plan.engine.lanes
    quad = pixel * lanes.quads(2) + polarity // lanes.quad
    return quad * lanes.quad + polarity % lanes.quad if plan.lane_table else quad


def _spikes(plan: RtlPlan, present: NDArray[np.bool_], trace: Trace) -> list[NDArray[np.bool_]]:
    """Of each engine layer [T, rows, columns, channels]; or stages, which no trace shows, from what feeds them."""
    found: list[NDArray[np.bool_]] = []
    for layer, connection in zip(plan.engine.layers, plan.engine.inputs, strict=True):
        if layer.counted is None:
            found.append(_windows(connection, found[-1] if found else present))
        else:
            where = trace.layers[layer.counted]
            flags = trace.spikes[:, where.start : where.stop]
            shape = layer.shape
            found.append(flags.reshape(len(flags), shape.height, shape.width, shape.channels) != 0)
    return found


def _windows(connection: Connection, source: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether anything spikes in each window; what is in no whole one is left out."""
    k, to = connection.division, connection.windows
    inside = source[:, : to.height * k, : to.width * k]
    return np.any(inside.reshape(-1, to.height, k, to.width, k, to.channels), axis=(2, 4))
