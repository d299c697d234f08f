"""The core's registers that decide its timing, by the names that they have in the Verilog; data paths are left out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_gen.rtl_gen.predict.schedule import MOST_WAITING, Schedule, form

# sast_dispatch.v. op: pc a cycle ago, as `ops` is a memory. row, k, lanes: of the spike word that is taken apart.
# event: the next one, in sast_events.v's stead.
DISPATCH = form("state pc op step phase lanes row k event")
FETCH, REWIND, RUN, ASK = 0, 1, 2, 3

# sast_runs.v: three stages and the nest. row*, column*: places in the tables. spare*: a place that waits before them.
RUNS = form("spare spare_row spare_column v1 row1 column1 v2 q2 n2 nc2 ny2 v3 q q_row n nc nc_row ny")

# sast_spikes.v: its counters, and the word at its output.
SPIKES = form("wr rd word_valid lanes row k")
SPIKE_WORD = form("lanes row k")

# sast_sweep.v. entry: layer a cycle ago, as `layers` is a memory. Row and k of the word at each stage.
SWEEP = form("layer entry asked settled renew act row k s1 row1 k1 last1 seen seen_row seen_k seen_last s3")

# sast_core.v: what follows a sweep; with the busy parts of sast_walk.v (walk_*) and of sast_crc.v (fresh, in_counts,
# part), and in sast_readout.v the beat that waits (full), and for how long it is busy yet (telling).
REPORT = form("state phase cycles observed walk_busy walk_lane fresh in_counts part full telling")
QUIET, COUNTS, LISTEN, TELL, FINISH, CRC, CYCLES = 0, 1, 2, 3, 4, 5, 6
BITS_OF_NEURON, BITS_OF_COUNTERS = 40, 64  # sast_crc.v takes crc_bits of them a cycle
CLASS_CYCLES, SUM_CYCLES = 1, 3  # sast_readout.v: for the class, for each word of a sum

# sast_bank.v. Its queue is a ring here: the oldest of `held` runs stands at `first`.
# has: of sast_core.v, the bank has the run that is offered, and others have not; takes: a wire, it takes it now.
WAITING = [(name, np.int64, (MOST_WAITING,)) for name in ("h_phase", "h_m", "h_n")]
BANK = np.dtype([*form("held first run m left ends has takes").descr, *WAITING])

# Wires, of one cycle. event_row, event_column: where the next event is in the tables. seen_lanes: which exist in the
# word that is seen; fired: which of them spike.
WIRES = form(
    "seen_lanes fired event_row event_column place_row place_column open event_valid place_valid place_take running "
    "word_take rewind step_ends source_ends op_ends ask waiting sent ends_run load go1 go2 empty run_ready "
    "banks_idle phase_now start issue done ends busy told free rests narrow wide answers reads_out slow there "
    "lane_next finished resting idle"
)

# What is counted beside the cycles. step: that of the sweep. adding: cycles in which a bank adds.
COUNTED = form("step adding")


class Registers(NamedTuple):
    """One record each; of banks one a bank, of words one for each membrane word, which none exceeds."""

    dispatch: NDArray[np.void]
    runs: NDArray[np.void]
    spikes: NDArray[np.void]
    words: NDArray[np.void]
    sweep: NDArray[np.void]
    report: NDArray[np.void]
    banks: NDArray[np.void]
    wires: NDArray[np.void]
    counted: NDArray[np.void]


def registers(schedule: Schedule, observed: bool, cleared: bool) -> Registers:
    """A core at rest after a recording that waits for the first event; cleared: one whose clearing has just ended."""
    single = (DISPATCH, RUNS, SPIKES, SWEEP, REPORT, WIRES, COUNTED)
    dispatch, runs, spikes, sweep, report, wires, counted = (np.zeros(1, of) for of in single)
    dispatch["state"] = FETCH if cleared else RUN
    sweep["layer"] = sweep["entry"] = len(schedule.layers) - 1 if cleared else 0
    sweep["settled"], sweep["s3"] = not cleared, cleared
    report["observed"] = observed
    words = np.zeros(len(schedule.exists) + 1, SPIKE_WORD)
    banks = np.zeros(schedule.constants[0]["b"], BANK)
    return Registers(dispatch, runs, spikes, words, sweep, report, banks, wires, counted)
