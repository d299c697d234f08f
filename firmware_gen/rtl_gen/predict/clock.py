"""One clock edge of the core: the Verilog's `always @(posedge clk)` blocks that decide its timing, file by file."""

from __future__ import annotations

from functools import partial

from edge_sast.jit import jit
from firmware_gen.rtl_gen.predict.registers import (
    ASK,
    COUNTS,
    CRC,
    CYCLES,
    FETCH,
    FINISH,
    LAST_BYTE_OF_COUNTERS,
    LAST_BYTE_OF_NEURON,
    LISTEN,
    QUIET,
    REWIND,
    RUN,
    TELL,
)

inner = partial(jit, inner=True)


@inner
def dispatch_clock(schedule, r):
    """sast_dispatch.v."""
    d, w = r.dispatch[0], r.wires[0]
    op = schedule.ops[d.op]
    if w.place_take and w.running and not op.from_events and not w.word_take:
        d.lanes &= d.lanes - 1
    if w.event_valid and w.place_take:
        d.event += 1
    d.op = d.pc
    if d.state == FETCH:
        d.state = REWIND if schedule.recurrent else RUN
    elif d.state == REWIND:
        d.state = RUN
    elif d.state == RUN:
        d.state = ASK if w.source_ends else RUN
    elif w.op_ends:
        d.state = FETCH
        d.pc = 0 if op.last else d.pc + 1
        if op.last:
            d.step = 0 if d.step == schedule.steps - 1 else d.step + 1
        if op.sweep:
            d.phase ^= 1


@inner
def spikes_clock(schedule, r, activity):
    """sast_spikes.v, and the word that sast_dispatch.v takes of it; `put` is sast_core.v's."""
    d, f, s, w = r.dispatch[0], r.spikes[0], r.sweep[0], r.wires[0]
    layer = schedule.layers[s.entry]
    mask = 0
    if s.seen and layer.emits:
        mask = activity.spikes[r.counted[0].step, layer.base + s.seen_row * (layer.rpw_1 + 1) + s.seen_k]
    if w.word_take:
        d.lanes, d.row, d.k = f.mask, f.row, f.k
    if w.ask:
        f.wr = f.rd = f.valid = 0
        return
    read = f.wr != f.rd and (not f.valid or w.word_take) and not w.rewind
    if read:
        spike = r.fifo[f.rd]
        f.mask, f.row, f.k = spike.mask, spike.row, spike.k
    if mask:
        spike = r.fifo[f.wr]
        spike.mask, spike.row, spike.k = mask, s.seen_row, s.seen_k
        f.wr += 1
    f.rd = 0 if w.rewind else f.rd + read
    f.valid = not w.rewind and (read or (f.valid and not w.word_take))


@inner
def runs_clock(schedule, r, activity):
    """sast_runs.v: the last stage first, as each takes what the one before it held."""
    p, w = r.runs[0], r.wires[0]
    op = schedule.ops[r.dispatch[0].op]
    if w.load:
        p.v3, p.q, p.q_row, p.n, p.nc, p.nc_row, p.ny = p.v2, p.q2, p.q2, p.n2, p.nc2, p.nc2, p.ny2
    elif w.sent and p.nc == 1:
        p.q_row += op.rpw * schedule.banks
        p.q = p.q_row
        p.nc = p.nc_row
        p.ny -= 1
    elif w.sent:
        p.q += op.cw
        p.nc -= 1
    if w.go2:
        p.v2 = 0
        if p.v1:
            row, column = schedule.rows[p.row1], schedule.columns[p.column1]
            p.v2 = column.n != 0 and row.ny != 0
            p.q2, p.n2, p.nc2, p.ny2 = row.q * schedule.banks + column.q, column.n, column.nc, row.ny
    if w.go1:
        p.v1, p.row1, p.column1 = p.v0, p.row0, p.column0
    if w.go0:
        p.v0 = w.place_valid
        if w.place_valid:
            _place(schedule, r, activity)


