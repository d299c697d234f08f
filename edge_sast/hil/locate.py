"""A board's answers against the runtime: exact equality, and where in the network it first fails."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_sast.link.board_link import BoardLink
from edge_sast.link.messages import BoardRun, StepEvents
from edge_sast.parity.mismatch import Mismatch, Place
from edge_sast.runtime.simulator import Trace


def first_difference(place: Place, expected: Trace, runs: Sequence[BoardRun]) -> Mismatch | None:
    """The first difference of a recording's runs: a step's CRC, an output, the class, a layer's total."""
    found = [_crc_difference(place, expected, run) for run in runs]
    found += [_result_difference(place, expected, run) for run in runs]
    return next((mismatch for mismatch in found if mismatch is not None), None)


def _crc_difference(place: Place, expected: Trace, run: BoardRun) -> Mismatch | None:
    if run.crcs is None:
        return None
    where = np.flatnonzero(expected.crcs != run.crcs)
    if not len(where):
        return None
    step = int(where[0])
    return place.value("crc", int(expected.crcs[step]), int(run.crcs[step]), step)


def _result_difference(place: Place, expected: Trace, run: BoardRun) -> Mismatch | None:
    found = place.differs("output", expected.outputs, run.outputs)
    found = found or place.value("class", expected.prediction, run.prediction)
    return found or _counter_difference(place, expected, run, ("total synops", "total spikes"), None)


def _counter_difference(
    place: Place, expected: Trace, run: BoardRun, names: tuple[str, str], step: int | None
) -> Mismatch | None:
    """Of counters summed over all steps up to `step` (None: over all). With a step, what differs is that step's."""
    steps = len(expected.crcs) if step is None else step + 1
    for i, layer in enumerate(expected.layers):
        before = 0 if step is None else step
        pairs = (
            (expected.synops[:, i], int(run.synops[i])),
            (expected.spike_counts[:, i], int(run.spikes[i])),
        )
        for name, (counts, total) in zip(names, pairs, strict=True):
            past = 0 if step is None else int(counts[:before].sum(dtype=np.int64))
            now = int(counts[:steps].sum(dtype=np.int64)) - past
            found = place.value(name, now, total - past, step, layer.index)
            if found:
                return found
    return None


def locate(
    link: BoardLink, steps: Sequence[StepEvents], expected: Trace, place: Place, first: Mismatch
) -> tuple[Mismatch, bool]:
    """Search the first difference of a recording down to the neuron; True where that succeeded.

    The CRCs of an observed run name the step, the states of its layers, fetched one after the other, the neuron. What
    differs in no membrane and no spike differs in a counter: those of a run that ends with this step name the layer.
    Where an observed run agrees in every CRC, `first` is returned: it lies in the run without an observer, or in
    hardware that does not do the same thing twice.
    """
    crc = first if first.quantity == "crc" else None
    crc = crc or _crc_difference(place, expected, link.run(steps, observed=True))
    if crc is None or crc.step is None:
        return first, False
    step = crc.step
    for layer in expected.layers:
        part = slice(layer.start, layer.stop)
        membranes, spikes = link.dump(steps, step, layer.index)
        found = place.neurons(
            step,
            layer.index,
            (expected.membranes[step, part], membranes),
            (expected.spikes[step, part], spikes),
        )
        if found:
            return found, True
    ended = link.run(steps[: step + 1], observed=True)
    counter = _counter_difference(place, expected, ended, ("synops", "spikes"), step)
    return (counter, True) if counter else (crc, False)
