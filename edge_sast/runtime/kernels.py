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
    TOGETHER,
    add_2_of_8,
    add_8,
    add_16,
    add_32,
    add_64,
    add_four,
    add_some,
    bit_count,
    lowest_bit,
    set_flags,
)
from edge_sast.runtime.pieces import ADD_2_OF_8, ADD_8, ADD_16, ADD_32, ADD_64
from edge_sast.runtime.program import SUM_POOL

BEHIND = 3  # entries of a list that `collect` and `scatter_to_one` may write behind its last


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


def add_form(form, membranes, v, weights, w, size, factor):
    """membranes[v + i] += weights[w + i] * factor for the lanes i of a form, of ADD_SOME for i < size."""
    v, w = np.uint64(v), np.uint64(w)
    if form == ADD_8:
        add_8(membranes, v, weights, w, factor)
    elif form == ADD_16:
        add_16(membranes, v, weights, w, factor)
    elif form == ADD_32:
        add_32(membranes, v, weights, w, factor)
    elif form == ADD_64:
        add_64(membranes, v, weights, w, factor)
    elif form == ADD_2_OF_8:
        add_2_of_8(membranes, v, weights, w, factor)
    else:
        add_some(membranes, v, weights, w, size, factor)


add_form_jit = jit(add_form, inner=True, borrows=True, merged=True)


def add_piece(program, op, piece, form, by_one, membranes, spikes, n):
    """Adds a piece (PIECE_DTYPE) of the runs of weights of the first n entries of `spikes`.

    form, by_one: those of the piece and of `op`, which the caller tells from another so that LLVM knows them.
    Returns how many positions of the output all runs reach.
    """
    kind, neurons, counts = membranes.dtype.type, spikes.neurons, spikes.counts
    weights, fan_out = program.weights[op.weight + piece.first :], program.fan_out[op.inputs :]
    own, size, shift = membranes[piece.membrane :], piece.size, op.weight_shift
    row_pitch, weight_pitch = op.row_pitch, op.weight_pitch
    positions = 0
    for s in range(n):
        reach = fan_out[np.uint64(neurons[s])]
        count = np.int64(1 if by_one else counts[s])
        factor = kind(count << (0 if by_one else shift))
        positions += count * reach.positions
        v, w, end = np.int64(reach.output), np.int64(reach.weight), np.int64(reach.end)
        while w < end:  # and not so many times: LLVM would unroll it, and most turn once or twice
            add_form_jit(form, own, v, weights, w, size, factor)
            v += row_pitch
            w += weight_pitch
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


def scatter_to_one(program, op, membranes, spikes, n):
    """What `scatter` does where `op.to_one` is 1: four spikes at a time, as all add to the same membranes.

    Writes `op.nothing`, which adds zeros, behind the list, to fill the last four.
    """
    weights, fan_out, neurons = program.weights[op.weight :], program.fan_out[op.inputs :], spikes.neurons
    # Places without a sign: else each use of one looks whether it counts from the end.
    one, two, three = np.uint64(1), np.uint64(2), np.uint64(3)
    end = np.uint64(n)
    neurons[end] = neurons[end + one] = neurons[end + two] = op.nothing
    for lane in range(0, op.pitch, TOGETHER):
        at, s = np.uint64(lane), np.uint64(0)
        while s < end:
            w = np.uint64(fan_out[np.uint64(neurons[s])].weight) + at
            x = np.uint64(fan_out[np.uint64(neurons[s + one])].weight) + at
            y = np.uint64(fan_out[np.uint64(neurons[s + two])].weight) + at
            z = np.uint64(fan_out[np.uint64(neurons[s + three])].weight) + at
            add_four(membranes, at, weights, w, x, y, z)
            s += np.uint64(4)
    return n * op.synops


scatter_to_one_jit = jit(scatter_to_one, inner=True, borrows=True)


def scatter_own(program, op, membranes, flags):
    """Adds the recurrent weights of the layer's own last spikes; returns the SynOps."""
    weights, factor = program.weights[op.recurrent :], membranes.dtype.type(1 << op.weight_shift)
    spikes = 0
    for i in range(op.neurons):
        if flags[i]:
            for done in range(0, op.neurons, SOME):
                at = np.uint64(done)
                add_some(membranes, at, weights, np.uint64(i * op.neurons) + at, op.neurons - done, factor)
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


def take_rest(membranes, flags, rest):
    """Takes off the membranes that spiked what `fire` has not, where a spike takes off more or less than the threshold.

    rest: as the membranes, the amount less the threshold.
    """
    kind = membranes.dtype.type
    for i in range(len(membranes)):
        membranes[i] = kind(membranes[i] - kind(rest[i] & kind(-kind(flags[i]))))


take_rest_jit = jit(take_rest, inner=True, borrows=True)


def collect(flags, neurons):
    """Lists the set flags in `neurons`; returns how many they are.

    Four at a time, and what is over is written over: a processor guesses how often a loop turns, and a wrong guess
    takes longer than three that are in vain. BEHIND entries behind the last may be written.
    """
    one = np.uint64(1)
    n = np.uint64(0)  # without a sign: else each use of it looks whether it counts from the end
    for at in range(0, len(flags), FLAGS):
        bits = set_flags(flags, np.uint64(at))
        end = n + bit_count(bits)
        while n < end:
            neurons[n] = at + lowest_bit(bits)
            bits &= bits - one
            neurons[n + one] = at + lowest_bit(bits)
            bits &= bits - one
            neurons[n + np.uint64(2)] = at + lowest_bit(bits)
            bits &= bits - one
            neurons[n + np.uint64(3)] = at + lowest_bit(bits)
            bits &= bits - one
            n += np.uint64(4)
        n = end
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
