"""The wires of the core in a cycle, from its registers: the Verilog's `assign`s that decide its timing, file by file.

Arguments are records (registers.py, schedule.py): k constants, d dispatch, p runs, f spikes, s sweep, c report, w
wires; op and layer are the entries at work. No arrays: compiled code would count their users at every call.
"""

from __future__ import annotations

from functools import partial

from edge_sast.jit import jit
from firmware_gen.rtl_gen.predict.registers import (
    ASK,
    BITS_OF_NEURON,
    CRC,
    CYCLES,
    FINISH,
    QUIET,
    REWIND,
    RUN,
)

inner = partial(jit, inner=True)


@inner
def core_wires(k, layer, s, c, w):
    """sast_core.v: what a word of the sweep is followed by, and whether anything still works on the last one."""
    takes = layer.counted and c.observed
    w.wide = takes and k.crc_wide and layer.whole
    w.narrow = takes and not w.wide
    w.answers = k.running or s.renew
    w.reads_out = layer.last and (k.margin or k.lif_out or w.answers)
    w.slow = w.narrow or w.reads_out
    w.done = s.seen and s.seen_last
    w.ends = w.done and layer.counted
    w.phase_now = c.phase ^ (k.overlap and w.done)
    crc_busy = c.in_counts or c.fresh
    w.busy = crc_busy or c.walk_busy
    w.told = c.state == QUIET and not w.ends and not w.busy and not c.telling
    w.finished = c.state == FINISH and not crc_busy
    w.there = c.walk_busy and (w.seen_lanes >> c.walk_lane) & 1
    out_ready = not w.answers or not c.full
    due = not w.narrow or c.part == BITS_OF_NEURON // k.crc_bits - 1
    w.lane_next = w.there and due and (not w.reads_out or out_ready)
    w.run_ready = w.banks_idle = 1  # until a bank says otherwise


@inner
def bank_wires(k, layer, bank, p, w):
    """sast_bank.v: whether it holds up a sweep or a run, and sast_core.v: whether it takes this one."""
    due = bank.held > 0 and bank.h_phase[bank.first] == w.phase_now
    idle = not due and (not bank.run or (bank.ends and bank.m != layer.base))
    w.banks_idle &= idle
    bank.takes = p.v3 and not bank.has and bank.held < k.queue
    w.run_ready &= bank.has or bank.held < k.queue


@inner
def run_wires(p, w):
    """sast_runs.v."""
    w.sent = p.v3 and w.run_ready
    w.ends_run = p.nc == 1 and p.ny == 1
    w.load = not p.v3 or (w.sent and w.ends_run)
    w.go2 = not p.v2 or w.load
    w.go1 = not p.v1 or w.go2
    w.empty = not (p.spare or p.v1 or p.v2 or p.v3)


@inner
def sweep_wires(s, c, w):
    """sast_sweep.v; `clearing` is over."""
    w.rests = not s.asked and w.told
    w.free = w.rests and s.settled
    w.start = s.asked and not s.act and w.banks_idle and w.told and not s.s1 and not s.seen and not s.s3
    hold = w.slow and (s.s1 or s.seen or c.walk_busy)
    w.issue = s.act and not hold


@inner
def dispatch_wires(k, op, stop, d, f, p, s, w):
    """sast_dispatch.v, and sast_events.v before it: a step without an event is one beat that is none.

    stop: where the step's events end.
    """
    skipped = op.skip_last and d.step == k.steps - 1 and not k.running
    w.running = d.state == RUN and not skipped
    w.open = w.running and op.from_events
    w.event_valid = w.open and d.event < stop
    w.place_valid = w.event_valid if op.from_events else w.running and d.lanes != 0
    w.place_take = w.place_valid and not p.spare
    w.step_ends = w.open and (d.event == stop or (w.place_take and d.event + 1 == stop))
    others = d.lanes & (d.lanes - 1)
    free = d.lanes == 0 or (w.place_take and others == 0)
    w.word_take = w.running and not op.from_events and f.word_valid and free
    more = f.word_valid or f.wr != f.rd or s.asked
    w.source_ends = skipped or (w.step_ends if op.from_events else not more and d.lanes == 0)
    w.op_ends = d.state == ASK and w.empty and (not op.sweep or w.free)
    w.ask = w.op_ends and op.sweep
    w.rewind = d.state == REWIND and op.rewind
    w.waiting = w.open and not w.event_valid and w.empty


@inner
def place_wires(k, op, d, w):
    """sast_dispatch.v: place_row and place_column, of the lowest lane of a spike word."""
    if op.from_events:
        w.place_row, w.place_column = op.row_base + w.event_row, op.column_base + w.event_column
        return
    lane = 0
    while not (d.lanes >> lane) & 1:
        lane += 1
    column = d.k * k.b + lane // k.g
    if k.lane_table:
        column = column * k.g + lane % k.g
    w.place_row, w.place_column = op.row_base + d.row, op.column_base + column


@inner
def idle_wires(s, c, w):
    """sast_core.v: a cycle that does not count."""
    w.resting = w.waiting and not s.asked and w.banks_idle
    w.idle = w.resting and not w.ends and (c.state == QUIET or c.state == CRC or c.state == CYCLES)
