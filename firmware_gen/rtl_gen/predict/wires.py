"""The wires of the core in one cycle, from its registers: the Verilog's `assign`s that decide its timing, file by file."""

from __future__ import annotations

from functools import partial

from edge_sast.jit import jit
from firmware_gen.rtl_gen.predict.registers import (
    ASK,
    CRC,
    CYCLES,
    FINISH,
    LAST_BYTE_OF_NEURON,
    QUIET,
    REWIND,
    RUN,
)

inner = partial(jit, inner=True)


@inner
def core_wires(schedule, r, wide_crc):
    """sast_core.v: what a word of the sweep is followed by, and whether anything still works on the last one."""
    c, s, w = r.report[0], r.sweep[0], r.wires[0]
    layer = schedule.layers[s.entry]
    takes = layer.counted and c.observed
    w.narrow = takes and not (wide_crc and layer.whole)
    w.wide = takes and wide_crc and layer.whole
    w.reads_out = layer.last and (schedule.counts_spikes or s.renew)
    w.slow = w.narrow or w.reads_out
    w.done = s.seen and s.seen_last
    w.ends = w.done and layer.counted
    crc_busy = c.in_counts or c.fresh
    w.busy = crc_busy or c.walk_busy
    w.told = c.state == QUIET and not w.ends and not w.busy
    w.finished = c.state == FINISH and not crc_busy
    w.there = c.walk_busy and (_lanes(schedule, r) >> c.walk_lane) & 1
    w.lane_next = w.there and (not w.narrow or c.part == LAST_BYTE_OF_NEURON)


@inner
def _lanes(schedule, r):
    """seen_lanes of sast_sweep.v."""
    s = r.sweep[0]
    layer = schedule.layers[s.entry]
    return schedule.exists[layer.base + s.seen_row * (layer.rpw_1 + 1) + s.seen_k]


@inner
def bank_wires(schedule, r):
    """sast_bank.v: `idle` of all banks, and whether all can take a run."""
    s, w = r.sweep[0], r.wires[0]
    phase, first = _phase_now(schedule, r), schedule.layers[s.entry].base
    ready = idle = True
    for b in range(schedule.banks):
        bank = r.banks[b]
        ready = ready and bank.held < schedule.queue
        due = bank.held > 0 and r.queue[b, bank.first].phase == phase
        idle = idle and not due and (not bank.run or (bank.ends and bank.m != first))
    w.banks_idle = idle
    w.sent = r.runs[0].v3 and ready


@inner
def _phase_now(schedule, r):
    done = schedule.early and r.wires[0].done
    return r.report[0].phase ^ (1 if done else 0)


@inner
def run_wires(r):
    """sast_runs.v."""
    p, w = r.runs[0], r.wires[0]
    w.ends_run = p.nc == 1 and p.ny == 1
    w.load = not p.v3 or (w.sent and w.ends_run)
    w.go2 = not p.v2 or w.load
    w.go1 = not p.v1 or w.go2
    w.go0 = not p.v0 or w.go1
    w.empty = not (p.v0 or p.v1 or p.v2 or p.v3)


@inner
def dispatch_wires(schedule, r, starts):
    """sast_dispatch.v, and sast_events.v before it: a step without an event is one beat that is none."""
    d, f, s, w = r.dispatch[0], r.spikes[0], r.sweep[0], r.wires[0]
    op = schedule.ops[d.op]
    skipped = op.skip_last and d.step == schedule.steps - 1
    w.running = d.state == RUN and not skipped
    w.open = w.running and op.from_events
    stop = starts[d.step + 1]
    w.event_valid = w.open and d.event < stop
    w.place_valid = w.event_valid if op.from_events else w.running and d.lanes != 0
    w.place_take = w.place_valid and w.go0
    w.step_ends = w.open and (d.event == stop or (w.place_take and d.event + 1 == stop))
    others = d.lanes & (d.lanes - 1)
    w.word_take = (
        w.running and not op.from_events and f.valid and (d.lanes == 0 or (w.place_take and others == 0))
    )
    more = f.valid or f.wr != f.rd or s.asked
    w.source_ends = skipped or (w.step_ends if op.from_events else not more and d.lanes == 0)
    w.op_ends = d.state == ASK and w.empty and (not op.sweep or w.free)
    w.ask = w.op_ends and op.sweep
    w.rewind = d.state == REWIND and op.rewind
    w.waiting = w.open and not w.event_valid and w.empty


@inner
def sweep_wires(r):
    """sast_sweep.v; `clearing` is over."""
    s, c, w = r.sweep[0], r.report[0], r.wires[0]
    w.rests = not s.asked and w.told
    w.free = w.rests and s.settled
    w.start = s.asked and not s.act and w.banks_idle and w.told and not s.s1 and not s.seen and not s.s3
    w.hold = w.slow and (s.s1 or s.seen or c.walk_busy)
    w.issue = s.act and not w.hold


@inner
def idle_wires(r):
    """sast_core.v: a cycle that does not count."""
    s, c, w = r.sweep[0], r.report[0], r.wires[0]
    w.resting = w.waiting and not s.asked and w.banks_idle
    w.idle = w.resting and not w.ends and (c.state == QUIET or c.state == CRC or c.state == CYCLES)
