"""What the host program writes about one recording, as the same arrays that the runtime's trace has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sast.model import Model
from edge_sast.runtime.simulator import Trace, TracedLayer


@dataclass(frozen=True)
class HostRecording:
    """One recording as the C computed it. total_synops, total_spikes: uint64 [layers], of all steps."""

    trace: Trace
    total_synops: NDArray[np.uint64]
    total_spikes: NDArray[np.uint64]


@dataclass(frozen=True)
class TraceFormat:
    """Where things stand in the host program's output.

    layers: the weighted layers. step: one step, the bytes that its CRC covers and the CRC.
    end: what closes a recording.
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
    neuron = np.dtype([("v", "<i4"), ("s", "u1")])
    fields: list[tuple] = []
    for layer in layers:
        size = layer.stop - layer.start
        fields += [(f"neurons{layer.index}", neuron, (size,)), (f"counters{layer.index}", "<u4", (2,))]
    totals = ("totals", "<u8", (len(layers), 2))
    end = np.dtype([("outputs", "<i4", (len(model.classes),)), ("answer", "<u4"), totals])
    return TraceFormat(layers, np.dtype([*fields, ("crc", "<u4")]), end, model.binning.steps)


def parse_recording(form: TraceFormat, data: bytes) -> HostRecording:
    """The output of one recording (`form.recording_bytes` bytes) as arrays."""
    size = form.steps * form.step.itemsize
    frames = np.frombuffer(data[:size], form.step)
    end = np.frombuffer(data[size:], form.end)[0]
    neurons = [frames[f"neurons{layer.index}"] for layer in form.layers]
    counters = np.stack([frames[f"counters{layer.index}"] for layer in form.layers], axis=1)
    trace = Trace(
        layers=form.layers,
        membranes=np.concatenate([part["v"] for part in neurons], axis=1),
        spikes=np.concatenate([part["s"] for part in neurons], axis=1),
        synops=counters[:, :, 0],
        spike_counts=counters[:, :, 1],
        crcs=frames["crc"],
        outputs=end["outputs"],
        prediction=int(end["answer"]),
    )
    return HostRecording(trace, end["totals"][:, 0], end["totals"][:, 1])
