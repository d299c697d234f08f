"""The core's schedule, cycle by cycle: how many each step of a recording takes, as the core counts them.

Registers and wires are those of the Verilog, its data paths left out, and what fires is known from the runtime. Events are
always there when the core wants them, answers always taken.
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
    run_wires,
    sweep_wires,
)


@dataclass(frozen=True)
class Cycles:
    """Of one recording. steps: int64 [T], the cycles of each step.

    adding: cycles in which some bank adds. quads: what all banks add for weighted layers, G weights each.
    """

    steps: NDArray[np.int64]
    adding: int
    quads: int


def count_cycles(
    schedule: Schedule, activity: Activity, *, observed: bool = True, wide_crc: bool = True, cleared: bool = False
) -> Cycles:
    """Of a recording that begins while the core is at rest.

    observed: its CRCs are computed. wide_crc: CRC_WIDE of sast_core.v. cleared: it is the first one since a clear, and
    its first event waits already: the list of operations is fetched in sight.
    """
    steps = np.zeros(schedule.steps, np.int64)
    state = registers(schedule, observed, cleared)
    count_jit(schedule, activity, state, wide_crc, steps)
    counted = state.counted[0]
    return Cycles(steps, int(counted["adding"]), int(counted["quads"]))


def count(schedule, activity, r, wide_crc, steps):
    """Fills `steps` [T]. Each clock function reads registers that only later ones change."""
    done, report, wires = r.counted[0], r.report[0], r.wires[0]
    while done.step < len(steps):
        core_wires(schedule, r, wide_crc)
        bank_wires(schedule, r)
        run_wires(r)
        sweep_wires(r)
        dispatch_wires(schedule, r, activity.starts)
        idle_wires(r)
        _tally(schedule, r)
        cycles = report.cycles
        for b in range(schedule.banks):
            bank_clock(schedule, r, b)
        runs_clock(schedule, r, activity)
        crc_clock(schedule, r)
        report_clock(schedule, r)
        spikes_clock(schedule, r, activity)
        sweep_clock(schedule, r)
        dispatch_clock(schedule, r)
        if wires.finished:
            steps[done.step] = cycles
            done.step += 1


def tally(schedule, r):
    """What is counted beside the cycles."""
    adds = False
    for b in range(schedule.banks):
        adds = adds or r.banks[b].run
    r.counted[0].adding += adds
    if r.wires[0].sent and schedule.ops[r.dispatch[0].op].counted:
        r.counted[0].quads += r.runs[0].n


_tally = jit(tally, inner=True)
count_jit = jit(count)
