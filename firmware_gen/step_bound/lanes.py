"""Lanes of narrow membranes: the ranges that a sweep tells apart, a value in each, and the neuron that a lane is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_sast.model.layers import Shape, Weighted, state_range
from firmware_gen.step_bound.neurons import possible_sums
from firmware_gen.step_bound.probe import DeviceLayer, Probe

LANES = 8  # of a block
HALF = 1 << 15
# Of the sum u and its lane y = u + offset: u is clipped; y is negative; neither; y is beyond the quiet bits; u spikes;
# u spikes and is clipped.
LOW, NEGATIVE, QUIET, LOUD, SPIKE, HIGH = range(6)
SPIKING = (SPIKE, HIGH)


def lane_values(
    probe: Probe, device: DeviceLayer, layer: Weighted, shape: Shape
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """A lane of each range, int64 [ranges, lanes of a cell], and whether there can be one.

    Where one channel can be, any is taken to be, so that all blocks are alike. Padding of 1 bit moves, too.
    """
    words, lanes = device.cell_words, 2 * device.cell_words
    table = probe.table(device.table, 4 * words)
    halves = np.stack([table & 0xFFFF, table >> 16], axis=1).astype(np.int64)
    halves = np.where(halves >= HALF, halves - 2 * HALF, halves).reshape(4, lanes)
    thresholds, offsets = halves[1], halves[3]
    low, high = state_range(layer.neuron.state_bits)
    sums = possible_sums(layer, shape, probe.model.binning.steps)
    at = np.arange(lanes)
    channel, used = at % (2 * device.position_words), at < device.cell * 2 * device.position_words
    padding = used & (channel >= device.out_channels)
    c = np.minimum(channel, device.out_channels - 1)
    lowest = np.where(padding, -HALF, sums.low[c] + offsets)
    highest = np.where(padding, HALF - 1, sums.high[c] + offsets)
    values = np.stack(
        [
            low - 1 + offsets,
            np.full(lanes, -1),
            np.zeros(lanes, np.int64),
            thresholds - 1,
            thresholds,
            high + 1 + offsets,
        ]
    )
    there = np.stack(
        [lowest <= values[LOW], lowest <= -1, used, *(highest >= values[r] for r in (LOUD, SPIKE, HIGH))]
    )
    there[LOUD] &= thresholds - 1 > (device.quiet & 0xFFFF)
    moves = used & ~(padding & (layer.bits > 1))
    there = (there & moves & (np.abs(values) < HALF)).any(axis=1)[:, None] & moves & (np.abs(values) < HALF)
    there[QUIET] = True
    return values, there


def real_lanes(device: DeviceLayer, positions: int) -> NDArray[np.bool_]:
    """[cells, lanes of a cell]: whether a lane is a neuron's."""
    at = np.arange(2 * device.cell_words)
    width = 2 * device.position_words
    position = np.arange(device.cells)[:, None] * device.cell + at // width
    return (at < device.cell * width) & (at % width < device.out_channels) & (position < positions)


def neurons_of(real: NDArray[np.bool_]) -> NDArray[np.int64]:
    """int64 [lanes of all cells]: the neuron that a lane is, -1 for none."""
    order = np.full(real.size, -1, np.int64)
    order[real.ravel()] = np.arange(int(real.sum()))
    return order
