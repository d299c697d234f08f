"""A board's answers against the runtime: exact equality, and where in the network it first fails."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_sast.link.board_link import BoardLink
from edge_sast.link.messages import BoardRefusedError, BoardRun, StepEvents
from edge_sast.parity.compare import Row, compare
from edge_sast.parity.mismatch import Mismatch, Place
from edge_sast.parity.rows import answer_rows
from edge_sast.runtime.simulator import Trace


def first_difference(place: Place, expected: Trace, runs: Sequence[BoardRun]) -> Mismatch | None:
    """The first difference of a recording's runs: a step's CRC, an output, the class, a layer's total."""
    rows = [row for run in runs for row in answer_rows(expected, run, len(run.ticks), run.crcs)]
    return compare(expected.layers, rows, place).first


def locate(
    link: BoardLink, steps: Sequence[StepEvents], expected: Trace, place: Place, first: Mismatch
) -> tuple[Mismatch, bool]:
    """Search the first difference of a recording down to the neuron; True where that succeeded.

    The CRCs of an observed run name the step, the states of its layers, fetched one after the other, the neuron. What
    differs in no membrane and no spike differs in a counter: those of a run that ends with this step name the layer.
    Where an observed run agrees in every CRC, `first` is returned: it lies in the run without an observer, or in
    hardware that does not do the same thing twice. Of a board that shows no layers the step is all that is found.
    """
    crc = first if first.quantity == "crc" else None
    if crc is None:
        crcs = link.run(steps, observed=True).crcs
        assert crcs is not None  # it was asked to be observed
        n = min(len(expected.crcs), len(crcs))
        crc = compare(expected.layers, [Row("crc", expected.crcs[:n], crcs[:n], ("step",))], place).first
    if crc is None or crc.step is None:
        return first, False
    step = crc.step
    for number, layer in enumerate(expected.layers):
        part = slice(layer.start, layer.stop)
        try:
            membranes, spikes = link.dump(steps, step, layer.index)
        except BoardRefusedError:  # it shows no layers, as an FPGA does not
            return crc, False
        rows = [
            Row("membrane", expected.membranes[step, part], membranes, ("neuron",), step, number),
            Row("spike", expected.spikes[step, part], spikes, ("neuron",), step, number),
        ]
        found = compare(expected.layers, rows, place).first
        if found:
            return found, True
    ended = link.run(steps[: step + 1], observed=True)
    counter = compare(expected.layers, _counters(expected, ended, step), place).first
    return (counter, True) if counter else (crc, False)


def _counters(expected: Trace, ended: BoardRun, step: int) -> list[Row]:
    """A step's own counters, of a run that ended with it: what its totals exceed the runtime's before it by."""
    pairs = (("synops", expected.synops, ended.synops), ("spikes", expected.spike_counts, ended.spikes))
    rows = []
    for name, counts, totals in pairs:
        before = counts[:step].sum(axis=0, dtype=np.int64)
        rows.append(Row(name, counts[step], totals.astype(np.int64) - before, ("layer",), step))
    return rows
