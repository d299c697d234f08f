"""The runtime's trace against another implementation's: exact equality, and where it first fails."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sast.parity.device_trace import HostRecording
from edge_sast.parity.mismatch import Mismatch, Place
from edge_sast.runtime.simulator import Trace

__all__ = ["Comparison", "Mismatch", "compare"]


@dataclass(frozen=True)
class Comparison:
    """Of one recording: how many values differ, and the first of them."""

    mismatches: int
    first: Mismatch | None


def compare(expected: Trace, got: HostRecording, sample: int, source: str) -> Comparison:
    """Every membrane, spike, counter, CRC and output of one recording."""
    totals = (
        expected.synops.sum(axis=0, dtype=np.uint64),
        expected.spike_counts.sum(axis=0, dtype=np.uint64),
    )
    pairs = [
        (expected.membranes, got.trace.membranes),
        (expected.spikes, got.trace.spikes),
        (expected.synops, got.trace.synops),
        (expected.spike_counts, got.trace.spike_counts),
        (expected.crcs, got.trace.crcs),
        (expected.outputs, got.trace.outputs),
        (np.array([expected.prediction]), np.array([got.trace.prediction])),
        (totals[0], got.total_synops),
        (totals[1], got.total_spikes),
    ]
    mismatches = sum(int(np.count_nonzero(a != b)) for a, b in pairs)
    if not mismatches:
        return Comparison(0, None)
    place = Place(sample, source)
    first = _first_in_steps(place, expected, got.trace) or _first_at_end(place, expected, got, totals)
    return Comparison(mismatches, first)


def _first_in_steps(place: Place, a: Trace, b: Trace) -> Mismatch | None:
    """In the order of the CRC's bytes: steps, layers, neurons, each membrane before its spike, then counters."""
    for step in range(len(a.crcs)):
        for i, layer in enumerate(a.layers):
            part = slice(layer.start, layer.stop)
            at = (step, layer.index)
            membranes = a.membranes[step, part], b.membranes[step, part]
            spikes = a.spikes[step, part], b.spikes[step, part]
            found = place.neurons(*at, membranes, spikes)
            found = found or place.value("synops", a.synops[step, i], b.synops[step, i], *at)
            found = found or place.value("spikes", a.spike_counts[step, i], b.spike_counts[step, i], *at)
            if found:
                return found
        crc = place.value("crc", a.crcs[step], b.crcs[step], step)
        if crc:
            return crc
    return None


def _first_at_end(
    place: Place, a: Trace, got: HostRecording, totals: tuple[NDArray, NDArray]
) -> Mismatch | None:
    found = place.differs("output", a.outputs, got.trace.outputs)
    found = found or place.value("class", a.prediction, got.trace.prediction)
    for i, layer in enumerate(a.layers):
        found = found or place.value("total synops", totals[0][i], got.total_synops[i], None, layer.index)
        found = found or place.value("total spikes", totals[1][i], got.total_spikes[i], None, layer.index)
    return found
