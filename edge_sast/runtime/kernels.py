"""What one layer does in one step. Each kernel is a plain function with its compiled form below it.

Additions commute and the loader has proved that no sum leaves its membrane, so spikes are scattered straight into the
leaked membranes, in whatever order they come. Partial sums may wrap around: what counts is the last one.

Arrays are taken out of their tuples before a loop, for shorter addresses.

Common arguments: `op` is a record of OP_DTYPE; `membranes` int32 or, of a narrow layer, int16 [n], `bias` and
`threshold` alike, and `flags` uint8 [n] are one layer's own, padded to ALIGNMENT. All that is stored into membranes, or
compared with them, is made as wide as they are first: Numba widens what it computes with, and LLVM would take half as
many at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_sast.jit import jit
from edge_sast.model.arithmetic import saturate_jit
from edge_sast.runtime.lanes import (
    FLAGS,
    SOME,
    add_2_of_8,
    add_8,
    add_16,
    add_32,
    add_64,
    add_some,
    lowest_bit,
    set_flags,
)
from edge_sast.runtime.pieces import ADD_2_OF_8, ADD_8, ADD_16, ADD_32, ADD_64, ADD_SOME
from edge_sast.runtime.program import SUM_POOL


class SpikeList(NamedTuple):
    """The active neurons of a step, in no particular order. Both arrays are longer than needed.

    neurons: int32, their numbers. counts: int32, how many spikes each holds, at least 1.
    """

    neurons: NDArray[np.int32]
    counts: NDArray[np.int32]


def leak_all(op, membranes):
    """Leaks every membrane in place."""
    kind = membranes.dtype.type
    first, second = kind(op.leak), kind(op.leak_second)
    if second:
        for i in range(len(membranes)):
            v = membranes[i]
            membranes[i] = kind(kind(v - np.right_shift(v, first)) - np.right_shift(v, second))
    elif first:
        for i in range(len(membranes)):
            v = membranes[i]
            membranes[i] = kind(v - np.right_shift(v, first))


leak_all_jit = jit(leak_all, inner=True, borrows=True)


def add_form(form, membranes, v, weights, w, factor):
    """membranes[v + i] += weights[w + i] * factor for the lanes i of a form."""
    v, w = np.uint64(v), np.uint64(w)
    if form == ADD_8:
        add_8(membranes, v, weights, w, factor)
    elif form == ADD_16:
        add_16(membranes, v, weights, w, factor)
    elif form == ADD_32:
        add_32(membranes, v, weights, w, factor)
    elif form == ADD_64:
        add_64(membranes, v, weights, w, factor)
    else:
        add_2_of_8(membranes, v, weights, w, factor)


add_form_jit = jit(add_form, inner=True, borrows=True, merged=True)


def add_border(op, membranes, v, weights, w, end, n, factor):
    """membranes[v + i] += weights[w + i] * factor for i < n, in each row of outputs until weight `end`."""
    while w < end:
        for done in range(0, n, SOME):
            at = np.uint64(done)
            add_some(membranes, np.uint64(v) + at, weights, np.uint64(w) + at, n - done, factor)
        v += op.row_pitch
        w += op.weight_pitch


add_border_jit = jit(add_border, inner=True, borrows=True)


def add_piece(program, op, piece, form, by_one, membranes, spikes, n):
    """Adds a piece (PIECE_DTYPE) of the runs of weights of the first n entries of `spikes`.

    form, by_one: those of the piece and of `op`, which the caller tells from another so that LLVM knows them.
    Returns how many positions of the output all runs reach.
    """
    kind, weights, fan_out = membranes.dtype.type, program.weights[op.weight :], program.fan_out[op.inputs :]
    lanes, neurons, counts = program.lanes[op.inputs :], spikes.neurons, spikes.counts
    first, size, shift, to = piece.first, piece.size, op.weight_shift, piece.membrane
    row_pitch, weight_pitch = op.row_pitch, op.weight_pitch
    positions = 0
    for s in range(n):
        neuron = np.uint64(neurons[s])
        reach = fan_out[neuron]
        count = np.int64(1 if by_one else counts[s])
        factor = kind(count << (0 if by_one else shift))
        v, w, end = np.int64(reach.output) + to, np.int64(reach.weight) + first, np.int64(reach.end) + first
        if reach.positions >= 0 and form != ADD_SOME:
            positions += count * reach.positions
            while w < end:  # and not so many times: LLVM would unroll it, and most turn once or twice
                add_form_jit(form, membranes, v, weights, w, factor)
                v += row_pitch
                w += weight_pitch
        else:
            positions += count * abs(reach.positions)
            left = min(np.int64(lanes[neuron]) - first, size)
            if left > 0:
                add_border_jit(op, membranes, v, weights, w, end, left, factor)
    return positions


add_piece_jit = jit(add_piece, inner=True, borrows=True, merged=True)


def scatter(program, op, membranes, spikes, n):
    """Adds the weights of the first n entries of `spikes`; returns the SynOps."""
    positions = 0
    for p in range(op.first_piece, op.end_piece):
        piece = program.pieces[p]
        positions = add_piece_jit(program, op, piece, piece.form, np.bool_(op.by_one), membranes, spikes, n)
    return positions * op.synops


scatter_jit = jit(scatter, inner=True, borrows=True)


def scatter_by_one(program, op, membranes, spikes, n):
    """What `scatter` does where `op.by_one` is 1, compiled once for each form that such a layer has."""
    positions, by_one = 0, np.bool_(True)
    for p in range(op.first_piece, op.end_piece):
        piece = program.pieces[p]
        # Each is a loop of its own. A number, where Numba would compile anew for each constant.
        if piece.form == ADD_8:
            form = np.int64(ADD_8)
            positions = add_piece_jit(program, op, piece, form, by_one, membranes, spikes, n)
        elif piece.form == ADD_16:
            form = np.int64(ADD_16)
            positions = add_piece_jit(program, op, piece, form, by_one, membranes, spikes, n)
        elif piece.form == ADD_32:
            form = np.int64(ADD_32)
            positions = add_piece_jit(program, op, piece, form, by_one, membranes, spikes, n)
        elif piece.form == ADD_64:
            form = np.int64(ADD_64)
            positions = add_piece_jit(program, op, piece, form, by_one, membranes, spikes, n)
        else:
            form = np.int64(ADD_2_OF_8)
            positions = add_piece_jit(program, op, piece, form, by_one, membranes, spikes, n)
    return positions * op.synops


scatter_by_one_jit = jit(scatter_by_one, inner=True, borrows=True, merged=True)


def scatter_own(program, op, membranes, flags):
    """Adds the recurrent weights of the layer's own last spikes; returns the SynOps."""
    weights, factor = program.weights[op.recurrent :], membranes.dtype.type(1 << op.weight_shift)
    first = np.int64(0)  # a 0 is a type of its own
    spikes = 0
    for i in range(op.neurons):
        if flags[i]:
            row = i * op.neurons
            add_border_jit(op, membranes, first, weights, row, row + 1, op.neurons, factor)
            spikes += 1
    return spikes * op.neurons


