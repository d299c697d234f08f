"""Whole recordings, one compiled call for any number of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_sast.jit import jit
from edge_sast.runtime.kernels import (
    SpikeList,
    collect_jit,
    fire_jit,
    leak_all_jit,
    pool_jit,
    scatter_jit,
    scatter_own_jit,
)
from edge_sast.runtime.program import ALIGNMENT, WEIGHTED


class Stream(NamedTuple):
    """Binned recordings, as BinnedEvents holds them; read-only arrays.

    neurons: int32 [entries]; counts: uint8 [entries]; step_ptr: int64 [recordings · steps + 1].
    """

    neurons: NDArray[np.int32]
    counts: NDArray[np.uint8]
    step_ptr: NDArray[np.int64]


class Results(NamedTuple):
    """What every run fills.

    outputs: int32 [N, classes]; synops, spikes: int64 [N, weighted layers], summed over all steps.
    """

    outputs: NDArray[np.int32]
    synops: NDArray[np.int64]
    spikes: NDArray[np.int64]


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

    membranes: int32 and flags: uint8 per neuron, padded as Program.bias is. current, following: the spikes a
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
    """State for any number of recordings, one after the other."""
    most, weighted = program.sizes[0], program.sizes[1]
    n = len(program.initial)
    # One entry more than neurons: collect() writes before it knows whether it has to.
    lists = np.zeros((4, most + 1), np.int32)
    return State(
        np.empty(n, np.int32),
        np.empty(n, np.uint8),
        SpikeList(lists[0], lists[1]),
        SpikeList(lists[2], lists[3]),
        np.zeros(most, np.int32),
        np.empty((weighted, 2), np.int64),
    )


new_state_jit = jit(new_state)


def weighted_step(program, op, state, spikes, n, counters):
    """One weighted layer, one step: takes n entries of `spikes` and lists its own in their place.

    counters: int64 [2], set to this step's SynOps and spikes. Returns the spikes.
    """
    end = op.start + (op.neurons + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
    membranes, flags = state.membranes[op.start : end], state.flags[op.start : end]
    leak_all_jit(op, membranes)
    counters[0] = scatter_jit(program, op, membranes, spikes, n)
    if op.recurrent >= 0:
        counters[0] += scatter_own_jit(program, op, membranes, flags)
    fire_jit(op, membranes, flags, program.bias[op.start : end], program.threshold[op.start : end])
    counters[1] = collect_jit(flags, spikes)
    return counters[1]


weighted_step_jit = jit(weighted_step)


def run_step(program, state, stream, s):
    """All layers, one step: entries step_ptr[s] to step_ptr[s + 1] of the stream."""
    spikes, other = state.current, state.following
    start, n = stream.step_ptr[s], stream.step_ptr[s + 1] - stream.step_ptr[s]
    spikes.neurons[:n] = stream.neurons[start : start + n]
    spikes.counts[:n] = stream.counts[start : start + n]
    layer = 0
    for o in range(len(program.ops)):
        op = program.ops[o]
        if op.kind == WEIGHTED:
            n = weighted_step_jit(program, op, state, spikes, n, state.step[layer])
            layer += 1
        else:
            n = pool_jit(program, op, spikes, n, other, state.window)
            spikes, other = other, spikes


run_step_jit = jit(run_step)


def write_record(program, state, record, t):
    """Copies membranes, flags and counters after step t into the trace."""
    for o in range(len(program.ops)):
        op = program.ops[o]
        if op.kind == WEIGHTED:
            span, source = slice(op.trace, op.trace + op.neurons), slice(op.start, op.start + op.neurons)
            record.membranes[t, span] = state.membranes[source]
            record.flags[t, span] = state.flags[source]
    record.synops[t] = state.step[:, 0]
    record.spikes[t] = state.step[:, 1]


write_record_jit = jit(write_record)


def run_recording(program, state, stream, i, results, record):
    """Recording i of the stream into row i of the results, and into the trace if it has rows."""
    steps = (len(stream.step_ptr) - 1) // len(results.synops)
    last = program.ops[-1]
    readout = slice(last.start, last.start + last.neurons)
    state.membranes[:] = program.initial
    state.flags[:] = 0
    results.outputs[i] = 0
    results.synops[i] = 0
    results.spikes[i] = 0
    for t in range(steps):
        run_step_jit(program, state, stream, i * steps + t)
        results.outputs[i] += state.flags[readout]
        results.synops[i] += state.step[:, 0]
        results.spikes[i] += state.step[:, 1]
        if len(record.membranes):
            write_record_jit(program, state, record, t)
    if last.integrates:
        results.outputs[i] = state.membranes[readout]


run_recording_jit = jit(run_recording)


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
