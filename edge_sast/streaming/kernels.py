"""Events to steps, steps to windows: what sast_stream.c does, with times of 64 bits that do not wrap.

Names and rules are those of firmware_gen/c/include/sast_stream.h: a lane is a network of its own; windows of several
lanes begin `stride` steps after one another.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_sast.events.to_bins import flush_jit
from edge_sast.jit import jit
from edge_sast.runtime.run import (
    Results,
    State,
    Stream,
    add_step_jit,
    clear_jit,
    is_decided_jit,
    run_step_jit,
)

WAITING, RUNNING, RESTING = 0, 1, 2  # for a first event; in a window; between two windows on event

# Places in `Lanes.clock`.
PHASE, STEP_START, NEXT, STARTED, COUNTDOWN, OPENED, TOLD, NEWEST = range(8)
# Places in `Lanes.counts`.
DECISIONS, LATE, OUTSIDE, RESTARTS, EVENTS = range(5)


class Rule(NamedTuple):
    """What does not change in a stream. Times in µs."""

    width: int  # of the sensor
    height: int
    shift: int
    dt_us: int
    steps: int
    count_cap: int
    stride: int
    lanes: int
    on_event: bool
    running: bool  # the one lane goes on and on, and every step is a decision
    reach_us: int


class Lanes(NamedTuple):
    """What a stream works in.

    membranes: int32 and flags: uint8 [lanes, neurons]; done: int64 [lanes], steps of each lane's window so far;
    over: bool [lanes], whether it has its last one: the others are not computed. clock: int64 [8]; counts: int64 [5].
    """

    membranes: NDArray[np.int32]
    flags: NDArray[np.uint8]
    done: NDArray[np.int64]
    over: NDArray[np.bool_]
    clock: NDArray[np.int64]
    counts: NDArray[np.int64]


class Counting(NamedTuple):
    """The running step. counter: uint8 [height, width * 2], row_used: bool [height], 0 between steps; indices: int32,
    counts: uint8, both as long as the counter has places; step_ptr: int64 [2]."""

    counter: NDArray[np.uint8]
    row_used: NDArray[np.bool_]
    indices: NDArray[np.int32]
    counts: NDArray[np.uint8]
    step_ptr: NDArray[np.int64]


class Rows(NamedTuple):
    """A row for each step that was computed, of the lane with the most steps.

    times: int64 [n, 3], µs: end of the step, begin of the lane's window; and the events of the step.
    what: int64 [n, 4]: class, steps computed of the window, lane, 1 where these are all, and were not all in an earlier
    row (in running state: always).
    outputs: int32 [n, classes]. synops: int64 [n], of the step, all lanes. filled: int64 [1], rows in use.
    """

    times: NDArray[np.int64]
    what: NDArray[np.int64]
    outputs: NDArray[np.int32]
    synops: NDArray[np.int64]
    filled: NDArray[np.int64]


def take(rule, start, events, at, counter, row_used):
    """Counts events of the running step from number `at` on, until one is of another step or outside the sensor."""
    width, height, shift, cap, dt_us = rule.width, rule.height, rule.shift, rule.count_cap, rule.dt_us
    first = at
    for i in range(at, len(events)):
        x, y, p, after = events[i].x, events[i].y, events[i].p, events[i].t - start
        if after < 0 or after >= dt_us or x >= width or y >= height or p > 1:
            break
        row, column = y >> shift, (x >> shift) * 2 + p
        count = counter[row, column]
        counter[row, column] = count + (count < cap)
        row_used[row] = True
        at += 1
    return at - first


_take = jit(take, inner=True)


@jit
def push(rule, program, state, lanes, results, counting, events, at, rows):
    """Takes events from number `at` on until all are taken or the rows are full; returns the number of the next."""
    clock, counts = lanes.clock, lanes.counts
    while at < len(events):
        event = events[at]
        ahead = event.t - clock[STEP_START]
        if event.x >= rule.width or event.y >= rule.height or event.p > 1:
            counts[OUTSIDE] += 1
            at += 1
        elif clock[PHASE] == WAITING or (clock[PHASE] == RESTING and ahead >= 0):
            _begin(lanes, event.t)
        elif clock[PHASE] == RUNNING and 0 <= ahead < rule.dt_us:
            if not clock[OPENED]:
                _open_step(rule, program, state, lanes, results)
            taken = _take(rule, clock[STEP_START], events, at, counting.counter, counting.row_used)
            clock[OPENED] += taken
            counts[EVENTS] += taken
            at += taken
            clock[NEWEST] = events[at - 1].t
        elif clock[PHASE] == RUNNING and 0 <= ahead <= rule.reach_us:
            if rows.filled[0] == len(rows.synops):
                return at
            _end_step(rule, program, state, lanes, results, counting, rows)
        elif -rule.reach_us <= ahead < 0:
            counts[LATE] += 1
            at += 1
        else:
            _restart(lanes, counting)
    return at


@jit
def advance(rule, program, state, lanes, results, counting, now, rows):
    """All events before `now` were pushed: computes the steps that are over. Returns False where the rows are full."""
    clock = lanes.clock
    while clock[PHASE] == RUNNING:
        ahead = now - clock[STEP_START]
        if abs(ahead) > rule.reach_us:
            _restart(lanes, counting)
        elif ahead < rule.dt_us:
            return True
        elif rows.filled[0] == len(rows.synops):
            return False
        else:
            _end_step(rule, program, state, lanes, results, counting, rows)
    if clock[PHASE] == RESTING and now - clock[STEP_START] < -rule.reach_us:
        _restart(lanes, counting)
    # A device forgets when the last window ended, before its clock can no longer tell.
    elif clock[PHASE] == RESTING and now - clock[STEP_START] > rule.reach_us:
        clock[PHASE] = WAITING
    return True


@partial(jit, inner=True)
def _begin(lanes, t):
    clock = lanes.clock
    clock[STEP_START] = t
    clock[PHASE] = RUNNING
    clock[NEXT] = clock[STARTED] = clock[COUNTDOWN] = clock[TOLD] = 0
    for lane in range(len(lanes.done)):
        lanes.done[lane] = 0


@partial(jit, inner=True)
def _restart(lanes, counting):
    """Gives up what was begun. The events of the running step are lost with it."""
    lanes.counts[RESTARTS] += 1
    lanes.clock[PHASE] = WAITING
    lanes.clock[OPENED] = 0
    counting.counter[:] = 0
    counting.row_used[:] = False


@partial(jit, inner=True)
def _state_of(lanes, state, lane):
    return State(
        lanes.membranes[lane], lanes.flags[lane], state.current, state.following, state.window, state.step
    )


@partial(jit, inner=True)
def _open_step(rule, program, state, lanes, results):
    """Starts the lane whose turn it is, if one begins with the running step."""
    clock = lanes.clock
    if clock[COUNTDOWN] != 0:
        return
    lane = clock[NEXT]
    clock[STARTED] = max(clock[STARTED], lane + 1)
    clear_jit(program, _state_of(lanes, state, lane), results, lane)
    lanes.done[lane] = 0
    lanes.over[lane] = False
    clock[NEXT] = (lane + 1) % rule.lanes
    clock[COUNTDOWN] = rule.stride


@partial(jit, inner=True)
def _end_step(rule, program, state, lanes, results, counting, rows):
    """Computes the running step in every lane that has started, and writes its row."""
    clock = lanes.clock
    _open_step(rule, program, state, lanes, results)
    counting.step_ptr[1] = flush_jit(
        counting.counter, counting.row_used, counting.indices, counting.counts, 0
    )
    synops, oldest = 0, 0
    for lane in range(clock[STARTED]):
        lanes.done[lane] += 1
        if not lanes.over[lane]:
            of_lane = _state_of(lanes, state, lane)
            run_step_jit(program, of_lane, Stream(counting.indices, counting.counts, counting.step_ptr), 0)
            add_step_jit(program, of_lane, results, lane)
            for layer in range(len(state.step)):
                synops += state.step[layer, 0]
            results.steps[lane] = lanes.done[lane]
            whole = lanes.done[lane] == rule.steps and not rule.running
            lanes.over[lane] = whole or is_decided_jit(program, results, lane)
        if lanes.done[lane] > lanes.done[oldest]:
            oldest = lane
    clock[STEP_START] += rule.dt_us
    if not rule.running:
        clock[COUNTDOWN] -= 1  # else no step begins that resets the lane
    row = rows.filled[0]
    done = lanes.done[oldest]
    rows.times[row, 0] = clock[STEP_START]
    rows.times[row, 1] = clock[STEP_START] - done * rule.dt_us
    rows.times[row, 2] = clock[OPENED]
    best = 0
    for c in range(results.outputs.shape[1]):
        value = results.outputs[oldest, c]
        rows.outputs[row, c] = value
        if value > results.outputs[oldest, best]:
            best = c
    rows.what[row, 0] = best
    rows.what[row, 1] = results.steps[oldest]
    rows.what[row, 2] = oldest
    rows.what[row, 3] = rule.running or (lanes.over[oldest] and not clock[TOLD])
    rows.synops[row] = synops
    rows.filled[0] = row + 1
    clock[OPENED] = 0
    lanes.counts[DECISIONS] += rows.what[row, 3]
    clock[TOLD] = lanes.over[oldest]
    if (
        done == rule.steps and not rule.running
    ):  # the window is over in time too: the next step is of another one
        clock[TOLD] = 0
        if rule.on_event:
            clock[PHASE] = RESTING


def results_of(lanes: int, classes: int, weighted: int) -> Results:
    """Room for what every lane's window has given so far."""
    counters = np.zeros((2, lanes, weighted), np.int64)
    return Results(np.zeros((lanes, classes), np.int32), counters[0], counters[1], np.zeros(lanes, np.int64))
