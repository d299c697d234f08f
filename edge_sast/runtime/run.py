"""Whole recordings, one compiled call for any number of them.

What is copied is copied in loops: an assignment to a slice would bring along Numba's message about shapes that differ,
and with it all that makes texts of numbers, compiled again in each caller; that took half of all compilation.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_sast.jit import jit
from edge_sast.runtime.kernels import (
    BEHIND,
    SpikeList,
    collect_jit,
    fire_jit,
    leak_all_jit,
    pool_jit,
    scatter_by_one_jit,
    scatter_jit,
    scatter_own_jit,
    scatter_to_one_jit,
    take_rest_jit,
)
from edge_sast.runtime.lanes import halves
from edge_sast.runtime.program import WEIGHTED


class Stream(NamedTuple):
    """Binned recordings, as BinnedEvents holds them; read-only arrays.

    neurons: int32 [entries]; counts: uint8 [entries]; step_ptr: int64 [recordings · steps + 1].
    """

    neurons: NDArray[np.int32]
    counts: NDArray[np.uint8]
    step_ptr: NDArray[np.int64]


class Results(NamedTuple):
    """What every run fills.

    outputs: int32 [N, classes]; synops, spikes: int64 [N, weighted layers], summed over the steps computed;
    steps: int64 [N], how many these are.
    """

    outputs: NDArray[np.int32]
    synops: NDArray[np.int64]
    spikes: NDArray[np.int64]
    steps: NDArray[np.int64]


class Record(NamedTuple):
    """What a trace fills; each array has no rows where nothing is traced.

    membranes: int32 [T, neurons]; flags: uint8 [T, neurons]; synops, spikes: uint32 [T, weighted layers].
    """

    membranes: NDArray[np.int32]
    flags: NDArray[np.uint8]
    synops: NDArray[np.uint32]
    spikes: NDArray[np.uint32]


class State(NamedTuple):
    """What one recording works in.

    membranes: int32 and flags: uint8 per neuron, laid out as Program.bias is. current, following: the spikes a
    layer takes and gives. window: int32, for pools. step: int64 [weighted layers, 2], this step's SynOps and
    spikes.
    """

    membranes: NDArray[np.int32]
    flags: NDArray[np.uint8]
    current: SpikeList
    following: SpikeList
    window: NDArray[np.int32]
    step: NDArray[np.int64]


def new_state(program):
    """State for any number of recordings, one after the other; also called as it is, without compiling it."""
    most, weighted = program.sizes[0], program.sizes[1]
    n = len(program.initial)
    lists = np.empty((5, most + BEHIND), np.int32)
    lists[4, :] = 0
    return State(
        np.empty(n, np.int32),
        np.empty(n, np.uint8),
        SpikeList(lists[0], lists[1]),
        SpikeList(lists[2], lists[3]),
        lists[4],
        np.empty((weighted, 2), np.int64),
    )


new_state_jit = jit(new_state, inner=True)


def weighted_step(program, op, state, spikes, n, counters):
    """One weighted layer, one step: takes n entries of `spikes` and lists its own in their place.

    counters: int64 [2], set to this step's SynOps and spikes. Returns the spikes.
    """
    start, size = op.start, op.size
    end = start + size
    flags = state.flags[start:end]
    if op.narrow:
        narrow = halves(state.membranes, start, size)
        leak_all_jit(op, narrow)
        if op.by_one:
            counters[0] = scatter_by_one_jit(program, op, narrow, spikes, n)
        else:
            counters[0] = scatter_jit(program, op, narrow, spikes, n)
        if op.recurrent >= 0:
            counters[0] += scatter_own_jit(program, op, narrow, flags)
        bias, threshold = halves(program.bias, start, size), halves(program.threshold, start, size)
        fire_jit(op, narrow, flags, bias, threshold)
        if op.rest >= 0:
            take_rest_jit(narrow, flags, halves(program.rest, op.rest, size))
    else:
        wide = state.membranes[start:end]
        leak_all_jit(op, wide)
        if op.to_one:
            counters[0] = scatter_to_one_jit(program, op, wide, spikes, n)
        else:
            counters[0] = scatter_jit(program, op, wide, spikes, n)
        if op.recurrent >= 0:
            counters[0] += scatter_own_jit(program, op, wide, flags)
        fire_jit(op, wide, flags, program.bias[start:end], program.threshold[start:end])
        if op.rest >= 0:
            take_rest_jit(wide, flags, program.rest[op.rest : op.rest + size])
    counters[1] = m = collect_jit(flags, spikes.neurons)
    if op.counted:
        for i in range(m):
            spikes.counts[i] = 1
    return m


weighted_step_jit = jit(weighted_step, inline=True)


def run_step(program, state, stream, s):
    """All layers, one step: entries step_ptr[s] to step_ptr[s + 1] of the stream."""
    spikes, other = state.current, state.following
    start, end = stream.step_ptr[s], stream.step_ptr[s + 1]
    neurons, counts, n = spikes.neurons, spikes.counts, end - start
    arrived, arrived_counts = stream.neurons[start:end], stream.counts[start:end]
    for i in range(n):
        neurons[i] = arrived[i]
        counts[i] = arrived_counts[i]
    layer = 0
    for o in range(len(program.ops)):
        op = program.ops[o]
        if op.kind == WEIGHTED:
            n = weighted_step_jit(program, op, state, spikes, n, state.step[layer])
            layer += 1
        else:
            n = pool_jit(program, op, spikes, n, other, state.window)
            spikes, other = other, spikes


run_step_jit = jit(run_step, inline=True)


def write_record(program, state, record, t):
    """Copies membranes, flags and counters after step t into the trace."""
    membranes, flags, own_membranes, own_flags = record.membranes, record.flags, state.membranes, state.flags
    for o in range(len(program.ops)):
        op = program.ops[o]
        if op.kind == WEIGHTED:
            narrow = halves(own_membranes, op.start, op.size)
            for i in range(op.neurons):
                to, place = op.trace + i, i // op.channels * op.pitch + i % op.channels
                membranes[t, to] = narrow[place] if op.narrow else own_membranes[op.start + place]
                flags[t, to] = own_flags[op.start + place]
    for layer in range(len(state.step)):
        record.synops[t, layer] = state.step[layer, 0]
        record.spikes[t, layer] = state.step[layer, 1]


write_record_jit = jit(write_record, inner=True, borrows=True)


def clear(program, state, results, i):
    """Membranes as they begin, no spikes, and nothing in row i of the results."""
    membranes, flags, initial = state.membranes, state.flags, program.initial
    for n in range(len(initial)):
        membranes[n] = initial[n]
        flags[n] = 0
    for c in range(results.outputs.shape[1]):
        results.outputs[i, c] = 0
    for layer in range(len(state.step)):
        results.synops[i, layer] = 0
        results.spikes[i, layer] = 0


clear_jit = jit(clear, inner=True, borrows=True)


def add_step(program, state, results, i):
    """Adds a step to row i of the results: counters and the last layer's spikes; of an integrator its membranes."""
    last, outputs = program.ops[-1], results.outputs
    membranes, flags = state.membranes, state.flags
    for c in range(outputs.shape[1]):
        if last.integrates:
            outputs[i, c] = membranes[last.start + c]
        else:
            outputs[i, c] += flags[last.start + c]
    for layer in range(len(state.step)):
        results.synops[i, layer] += state.step[layer, 0]
        results.spikes[i, layer] += state.step[layer, 1]


