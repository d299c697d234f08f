"""What a narrow layer's half-words hold: membranes plus an offset, chosen for the sweep (docs/kernels.md).

The offset puts the threshold on a power of two, 2^quiet_bits, or less than a step above it. A half-word with no bit
set from there on neither spikes nor has to be clipped: it is quiet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_sast.model.bounds import accumulator_bound
from edge_sast.model.layers import Lif, Neuron, Shape, Weighted, state_range

MOST_QUIET_BITS = 14  # bit 15 is the sign
HALF = 1 << 15
MOST_KNOWN_SHIFT = 10  # there is a kernel for each up to here: beyond, few bits are left to be quiet
WIDE_ENOUGH = 4  # what the quiet range of a kernel with a known shift must exceed the thresholds by


@dataclass(frozen=True)
class Lanes:
    """Of one narrow layer that spikes.

    offsets: per channel; known: whether the sweep's shift is part of its code; near: whether every threshold lies less
    than a step above the quiet ones.
    """

    quiet_bits: int
    offsets: tuple[int, ...]
    known: bool
    near: bool = True

    def masks(self, shifts: tuple[int, ...]) -> tuple[int, ...]:
        """Bits that y >> k may have, for each shift: of quiet neurons; with one shift, of all below a threshold."""
        if self.known:
            return ((1 << self.quiet_bits) - 1,)
        more = 1 if len(shifts) == 1 else 0  # y < 2^quiet_bits + 2^k: y >> k may be 1 where k is the larger
        return tuple((1 << max(self.quiet_bits - k, 0) + more) - 1 for k in shifts)


def narrow_shifts(neuron: Neuron) -> tuple[int, ...]:
    """Leak shifts of the same leak, none above state_bits − 1: beyond that, v >> k is only the sign of v."""
    return tuple(min(k, neuron.state_bits - 1) for k in neuron.leak_shifts)


def lanes(layer: Weighted, shape: Shape) -> Lanes:
    """Offsets of `layer`, which takes `shape`, is narrow and spikes."""
    neuron = layer.neuron
    assert isinstance(neuron, Lif)
    shifts = narrow_shifts(neuron)
    thresholds = neuron.threshold.astype(np.int64)
    top = int(thresholds.max())
    if len(shifts) == 1 and shifts[0] <= MOST_KNOWN_SHIFT:
        for bits in range(min(MOST_QUIET_BITS, 16 - shifts[0]), 0, -1):
            found = _offsets(layer, shape, bits)
            if 1 << bits < WIDE_ENOUGH * top:
                break
            if found is not None and all(c >= 0 for c in constants(neuron, found)):
                return Lanes(bits, tuple(found), True)
    for bits in range(MOST_QUIET_BITS, 0, -1):
        found = _offsets(layer, shape, bits)
        if found is not None:
            return Lanes(bits, tuple(found), False)
    # Membranes as they are: always right, but a negative one is not quiet.
    return Lanes(int(thresholds.min()).bit_length() - 1, (0,) * neuron.channels, False, False)


def constants(neuron: Neuron, offsets: list[int] | tuple[int, ...]) -> list[int]:
    """Per channel, what makes y − (y >> k1) − (y >> k2) leak(u) + bias + offset, where y = u + offset."""
    shifts = narrow_shifts(neuron)
    return [b + sum(o >> k for k in shifts) for b, o in zip(neuron.bias.tolist(), offsets, strict=True)]


def _offsets(layer: Weighted, shape: Shape, bits: int) -> list[int] | None:
    """Offsets for that many quiet bits; None where a sum would leave 16 bits, or a quiet neuron might be clipped."""
    neuron = layer.neuron
    assert isinstance(neuron, Lif)
    step = 1 << max((*narrow_shifts(neuron), 0))  # whole multiples, so that shifts of sums are sums of shifts
    found = [-(-((1 << bits) - threshold) // step) * step for threshold in neuron.threshold.tolist()]
    low = state_range(neuron.state_bits)[0]
    bound = accumulator_bound(layer, shape.max_count)
    fits = bound.low + min(found) >= -HALF and bound.high + max(found) < HALF
    return found if fits and max(found) <= -low else None
