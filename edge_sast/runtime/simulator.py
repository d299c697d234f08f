"""The integer model on binned recordings, bit for bit as docs/arithmetic.md says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sast.bulk.parts import in_parts
from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.model.model import Model
from edge_sast.runtime.crc import step_crcs
from edge_sast.runtime.program import build_program
from edge_sast.runtime.run import (
    Record,
    Results,
    Stream,
    new_state,
    run_range_jit,
    run_recording_jit,
)

# More ranges than threads, so that a thread with quiet recordings takes over from one with busy ones.
_RANGES_PER_THREAD = 8
# So many recordings at most go one by one through what a trace runs too: one form less to compile.
_FEW = 16


@dataclass(frozen=True)
class RunResult:
    """What N recordings gave.

    outputs: int32 [N, classes], membranes or spike counts of the last layer.
    predictions: int64 [N], class with the largest output; of equals, the lowest.
    labels: int64 [N], the recording's class as an index into the model's, -1 where the model has none such.
    synops, spikes: int64 [N, weighted layers], summed over the steps computed.
    steps: int64 [N], how many these are: the model's, or fewer of a model that decides early.
    """

    outputs: NDArray[np.int32]
    predictions: NDArray[np.int64]
    labels: NDArray[np.int64]
    synops: NDArray[np.int64]
    spikes: NDArray[np.int64]
    steps: NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        """Share of recordings whose prediction is their label; NaN of none."""
        return float((self.predictions == self.labels).mean()) if len(self.labels) else float("nan")

    @staticmethod
    def concatenate(parts: Sequence[RunResult]) -> RunResult:
        """Several results of one model, end to end; at least one."""
        fields = ("outputs", "predictions", "labels", "synops", "spikes", "steps")
        return RunResult(*(np.concatenate([getattr(part, name) for part in parts]) for name in fields))


@dataclass(frozen=True)
class TracedLayer:
    """Where a weighted layer stands in a trace. index: in Model.layers; start, stop: neurons."""

    index: int
    start: int
    stop: int


@dataclass(frozen=True)
class Trace:
    """Every step of one recording that was computed; rows are steps.

    layers: the weighted layers in order.
    membranes: int32 [T, neurons], after reset. spikes: uint8 [T, neurons], 0 or 1.
    synops, spike_counts: uint32 [T, weighted layers]. crcs: uint32 [T].
    outputs: int32 [classes]. prediction: class index.
    """

    layers: tuple[TracedLayer, ...]
    membranes: NDArray[np.int32]
    spikes: NDArray[np.uint8]
    synops: NDArray[np.uint32]
    spike_counts: NDArray[np.uint32]
    crcs: NDArray[np.uint32]
    outputs: NDArray[np.int32]
    prediction: int


class Simulator:
    """Runs one model. Building it flattens the model; running changes nothing in it."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.layers = _traced_layers(model)
        self._program = build_program(model)

    def run(self, binned: BinnedEvents, *, parallel: bool = False) -> RunResult:
        """All recordings. parallel: on threads, as many as numba.set_num_threads says, with the same result.

        Raises EdgeSastError when the recordings are binned in another way than the model wants.
        """
        stream = self._stream(binned)
        results = self._results(len(binned))
        arguments = self._program, stream, results
        if parallel:
            in_parts(run_range_jit, len(binned), *arguments, parts_per_thread=_RANGES_PER_THREAD)
        elif len(binned) > _FEW:
            run_range_jit((0, len(binned)), *arguments)
        else:
            state, record = new_state(self._program), self._record(steps=0)
            for i in range(len(binned)):
                run_recording_jit(self._program, state, stream, i, results, record)
        predictions = results.outputs.argmax(axis=1)
        return RunResult(
            results.outputs, predictions, self._labels(binned), results.synops, results.spikes, results.steps
        )

    def trace(self, binned: BinnedEvents, i: int) -> Trace:
        """Recording i with every membrane, spike, counter and CRC of every step.

        Raises EdgeSastError as `run` does, and when there is no recording i.
        """
        if not 0 <= i < len(binned):
            raise EdgeSastError(f"recording is {i}; it must be 0 to {len(binned) - 1}")
        stream = self._stream(binned)
        results = self._results(len(binned))
        record = self._record()
        run_recording_jit(self._program, new_state(self._program), stream, i, results, record)
        outputs, computed = results.outputs[i], _first_rows(record, results.steps[i])
        return Trace(self.layers, *computed, self._crcs(computed), outputs, int(outputs.argmax()))

    def crcs(self, binned: BinnedEvents) -> NDArray[np.uint32]:
        """The CRC of every step of every recording, uint32 [N, T], 0 of steps that were not computed.

        Raises EdgeSastError as `run` does.
        """
        stream = self._stream(binned)
        results = self._results(len(binned))
        record, state = self._record(), new_state(self._program)
        crcs = np.zeros((len(binned), self.model.binning.steps), np.uint32)
        for i in range(len(binned)):
            run_recording_jit(self._program, state, stream, i, results, record)
            crcs[i, : results.steps[i]] = self._crcs(_first_rows(record, results.steps[i]))
        return crcs

    def _stream(self, binned: BinnedEvents) -> Stream:
        if binned.binning != self.model.binning:
            raise EdgeSastError(
                f"recordings: binning is {binned.binning}; the model wants {self.model.binning}: "
                "bin them anew"
            )
        return Stream(*(_read_only(array) for array in (binned.indices, binned.counts, binned.step_ptr)))

    def _labels(self, binned: BinnedEvents) -> NDArray[np.int64]:
        """The recordings' classes by name: a data set may hold some of the model's only, or others."""
        place = {name: i for i, name in enumerate(self.model.classes)}
        return np.array([place.get(name, -1) for name in binned.classes], np.int64)[binned.labels]

    def _results(self, n: int) -> Results:
        weighted = len(self.layers)
        outputs = np.empty((n, len(self.model.classes)), np.int32)
        synops, spikes = np.empty((n, weighted), np.int64), np.empty((n, weighted), np.int64)
        return Results(outputs, synops, spikes, np.empty(n, np.int64))

    def _record(self, steps: int | None = None) -> Record:
        """Room for a trace of so many steps, all where None."""
        steps = self.model.binning.steps if steps is None else steps
        neurons, weighted = self.layers[-1].stop, len(self.layers)
        return Record(
            np.empty((steps, neurons), np.int32),
            np.empty((steps, neurons), np.uint8),
            np.empty((steps, weighted), np.uint32),
            np.empty((steps, weighted), np.uint32),
        )

    def _crcs(self, record: Record) -> NDArray[np.uint32]:
        return step_crcs(record, [layer.stop - layer.start for layer in self.layers])


def _first_rows(record: Record, steps: int) -> Record:
    return Record(
        record.membranes[:steps], record.flags[:steps], record.synops[:steps], record.spikes[:steps]
    )


def _traced_layers(model: Model) -> tuple[TracedLayer, ...]:
    shapes = model.shapes()
    layers: list[TracedLayer] = []
    for index, _ in model.weighted():
        start = layers[-1].stop if layers else 0
        layers.append(TracedLayer(index, start, start + shapes[index + 1].neurons))
    return tuple(layers)


def _read_only(array: NDArray) -> NDArray:
    """A read-only view: Numba would compile once more for arrays that can be written."""
    view = array.view()
    view.flags.writeable = False
    return view