scatter_own_jit = jit(scatter_own, inner=True, borrows=True)


def fire(op, membranes, flags, bias, threshold):
    """Bias, saturation, comparison and reset; sets the flags of the neurons that spike."""
    kind = membranes.dtype.type
    low, high = kind(op.low), kind(op.high)
    keep = kind(-1 if op.subtract else 0)
    for i in range(len(membranes)):
        u = saturate_jit(kind(membranes[i] + bias[i]), low, high)
        spike = u >= threshold[i]
        flags[i] = spike
        # u - threshold is >= 0 for a spike; the mask turns it into 0 where the reset is to zero.
        membranes[i] = kind(kind(u - threshold[i]) & keep) if spike else u


fire_jit = jit(fire, inner=True, borrows=True)


def collect(flags, spikes):
    """Lists the set flags in `spikes`, each with count 1; returns how many they are."""
    neurons, counts = spikes.neurons, spikes.counts
    n = np.uint64(0)  # without a sign: else each use of it looks whether it counts from the end
    for at in range(0, len(flags), FLAGS):
        bits = set_flags(flags, np.uint64(at))
        while bits:
            neurons[n] = at + lowest_bit(bits)
            counts[n] = 1
            bits &= bits - np.uint64(1)
            n += np.uint64(1)
    return np.int64(n)


collect_jit = jit(collect, inner=True, borrows=True)


def pool(program, op, spikes, n, pooled, window):
    """Pools the first n entries of `spikes` into the list `pooled`; returns its length.

    window: int32, at least as long as the output has neurons, all 0; it is all 0 again afterwards.
    """
    targets, neurons, counts = program.targets, spikes.neurons, spikes.counts
    listed, sums = pooled.neurons, pooled.counts
    m = 0
    for s in range(n):
        target = targets[op.inputs + neurons[s]]
        if target < 0:
            continue
        if window[target] == 0:
            listed[m] = target
            m += 1
        window[target] += counts[s]
    for s in range(m):
        target = listed[s]
        sums[s] = window[target] if op.kind == SUM_POOL else 1
        window[target] = 0
    return m


pool_jit = jit(pool, inner=True, borrows=True)
