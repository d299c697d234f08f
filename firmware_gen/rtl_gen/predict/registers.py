"""The core's registers that decide its timing, by the names that they have in the Verilog; data paths are left out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_gen.rtl_gen.predict.schedule import Schedule


def _form(names: str) -> np.dtype:
    return np.dtype([(name, np.int64) for name in names.split()])


# sast_dispatch.v. op: pc a cycle ago, as `ops` is a memory. word: the membrane word whose spikes are taken apart. event: the
# next one, in sast_events.v's stead.
DISPATCH = _form("state pc op step phase lanes row k event")
FETCH, REWIND, RUN, ASK = 0, 1, 2, 3

# sast_runs.v: three stages and the nest. row*, column*: places in the tables.
RUNS = _form("v0 row0 column0 v1 row1 column1 v2 q2 n2 nc2 ny2 v3 q q_row n nc nc_row ny")

# sast_spikes.v. A spike word is the membrane word that its neurons stand in, row and k its place.
SPIKES = _form("wr rd valid mask row k")
SPIKE = _form("mask row k")

# sast_sweep.v. entry: layer a cycle ago, as `layers` is a memory. The word of each stage by row, k and address.
SWEEP = _form("layer entry asked settled renew act row k s1 row1 k1 last1 seen seen_row seen_k seen_last s3")

# sast_core.v: what follows a sweep; with the busy parts of sast_walk.v (walk_*) and sast_crc.v (fresh, in_counts, part).
REPORT = _form("state phase cycles observed walk_busy walk_lane fresh in_counts part")
QUIET, COUNTS, LISTEN, TELL, FINISH, CRC, CYCLES = 0, 1, 2, 3, 4, 5, 6
LAST_BYTE_OF_NEURON, LAST_BYTE_OF_COUNTERS = 4, 7  # sast_crc.v: lane_ends; the end of in_counts

# sast_bank.v. The queue is a ring: the oldest of `held` runs stands at `first`.
BANK = _form("held first run m left ends")
WAITING = _form("phase m n")

# Wires, of one cycle.
WIRES = _form(
    "open event_valid place_valid place_take word_take rewind step_ends source_ends op_ends ask waiting running sent ends_run "
    "go0 go1 go2 load empty start issue hold done told free rests slow wide reads_out ends finished idle resting banks_idle "
    "busy there narrow lane_next"
)

# What is counted beside the cycles. step: under way in the sweep. adding: cycles in which a bank adds. quads: what all banks add, of counted layers alone.
COUNTED = _form("adding quads step")


class Registers(NamedTuple):
    """One record each; of banks one a bank, of queue [banks, runs], of fifo one for each membrane word."""

    dispatch: NDArray[np.void]
    runs: NDArray[np.void]
    spikes: NDArray[np.void]
    fifo: NDArray[np.void]
    sweep: NDArray[np.void]
    report: NDArray[np.void]
    banks: NDArray[np.void]
    queue: NDArray[np.void]
    wires: NDArray[np.void]
    counted: NDArray[np.void]


def registers(schedule: Schedule, observed: bool, cleared: bool) -> Registers:
    """A core at rest after a recording that waits for the first event; cleared: one whose clearing has just ended."""
    single = (DISPATCH, RUNS, SPIKES, SWEEP, REPORT, WIRES, COUNTED)
    dispatch, runs, spikes, sweep, report, wires, counted = (np.zeros(1, form) for form in single)
    dispatch["state"] = FETCH if cleared else RUN
    sweep["layer"] = sweep["entry"] = len(schedule.layers) - 1 if cleared else 0
    sweep["settled"], sweep["s3"] = not cleared, cleared
    report["observed"] = observed
    return Registers(
        dispatch,
        runs,
        spikes,
        np.zeros(len(schedule.exists), SPIKE),
        sweep,
        report,
        np.zeros(schedule.banks, BANK),
        np.zeros((schedule.banks, schedule.queue), WAITING),
        wires,
        counted,
    )
