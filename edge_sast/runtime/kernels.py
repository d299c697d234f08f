"""What one layer does in one step. Each kernel is a plain function with its compiled form below it.

Additions commute and the loader has proved that no partial sum leaves int32, so spikes are scattered straight
into the leaked membranes, in whatever order they come.

Arrays are taken out of their tuples before a loop: inside, Numba would count references at every use.

Common arguments: `op` is a record of OP_DTYPE; `membranes` int32 [n] and `flags` uint8 [n] are one layer's
own, padded to ALIGNMENT.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_sast.jit import jit
from edge_sast.model.arithmetic import leak_jit, saturate_jit
from edge_sast.runtime.program import SUM_POOL


class SpikeList(NamedTuple):
    """The active neurons of a step, in no particular order. Both arrays are longer than needed.

    neurons: int32, their numbers. counts: int32, how many spikes each holds, at least 1.
    """

    neurons: NDArray[np.int32]
    counts: NDArray[np.int32]


def leak_all(op, membranes):
    """Leaks every membrane in place."""
    first, second = op.leak, op.leak_second
    if first:
        for i in range(len(membranes)):
            membranes[i] = leak_jit(membranes[i], first, second)


leak_all_jit = jit(leak_all, inner=True)


def add_run(membranes, weights, v, w, n, factor):
    """membranes[v + i] += weights[w + i] * factor for i < n; weights: int8, factor: int32."""
    # Offsets instead of slices, which would be counted references, and unsigned, which spares the test for
    # negative indices; both kept this loop from being vectorised.
    v, w = np.uint64(v), np.uint64(w)
    if factor == 1:
        for i in range(n):
            membranes[v + np.uint64(i)] += weights[w + np.uint64(i)]
    else:
        for i in range(n):
            membranes[v + np.uint64(i)] += np.int32(weights[w + np.uint64(i)]) * factor


add_run_jit = jit(add_run, inner=True)


def scatter(program, op, membranes, spikes, n):
    """Adds the weights of the first n entries of `spikes`; returns the SynOps."""
    group_out, channels, one_group = op.group_out, op.out_channels, op.group_out == op.out_channels
    v_pitch, w_pitch, shift = op.out_width * channels, op.kernel_columns * group_out, op.weight_shift
    weights, fan_out, neurons, counts = program.weights, program.fan_out, spikes.neurons, spikes.counts
    inputs, first_weight = op.inputs, op.weight
    synops = 0
    for s in range(n):
        place = inputs + neurons[s]
        v, w = np.int64(fan_out[place, 0]), first_weight + fan_out[place, 1]
        rows, columns = fan_out[place, 2], fan_out[place, 3]
        count = np.int64(counts[s])
        synops += count * rows * columns * group_out
        factor = np.int32(count << shift)
        for _ in range(rows):
            if one_group:
                add_run_jit(membranes, weights, v, w, columns * channels, factor)
            else:
                for c in range(columns):
                    add_run_jit(membranes, weights, v + c * channels, w + c * group_out, group_out, factor)
            v += v_pitch
            w += w_pitch
    return synops


scatter_jit = jit(scatter, inner=True)


def scatter_own(program, op, membranes, flags):
    """Adds the recurrent weights of the layer's own last spikes; returns the SynOps."""
    weights, factor, first = (
        program.weights,
        np.int32(1 << op.weight_shift),
        np.int64(0),
    )  # a 0 is a type of its own
    synops = 0
    for i in range(op.neurons):
        if flags[i]:
            add_run_jit(membranes, weights, first, op.recurrent + i * op.neurons, op.neurons, factor)
            synops += op.neurons
    return synops


scatter_own_jit = jit(scatter_own, inner=True)


def fire(op, membranes, flags, bias, threshold):
    """Bias, saturation, comparison and reset; sets the flags of the neurons that spike.

    bias, threshold: int32 [n], per neuron.
    """
    low, high = np.int32(op.low), np.int32(op.high)
    keep = np.int32(-1 if op.subtract else 0)
    for i in range(len(membranes)):
        u = saturate_jit(np.int32(membranes[i] + bias[i]), low, high)
        spike = u >= threshold[i]
        flags[i] = spike
        # u - threshold is >= 0 for a spike; the mask turns it into 0 where the reset is to zero.
        membranes[i] = (np.int32(u - threshold[i]) & keep) if spike else u


fire_jit = jit(fire, inner=True)


def collect(flags, spikes):
    """Lists the set flags in `spikes`, each with count 1; returns how many they are."""
    neurons = spikes.neurons
    n = 0
    for i in range(len(flags)):
        neurons[n] = i
        n += flags[i]
    spikes.counts[:n] = 1
    return n


collect_jit = jit(collect, inner=True)


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


pool_jit = jit(pool, inner=True)
