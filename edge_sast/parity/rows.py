"""What is compared of a recording: the runtime's trace beside what another implementation computed."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_sast.model.arithmetic import leak
from edge_sast.model.model import Model
from edge_sast.parity.compare import Comparison, Row, compare
from edge_sast.parity.device_trace import DeviceRecording, Unobserved
from edge_sast.parity.mismatch import Place
from edge_sast.runtime.simulator import Trace


class Answer(Protocol):
    """What any run of a recording ends with. outputs: int32 [classes]; synops, spikes: [layers], of all steps."""

    @property
    def outputs(self) -> NDArray: ...
    @property
    def prediction(self) -> int: ...
    @property
    def synops(self) -> NDArray: ...
    @property
    def spikes(self) -> NDArray: ...


def compare_device(model: Model, expected: Trace, got: DeviceRecording, place: Place) -> Comparison:
    """All that a program of the host or of an emulated core writes, with its run without an observer if it made one."""
    rows = observed_rows(expected, got)
    if got.unobserved is not None:
        rows += unobserved_rows(model, expected, got.unobserved)
    return compare(expected.layers, rows, place)


def observed_rows(expected: Trace, got: DeviceRecording) -> list[Row]:
    """Every membrane, spike, counter, CRC and output. In the order of the CRC's bytes: a membrane before its spike."""
    a, b = _same_steps(expected, got.trace)
    totals = got.total_synops, got.total_spikes
    return [
        *_steps_row("", expected, len(got.trace.crcs)),
        Row("membrane", a.membranes, b.membranes, ("step", "neuron")),
        Row("spike", a.spikes, b.spikes, ("step", "neuron")),
        Row("synops", a.synops, b.synops, ("step", "layer")),
        Row("spikes", a.spike_counts, b.spike_counts, ("step", "layer")),
        Row("crc", a.crcs, b.crcs, ("step",)),
        *_end_rows("", a, b.outputs, b.prediction, *totals),
    ]


def unobserved_rows(model: Model, expected: Trace, got: Unobserved) -> list[Row]:
    """Of the run that a device really makes: stored membranes, which are leaked ones, counters and outputs."""
    n = min(len(expected.crcs), len(got.synops))
    stored = stored_membranes(model, expected)
    return [
        *_steps_row("unobserved ", expected, len(got.synops)),
        Row("unobserved membrane", stored[:n], got.membranes[:n], ("step", "neuron")),
        Row("unobserved synops", expected.synops[:n], got.synops[:n], ("step", "layer")),
        Row("unobserved spikes", expected.spike_counts[:n], got.spike_counts[:n], ("step", "layer")),
        *_end_rows("unobserved ", expected, got.outputs, got.prediction, got.total_synops, got.total_spikes),
    ]


def answer_rows(expected: Trace, got: Answer, steps: int, crcs: NDArray | None) -> list[Row]:
    """Of a run of so many steps that tells its answer, and the CRC of each (uint32 [steps]) where `crcs` is given."""
    ends = _end_rows("", expected, got.outputs, got.prediction, got.synops, got.spikes)
    rows = _steps_row("", expected, steps)
    if crcs is not None:
        n = min(len(expected.crcs), len(crcs))
        rows.append(Row("crc", expected.crcs[:n], crcs[:n], ("step",)))
    return [*rows, *ends]


def stored_membranes(model: Model, trace: Trace) -> NDArray[np.int32]:
    """What a device keeps between steps, int32 [T, neurons]: leak(v) of every membrane (docs/arithmetic.md §4)."""
    layers = dict(model.weighted())
    stored = trace.membranes.copy()
    for layer in trace.layers:
        part = slice(layer.start, layer.stop)
        stored[:, part] = leak(stored[:, part], *layers[layer.index].neuron.leak_shifts)
    return stored


def _same_steps(a: Trace, b: Trace) -> tuple[Trace, Trace]:
    """Both, as far as both go: where one ended a recording early and the other did not, `_steps_row` differs."""
    n = min(len(a.crcs), len(b.crcs))
    names = ("membranes", "spikes", "synops", "spike_counts", "crcs")
    cut = (replace(trace, **{name: getattr(trace, name)[:n] for name in names}) for trace in (a, b))
    return next(cut), next(cut)


def _steps_row(kind: str, expected: Trace, steps: int) -> list[Row]:
    """How many steps were computed, where they are not as many."""
    return [] if steps == len(expected.crcs) else [Row(f"{kind}steps", len(expected.crcs), steps)]


def _end_rows(
    kind: str, expected: Trace, outputs: NDArray, prediction: int, synops: NDArray, spikes: NDArray
) -> list[Row]:
    """What a recording ends with; kind: put before each quantity."""
    totals = [c.sum(axis=0, dtype=np.uint64) for c in (expected.synops, expected.spike_counts)]
    return [
        Row(f"{kind}output", expected.outputs, outputs, ("class",)),
        Row(f"{kind}class", expected.prediction, prediction),
        Row(f"{kind}total synops", totals[0], synops, ("layer",)),
        Row(f"{kind}total spikes", totals[1], spikes, ("layer",)),
    ]