@inner
def _place(schedule, r, activity):
    """place_row and place_column of sast_dispatch.v."""
    d, p = r.dispatch[0], r.runs[0]
    op = schedule.ops[d.op]
    if op.from_events:
        p.row0, p.column0 = op.row_base + activity.rows[d.event], op.column_base + activity.columns[d.event]
        return
    lane = 0
    while not (d.lanes >> lane) & 1:
        lane += 1
    column = d.k * schedule.banks + lane // schedule.quad
    if schedule.lane_table:
        column = column * schedule.quad + lane % schedule.quad
    p.row0, p.column0 = op.row_base + d.row, op.column_base + column


@inner
def bank_clock(schedule, r, b):
    """sast_bank.v: bank b, its share of a run that is sent, and the run under way."""
    p, w, bank = r.runs[0], r.wires[0], r.banks[b]
    phase = r.report[0].phase ^ (1 if schedule.early and w.done else 0)
    oldest = r.queue[b, bank.first]
    take = bank.held > 0 and oldest.phase == phase and (not bank.run or bank.ends)
    if take:
        bank.run, bank.m, bank.left, bank.ends = 1, oldest.m, oldest.n, oldest.n == 1
        bank.first = (bank.first + 1) % schedule.queue
        bank.held -= 1
    else:
        bank.run = bank.run and not bank.ends
        bank.ends = bank.left == 2
        bank.m += 1
        bank.left -= 1
    if w.sent:
        behind = p.q % schedule.banks  # of the run's first quad
        skip = (b - behind) % schedule.banks
        n = (p.n + schedule.banks - 1 - skip) // schedule.banks
        if n:
            run = r.queue[b, (bank.first + bank.held) % schedule.queue]
            run.phase, run.m, run.n = r.dispatch[0].phase, p.q // schedule.banks + (b < behind), n
            bank.held += 1


@inner
def sweep_clock(schedule, r):
    """sast_sweep.v."""
    d, s, w = r.dispatch[0], r.sweep[0], r.wires[0]
    op, layer = schedule.ops[d.op], schedule.layers[s.entry]
    s.entry = s.layer
    if w.rests:
        s.layer = op.sweep_layer
    s.settled = w.rests and (d.state == RUN or d.state == ASK) and op.sweep
    if w.ask:
        s.asked, s.renew = 1, d.step == schedule.steps - 1
    elif w.done:
        s.asked = 0
    s.s3 = s.seen
    if s.s1:
        s.seen_row, s.seen_k, s.seen_last = s.row1, s.k1, s.last1
    s.seen = s.s1
    s.s1 = w.issue
    row_ends = s.k == layer.rpw_1
    ends = row_ends and s.row == layer.rows_1
    if w.start:
        s.act, s.k, s.row = 1, 0, 0
    elif w.issue:
        s.row1, s.k1, s.last1 = s.row, s.k, ends
        s.act = not ends
        s.k = 0 if row_ends else s.k + 1
        s.row += row_ends


@inner
def report_clock(schedule, r):
    """sast_core.v: what follows a sweep, and the step's cycles."""
    s, c, w = r.sweep[0], r.report[0], r.wires[0]
    layer = schedule.layers[s.entry]
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
def crc_clock(schedule, r):
    """sast_walk.v, and what of sast_crc.v keeps it busy."""
    s, c, w = r.sweep[0], r.report[0], r.wires[0]
    layer = schedule.layers[s.entry]
    lanes = schedule.exists[layer.base + s.seen_row * (layer.rpw_1 + 1) + s.seen_k] >> c.walk_lane
    if s.seen and w.slow:
        c.walk_busy, c.walk_lane = 1, 0
    elif c.walk_busy and (not w.there or w.lane_next):
        c.walk_busy = lanes > 1
        c.walk_lane += 1
    byte = c.in_counts or (w.there and w.narrow)
    last = c.part == (LAST_BYTE_OF_COUNTERS if c.in_counts else LAST_BYTE_OF_NEURON)
    c.in_counts = (c.in_counts and not last) or (c.state == TELL and c.observed)
    if byte:
        c.part = 0 if last else c.part + 1
    c.fresh = s.seen and w.wide

