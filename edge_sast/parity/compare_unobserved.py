"""The run without an observer against the runtime's trace: the path that a device really runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_sast.model.arithmetic import leak
from edge_sast.model.model import Model
from edge_sast.parity.compare import Comparison
from edge_sast.parity.device_trace import Quiet
from edge_sast.parity.mismatch import Mismatch, Place
from edge_sast.runtime.simulator import Trace


def stored_membranes(model: Model, trace: Trace) -> NDArray[np.int32]:
    """What a device keeps between steps, int32 [T, neurons]: leak(v) of every membrane (docs/arithmetic.md §4)."""
    layers = dict(model.weighted())
    stored = trace.membranes.copy()
    for layer in trace.layers:
        part = slice(layer.start, layer.stop)
        stored[:, part] = leak(stored[:, part], *layers[layer.index].neuron.leak_shifts)
    return stored


def compare_quiet(model: Model, expected: Trace, got: Quiet, sample: int, source: str) -> Comparison:
    """Stored membranes and counters of every step, outputs, class and totals.

    Quantities of a mismatch: those of mismatch.py with "unobserved " before them; membranes are leaked ones.
    """
    stored = stored_membranes(model, expected)
    pairs = [
        (stored, got.membranes),
        (expected.synops, got.synops),
        (expected.spike_counts, got.spike_counts),
        (expected.outputs, got.outputs),
        (np.array([expected.prediction]), np.array([got.prediction])),
        (expected.synops.sum(axis=0, dtype=np.uint64), got.total_synops),
        (expected.spike_counts.sum(axis=0, dtype=np.uint64), got.total_spikes),
    ]
    mismatches = sum(int(np.count_nonzero(a != b)) for a, b in pairs)
    if not mismatches:
        return Comparison(0, None)
    place = Place(sample, source)
    first = _first_in_steps(place, expected, stored, got) or _first_at_end(place, expected, got)
    return Comparison(mismatches, first)


def _first_in_steps(place: Place, a: Trace, stored: NDArray[np.int32], b: Quiet) -> Mismatch | None:
    for step in range(len(stored)):
        for i, layer in enumerate(a.layers):
            part, at = slice(layer.start, layer.stop), (step, layer.index)
            synops = a.synops[step, i], b.synops[step, i]
            spikes = a.spike_counts[step, i], b.spike_counts[step, i]
            found = place.differs("unobserved membrane", stored[step, part], b.membranes[step, part], *at)
            found = found or place.value("unobserved synops", *synops, *at)
            found = found or place.value("unobserved spikes", *spikes, *at)
            if found:
                return found
    return None


def _first_at_end(place: Place, a: Trace, b: Quiet) -> Mismatch | None:
    found = place.differs("unobserved output", a.outputs, b.outputs)
    found = found or place.value("unobserved class", a.prediction, b.prediction)
    totals = a.synops.sum(axis=0, dtype=np.uint64), a.spike_counts.sum(axis=0, dtype=np.uint64)
    for i, layer in enumerate(a.layers):
        synops, spikes = (totals[0][i], b.total_synops[i]), (totals[1][i], b.total_spikes[i])
        found = found or place.value("unobserved total synops", *synops, None, layer.index)
        found = found or place.value("unobserved total spikes", *spikes, None, layer.index)
    return found
