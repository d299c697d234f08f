"""The core's schedule, cycle by cycle: how many each step of a recording takes, as the core counts them.

Registers and wires are those of the Verilog, its data paths left out, and what fires is known from the runtime. Events
are always there when the core wants them, answers always taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sast.jit import jit
from firmware_gen.rtl_gen.predict.activity import Activity
from firmware_gen.rtl_gen.predict.clock import (
    bank_clock,
    crc_clock,
    dispatch_clock,
    report_clock,
    runs_clock,
    spikes_clock,
    sweep_clock,
)
from firmware_gen.rtl_gen.predict.registers import registers
from firmware_gen.rtl_gen.predict.schedule import Schedule
from firmware_gen.rtl_gen.predict.wires import (
    bank_wires,
    core_wires,
    dispatch_wires,
    idle_wires,
    place_wires,
    run_wires,
    sweep_wires,
)


@dataclass(frozen=True)
class Cycles:
    """Of one recording. steps: int64 [T], the cycles of each step that is computed.

    adding: cycles in which some bank adds.
    """

    steps: NDArray[np.int64]
    adding: int


def count_cycles(
    schedule: Schedule, activity: Activity, *, observed: bool = True, cleared: bool = False
) -> Cycles:
    """Of a recording that begins while the core is at rest.

    observed: its CRCs are computed. cleared: it is the first one since a clear, and its first event waits already, so
    that the first of the operations is fetched in sight.
    """
    steps = np.zeros(len(activity.spikes), np.int64)
    constants = schedule.constants.copy()
    constants["steps"] = len(activity.starts) - 1  # in running state any number
    schedule = schedule._replace(constants=constants)
    state = registers(schedule, observed, cleared)
    count_jit(schedule, activity, state, steps)
    return Cycles(steps, int(state.counted[0]["adding"]))


def count(schedule, activity, state, steps):
    """Fills `steps` [T]. Each clock function reads registers that only it and later ones change."""
    k, d, p, f, s = schedule.constants[0], state.dispatch[0], state.runs[0], state.spikes[0], state.sweep[0]
    c, w, counted, banks, words = state.report[0], state.wires[0], state.counted[0], state.banks, state.words
    while counted.step < len(steps):
        op, layer = schedule.ops[d.op], schedule.layers[s.entry]
        word = layer.base + s.seen_row * (layer.rpw_1 + 1) + s.seen_k
        w.seen_lanes = schedule.exists[word]
        w.fired = activity.spikes[counted.step, word] if s.seen and layer.emits else 0
        core_wires(k, layer, s, c, w)
        for b in range(k.b):
            bank_wires(k, layer, banks[b], p, w)
        run_wires(p, w)
        sweep_wires(s, c, w)
        dispatch_wires(k, op, activity.starts[d.step + 1], d, f, p, s, w)
        idle_wires(s, c, w)
        if w.event_valid:
            w.event_row, w.event_column = activity.rows[d.event], activity.columns[d.event]
        if w.place_valid:
            place_wires(k, op, d, w)
        adds, cycles = 0, c.cycles
        for b in range(k.b):
            adds |= banks[b].run
            bank_clock(k, b, banks[b], d, p, w)
        counted.adding += adds
        runs_clock(k, op, schedule.rows[p.row1], schedule.columns[p.column1], p, w)
        crc_clock(k, s, c, w)
        report_clock(layer, c, w)
        spikes_clock(words[f.rd], words[f.wr], d, f, s, w)
        sweep_clock(k, op, layer, d, s, w)
        dispatch_clock(k, op, d, w)
        if w.finished:
            steps[counted.step] = cycles
            counted.step += 1


count_jit = jit(count)
