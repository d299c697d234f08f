"""One clock edge of the core: the Verilog's `always @(posedge clk)` blocks that decide its timing, file by file.

Arguments are those of wires.py; row, column: the entries at the second stage of sast_runs.v.
"""

from __future__ import annotations

from functools import partial

from edge_sast.jit import jit
from firmware_gen.rtl_gen.predict.registers import (
    ASK,
    BITS_OF_COUNTERS,
    BITS_OF_NEURON,
    CLASS_CYCLES,
    COUNTS,
    CRC,
    CYCLES,
    FETCH,
    FINISH,
    LISTEN,
    QUIET,
    REWIND,
    RUN,
    SUM_CYCLES,
    TELL,
)

inner = partial(jit, inner=True)


@inner
def bank_clock(k, number, bank, d, p, w):
    """sast_bank.v: this bank's share of a run that is sent, and the run under way."""
    first = bank.first
    if bank.held > 0 and bank.h_phase[first] == w.phase_now and (not bank.run or bank.ends):
        bank.run, bank.m, bank.left, bank.ends = 1, bank.h_m[first], bank.h_n[first], bank.h_n[first] == 1
        bank.first = first + 1 if first + 1 < k.queue else 0
        bank.held -= 1
    else:
        bank.run = bank.run and not bank.ends
        bank.ends = bank.left == 2
        bank.m += 1
        bank.left -= 1
    if bank.takes:
        behind = p.q & (k.b - 1)  # of the run's first quad
        skip = (number - behind) & (k.b - 1)
        n = (p.n + k.b - 1 - skip) // k.b
        if n:
            at = bank.first + bank.held
            at -= k.queue if at >= k.queue else 0
            bank.h_phase[at], bank.h_m[at], bank.h_n[at] = d.phase, p.q // k.b + (number < behind), n
            bank.held += 1
    bank.has = not w.sent and (bank.has or bank.takes)


@inner
def runs_clock(k, op, row, column, p, w):
    """sast_runs.v: the last stage first, as each takes what the one before it held."""
    if w.load:
        p.v3, p.q, p.q_row, p.n, p.nc, p.nc_row, p.ny = p.v2, p.q2, p.q2, p.n2, p.nc2, p.nc2, p.ny2
    elif w.sent and p.nc == 1:
        p.q_row += op.rpw * k.b
        p.q = p.q_row
        p.nc = p.nc_row
        p.ny -= 1
    elif w.sent:
        p.q += op.cw
        p.nc -= 1
    if w.go2:
        p.v2 = p.v1 and column.n != 0 and row.ny != 0
        p.q2, p.n2, p.nc2, p.ny2 = row.q * k.b + column.q, column.n, column.nc, row.ny
    if w.go1:
        p.v1 = w.place_valid or p.spare
        p.row1 = p.spare_row if p.spare else w.place_row
        p.column1 = p.spare_column if p.spare else w.place_column
        p.spare = 0
    elif not p.spare:
        p.spare, p.spare_row, p.spare_column = w.place_valid, w.place_row, w.place_column


@inner
def crc_clock(k, s, c, w):
    """sast_walk.v, and what of sast_crc.v and sast_readout.v keeps it busy."""
    if s.seen and w.slow:
        c.walk_busy, c.walk_lane = 1, 0
    elif c.walk_busy and (not w.there or w.lane_next):
        c.walk_busy = (w.seen_lanes >> c.walk_lane) > 1
        c.walk_lane += 1
    part_due = c.in_counts or (w.there and w.narrow)
    bits = BITS_OF_COUNTERS if c.in_counts else BITS_OF_NEURON
    last = c.part == bits // k.crc_bits - 1
    c.in_counts = (c.in_counts and not last) or (c.state == TELL and c.observed)
    if part_due:
        c.part = 0 if last else c.part + 1
    c.fresh = s.seen and w.wide
    c.full = w.lane_next and w.reads_out and w.answers and not k.margin
    if w.finished and w.answers:
        c.telling = CLASS_CYCLES + SUM_CYCLES * k.sums
    elif c.telling:
        c.telling -= 1


@inner
def report_clock(layer, c, w):
    """sast_core.v: what follows a sweep, and the step's cycles."""
    c.phase ^= w.done
    if w.finished:
        c.cycles = not w.resting
    elif not w.idle:
        c.cycles += 1
    if c.state == QUIET:
        c.state = COUNTS if w.ends else QUIET
    elif c.state == COUNTS:
        c.state = LISTEN
    elif c.state == LISTEN:
        c.state = LISTEN if w.busy else TELL
    elif c.state == TELL:
        c.state = FINISH if layer.last else QUIET
    elif c.state == FINISH:
        c.state = CRC if w.finished else FINISH
    else:
        c.state = CYCLES if c.state == CRC else QUIET


@inner
def spikes_clock(oldest, free, d, f, s, w):
    """sast_spikes.v, and the word that sast_dispatch.v takes. oldest: the next to read; free: the one to write."""
    if w.word_take:
        d.lanes, d.row, d.k = f.lanes, f.row, f.k
    if w.ask:
        f.wr = f.rd = f.word_valid = 0
        return
    read = f.wr != f.rd and (not f.word_valid or w.word_take) and not w.rewind
    if read:
        f.lanes, f.row, f.k = oldest.lanes, oldest.row, oldest.k
    if w.fired:
        free.lanes, free.row, free.k = w.fired, s.seen_row, s.seen_k
        f.wr += 1
    f.rd = 0 if w.rewind else f.rd + read
    f.word_valid = not w.rewind and (read or (f.word_valid and not w.word_take))


@inner
def sweep_clock(k, op, layer, d, s, w):
    """sast_sweep.v."""
    s.entry = s.layer
    if w.rests:
        s.layer = op.sweep_layer
    s.settled = w.rests and (d.state == RUN or d.state == ASK) and op.sweep
    if w.ask:
        s.asked, s.renew = 1, d.step == k.steps - 1 and not k.running
    elif w.done:
        s.asked = 0
    s.s3 = s.seen
    if s.s1:
        s.seen_row, s.seen_k, s.seen_last = s.row1, s.k1, s.last1
    s.seen = s.s1
    s.s1 = w.issue
    if w.start:
        s.act, s.k, s.row = 1, 0, 0
    elif w.issue:
        row_ends = s.k == layer.rpw_1
        s.row1, s.k1, s.last1 = s.row, s.k, row_ends and s.row == layer.rows_1
        s.act = not s.last1
        s.k = 0 if row_ends else s.k + 1
        s.row += row_ends


@inner
def dispatch_clock(k, op, d, w):
    """sast_dispatch.v."""
    if w.place_take and w.running and not op.from_events and not w.word_take:
        d.lanes &= d.lanes - 1
    if w.event_valid and w.place_take:
        d.event += 1
    d.op = d.pc
    if d.state == FETCH:
        d.state = REWIND if k.recurrent else RUN
    elif d.state == REWIND:
        d.state = RUN
    elif d.state == RUN:
        d.state = ASK if w.source_ends else RUN
    elif w.op_ends:
        d.state = FETCH
        d.pc = 0 if op.last else d.pc + 1
        if op.last:
            d.step = 0 if d.step == k.steps - 1 else d.step + 1
        if op.sweep:
            d.phase ^= 1
