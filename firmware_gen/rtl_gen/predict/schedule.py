"""All of a plan that decides when the core does what, as arrays that compiled code takes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_gen.rtl_gen.plan import RtlPlan

OP = np.dtype(
    [
        (name, np.int64)
        for name in (
            "from_events",
            "rewind",
            "skip_last",
            "sweep",
            "last",
            "counted",
            "sweep_layer",
            "row_base",
            "column_base",
            "rpw",
            "cw",
        )
    ]
)
LAYER = np.dtype(
    [
        (name, np.int64)
        for name in ("rows_1", "rpw_1", "base", "counted", "emits", "last", "whole")
    ]
)
ROW = np.dtype([("ny", np.int64), ("q", np.int64)])
COLUMN = np.dtype([("n", np.int64), ("nc", np.int64), ("q", np.int64)])
QUEUE_OF_MANY, QUEUE_OF_ONE = 8, 4  # sast_bank.v: QUEUE, where there are more banks than one, and else


class Schedule(NamedTuple):
    """ops, layers, rows, columns: entries of the tables of these names, as records of int64.

    exists: int64 [membrane words], one bit for each lane that is a neuron.
    lanes, quad, banks: P, G, B. queue: runs that wait in a bank at most. lane_table, recurrent, counts_spikes: the core's
    constants LANE_TABLE, RECURRENT, LIF_OUT. early: EARLY in sast_core.v.
    """

    ops: NDArray[np.void]
    layers: NDArray[np.void]
    rows: NDArray[np.void]
    columns: NDArray[np.void]
    exists: NDArray[np.int64]
    lanes: int
    quad: int
    banks: int
    queue: int
    lane_table: bool
    recurrent: bool
    counts_spikes: bool
    early: bool
    steps: int


def make_schedule(plan: RtlPlan) -> Schedule:
    """Of a plan."""
    p = plan.localparams
    tables = [plan.run_tables[op.connection].rows for op in plan.ops]
    columns = [plan.columns[op.connection] for op in plan.ops]
    return Schedule(
        ops=_entries(OP, plan.op_entries),
        layers=_entries(LAYER, plan.layer_entries),
        rows=_joined(ROW, tables),
        columns=_joined(COLUMN, columns),
        exists=_exists(plan),
        lanes=p["P"],
        quad=p["G"],
        banks=p["B"],
        queue=QUEUE_OF_MANY if p["B"] > 1 else QUEUE_OF_ONE,
        lane_table=bool(p["LANE_TABLE"]),
        recurrent=bool(p["RECURRENT"]),
        counts_spikes=bool(p["LIF_OUT"]),
        early=p["EDEPTH"] > 1 and not p["RECURRENT"],
        steps=p["STEPS"],
    )


def _entries(form: np.dtype, entries: list[dict[str, int]]) -> NDArray[np.void]:
    return np.array([tuple(int(entry[name]) for name in form.names or ()) for entry in entries], form)


def _joined(form: np.dtype, tables: list) -> NDArray[np.void]:
    """The tables one after the other, their columns that `form` names."""
    found = np.empty(sum(len(table[0]) for table in tables), form)
    for name in form.names or ():
        found[name] = np.concatenate([getattr(table, name) for table in tables])
    return found


def _exists(plan: RtlPlan) -> NDArray[np.int64]:
    every = [np.ones((1, *_sizes(layer)), bool) for layer in plan.engine.layers]
    return in_words(plan, every)[0]


def _sizes(layer) -> tuple[int, int, int]:
    return layer.shape.height, layer.shape.width, layer.shape.channels


def in_words(plan: RtlPlan, layers: list[NDArray[np.bool_]]) -> NDArray[np.int64]:
    """Neurons of each engine layer [T, rows, columns, channels] as bits of membrane words [T, words], lane 0 the lowest."""
    lanes, parts = plan.engine.lanes, []
    for layer, flags in zip(plan.engine.layers, layers, strict=True):
        steps, height, width, channels = flags.shape
        quads = np.zeros((steps, height, width, layer.quads * lanes.quad), bool)
        quads[..., :channels] = flags
        row = np.zeros((steps, height, layer.row_words * lanes.count), bool)
        row[..., : width * layer.quads * lanes.quad] = quads.reshape(steps, height, -1)
        parts.append(row.reshape(steps, layer.words, lanes.count))
    return np.concatenate(parts, axis=1) @ (1 << np.arange(lanes.count, dtype=np.int64))