add_step_jit = jit(add_step, inner=True, borrows=True)


def is_decided(program, results, i):
    """Whether the outputs in row i of the results end a recording early."""
    margin, outputs = program.sizes[2], results.outputs
    if margin == 0:
        return False
    best = second = np.int64(-(1 << 32))
    for c in range(outputs.shape[1]):
        value = np.int64(outputs[i, c])
        second = max(second, min(best, value))
        best = max(best, value)
    return best - second >= margin


is_decided_jit = jit(is_decided, inner=True, borrows=True)


def run_recording(program, state, stream, i, results, record):
    """Recording i of the stream into row i of the results, and into the trace if it has rows."""
    steps = (len(stream.step_ptr) - 1) // len(results.synops)
    clear_jit(program, state, results, i)
    for t in range(steps):
        run_step_jit(program, state, stream, i * steps + t)
        add_step_jit(program, state, results, i)
        if len(record.membranes):
            write_record_jit(program, state, record, t)
        results.steps[i] = t + 1
        if is_decided_jit(program, results, i):
            break


run_recording_jit = jit(run_recording, borrows=True)


def run_range(span, program, stream, results):
    """Recordings of a span, the first and the one after the last; such ranges may run side by side."""
    state = new_state_jit(program)
    none = np.empty((0, 0), np.int32)
    record = Record(
        none, np.empty((0, 0), np.uint8), np.empty((0, 0), np.uint32), np.empty((0, 0), np.uint32)
    )
    for i in range(span[0], span[1]):
        run_recording_jit(program, state, stream, i, results, record)


run_range_jit = jit(run_range)
