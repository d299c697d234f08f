"""All of a plan that decides when the core does what, as arrays that compiled code takes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_gen.rtl_gen.plan import RtlPlan


def form(names: str) -> np.dtype:
    """A record of int64."""
    return np.dtype([(name, np.int64) for name in names.split()])


OP = form("from_events rewind skip_last sweep last sweep_layer row_base column_base rpw cw")
LAYER = form("rows_1 rpw_1 base counted emits last whole")
ROW = form("ny q")
COLUMN = form("n nc q")
# Of sast_params.vh in small letters, of sast_core.v its parameters queue and crc_wide, and OVERLAP, of sast_crc.v D.
# sums: that an answer ends with, in words.
CONSTANTS = form(
    "p g b lane_table recurrent running margin lif_out steps queue crc_wide crc_bits overlap sums"
)
QUEUE = 0  # sast_core.v: QUEUE, as it stands there
MOST_WAITING = 16  # runs in a queue that there is room for here


class Schedule(NamedTuple):
    """ops, layers, rows, columns: entries of the tables of these names, as records. constants: one record.

    exists: int64 [membrane words], one bit for each lane that is a neuron.
    """

    constants: NDArray[np.void]
    ops: NDArray[np.void]
    layers: NDArray[np.void]
    rows: NDArray[np.void]
    columns: NDArray[np.void]
    exists: NDArray[np.int64]


def make_schedule(plan: RtlPlan, queue: int = QUEUE, crc_wide: bool = True) -> Schedule:
    """Of a plan, and the parameters QUEUE and CRC_WIDE of sast_core.v."""
    p = plan.localparams
    rows = [plan.run_tables[op.connection].rows for op in plan.ops]
    columns = [plan.columns[op.connection] for op in plan.ops]
    constants = {name.lower(): value for name, value in p.items()}
    queue = queue or (8 if p["B"] > 2 else 2)
    if not 2 <= queue <= MOST_WAITING:
        raise ValueError(f"QUEUE is {queue}; it must be 2 to {MOST_WAITING}")
    constants |= {"queue": queue, "crc_wide": crc_wide, "crc_bits": 8 if crc_wide else 2}
    constants["overlap"] = p["MODEL_2"] >> 25 & 1
    constants["sums"] = 4 * ((p["MODEL_2"] >> 8 & 0xFF) + 1)
    return Schedule(
        constants=_entries(CONSTANTS, [constants]),
        ops=_entries(OP, plan.op_entries),
        layers=_entries(LAYER, plan.layer_entries),
        rows=_joined(ROW, rows),
        columns=_joined(COLUMN, columns),
        exists=_exists(plan),
    )


def _entries(of: np.dtype, entries: list[dict[str, int]]) -> NDArray[np.void]:
    return np.array([tuple(int(entry[name]) for name in of.names or ()) for entry in entries], of)


def _joined(of: np.dtype, tables: list) -> NDArray[np.void]:
    """The tables one after the other, their columns that `form` names."""
    found = np.empty(sum(len(table[0]) for table in tables), of)
    for name in of.names or ():
        found[name] = np.concatenate([getattr(table, name) for table in tables])
    return found


def _exists(plan: RtlPlan) -> NDArray[np.int64]:
    every = [np.ones((1, *_sizes(layer)), bool) for layer in plan.engine.layers]
    return in_words(plan, every)[0]


def _sizes(layer) -> tuple[int, int, int]:
    return layer.shape.height, layer.shape.width, layer.shape.channels


def in_words(plan: RtlPlan, layers: list[NDArray[np.bool_]]) -> NDArray[np.int64]:
    """Of each engine layer [T, rows, columns, channels], as bits of membrane words [T, words], lane 0 the lowest."""
    lanes, parts = plan.engine.lanes, []
    for layer, flags in zip(plan.engine.layers, layers, strict=True):
        steps, height, width, channels = flags.shape
        quads = np.zeros((steps, height, width, layer.quads * lanes.quad), bool)
        quads[..., :channels] = flags
        row = np.zeros((steps, height, layer.row_words * lanes.count), bool)
        row[..., : width * layer.quads * lanes.quad] = quads.reshape(steps, height, -1)
        parts.append(row.reshape(steps, layer.words, lanes.count))
    return np.concatenate(parts, axis=1) @ (1 << np.arange(lanes.count, dtype=np.int64))
