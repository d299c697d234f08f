"""What the C writes about one recording (c/host/sast_trace.h), as the same arrays that the runtime's trace has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sast.model.model import Model
from edge_sast.runtime.crc import NEURON
from edge_sast.runtime.simulator import Trace, TracedLayer


@dataclass(frozen=True)
class Unobserved:
    """The same recording without an observer, which is how a device runs it.

    membranes: int32 [T, neurons], as kept between steps: leaked. synops, spike_counts: uint32 [T, layers].
    outputs: int32 [classes]. prediction: class index. total_synops, total_spikes: uint64 [layers], of all steps.
    """

    membranes: NDArray[np.int32]
    synops: NDArray[np.uint32]
    spike_counts: NDArray[np.uint32]
    outputs: NDArray[np.int32]
    prediction: int
    total_synops: NDArray[np.uint64]
    total_spikes: NDArray[np.uint64]


@dataclass(frozen=True)
class DeviceRecording:
    """One recording as the C computed it. total_synops, total_spikes: uint64 [layers], of all steps.

    unobserved: the run without an observer, where there was one.
    """

    trace: Trace
    total_synops: NDArray[np.uint64]
    total_spikes: NDArray[np.uint64]
    unobserved: Unobserved | None = None


@dataclass(frozen=True)
class TraceFormat:
    """Where things stand in the C program's output.

    layers: the weighted layers. step: one step, the bytes that its CRC covers, the CRC, and the state of the run
    without an observer. end: what closes a recording, of the observed run and of the other.
    """

    layers: tuple[TracedLayer, ...]
    step: np.dtype
    end: np.dtype
    steps: int

    @property
    def recording_bytes(self) -> int:
        return self.steps * self.step.itemsize + self.end.itemsize


def trace_format(model: Model, layers: tuple[TracedLayer, ...]) -> TraceFormat:
    """The format for `model`, whose weighted layers are `layers`."""
    fields: list[tuple] = []
    for layer in layers:
        size = layer.stop - layer.start
        fields += [(f"neurons{layer.index}", NEURON, (size,)), (f"counters{layer.index}", "<u4", (2,))]
    fields += [("crc", "<u4")]
    for layer in layers:
        size = layer.stop - layer.start
        fields += [(f"stored{layer.index}", "<i4", (size,)), (f"unobserved{layer.index}", "<u4", (2,))]
    totals = ("totals", "<u8", (len(layers), 2))
    steps = [] if model.early_margin is None else [("steps", "<u4")]
    end = np.dtype([("outputs", "<i4", (len(model.classes),)), ("answer", "<u4"), totals, *steps])
    both = np.dtype([("observed", end), ("unobserved", end)])
    return TraceFormat(layers, np.dtype(fields), both, model.binning.steps)


def parse_recording(form: TraceFormat, data: bytes) -> DeviceRecording:
    """The output of one recording (`form.recording_bytes` bytes) as arrays."""
    size = form.steps * form.step.itemsize
    ends = np.frombuffer(data[size:], form.end)[0]
    end = ends["observed"]
    frames = _computed(form, data[:size], end)
    neurons = [frames[f"neurons{layer.index}"] for layer in form.layers]
    counters = np.stack([frames[f"counters{layer.index}"] for layer in form.layers], axis=1)
    trace = Trace(
        layers=form.layers,
        membranes=np.concatenate([part["membrane"] for part in neurons], axis=1),
        spikes=np.concatenate([part["spike"] for part in neurons], axis=1),
        synops=counters[:, :, 0],
        spike_counts=counters[:, :, 1],
        crcs=frames["crc"],
        outputs=end["outputs"],
        prediction=int(end["answer"]),
    )
    unobserved = _unobserved(form, _computed(form, data[:size], ends["unobserved"]), ends["unobserved"])
    return DeviceRecording(trace, end["totals"][:, 0], end["totals"][:, 1], unobserved)


def _computed(form: TraceFormat, data: bytes, end: np.void) -> NDArray[np.void]:
    """The steps that a recording has: fewer than the model's where it ended early."""
    frames = np.frombuffer(data, form.step)
    return frames[: end["steps"]] if "steps" in (end.dtype.names or ()) else frames


def _unobserved(form: TraceFormat, frames: NDArray, end: np.void) -> Unobserved:
    counters = np.stack([frames[f"unobserved{layer.index}"] for layer in form.layers], axis=1)
    return Unobserved(
        membranes=np.concatenate([frames[f"stored{layer.index}"] for layer in form.layers], axis=1),
        synops=counters[:, :, 0],
        spike_counts=counters[:, :, 1],
        outputs=end["outputs"],
        prediction=int(end["answer"]),
        total_synops=end["totals"][:, 0],
        total_spikes=end["totals"][:, 1],
    )
