"""What the benches of the event core write about one run (firmware_gen/fpga/bench), as the runtime's arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sast.model.model import Model
from edge_sast.parity.device_trace import DeviceRecording
from edge_sast.runtime.simulator import Trace, TracedLayer

SHOWN = np.dtype([("membrane", "<i4"), ("spike", "<u4")])  # of a neuron
COUNTED = np.dtype([("synops", "<u4"), ("spikes", "<u4")])  # of a layer in a step
STEP = np.dtype([("crc", "<u4"), ("cycles", "<u4")])


@dataclass(frozen=True)
class CoreFormat:
    """Where things stand in a bench's output.

    layers: the weighted layers. shown: of one step, all that the sweeps show. result: what the core answers with, once
    a run or, in running state, once a step.
    """

    layers: tuple[TracedLayer, ...]
    steps: int
    shown: np.dtype
    result: np.dtype
    running: bool = False

    @property
    def answers(self) -> int:
        """Of one run."""
        return self.steps if self.running else 1

    @property
    def whole(self) -> np.dtype:
        """One run."""
        return np.dtype(
            [
                ("shown", self.shown, (self.steps,)),
                ("steps", STEP, (self.steps,)),
                ("answers", self.result, (self.answers,)),
                ("clocks", "<u4"),
                ("error", "<u4"),
                ("computed", "<u4"),
            ]
        )


@dataclass(frozen=True)
class CoreRecording:
    """One run. cycles: uint32 [T], of each step computed as the core counts them, without its waiting for events.

    clocks: from the first event to the end of the last answer. error: whether the core refused an event. answers: all
    of the run: outputs, answer (the class), totals ([layers, 2]: SynOps, spikes; in running state of the step).
    """

    device: DeviceRecording
    cycles: NDArray[np.uint32]
    clocks: int
    error: bool
    answers: NDArray[np.void]


def core_format(model: Model, layers: tuple[TracedLayer, ...], running: bool = False) -> CoreFormat:
    """The format for `model`, whose weighted layers are `layers`. running: an answer follows each step."""
    fields: list[tuple] = []
    for layer in layers:
        size = layer.stop - layer.start
        fields += [(f"neurons{layer.index}", SHOWN, (size,)), (f"counters{layer.index}", COUNTED)]
    result = [
        ("outputs", "<i4", (len(model.classes),)),
        ("answer", "<u4"),
        ("totals", "<u8", (len(layers), 2)),
    ]
    return CoreFormat(layers, model.binning.steps, np.dtype(fields), np.dtype(result), running)


def parse_core(form: CoreFormat, data: bytes) -> CoreRecording:
    """The output of one run (`form.whole.itemsize` bytes) as arrays."""
    run = np.frombuffer(data, form.whole)[0]
    answers, computed = run["answers"], int(run["computed"])
    shown, steps = run["shown"][:computed], run["steps"][:computed]
    end, totals = answers[-1], answers["totals"].sum(axis=0)
    neurons = [shown[f"neurons{layer.index}"] for layer in form.layers]
    counters = np.stack([shown[f"counters{layer.index}"] for layer in form.layers], axis=1)
    trace = Trace(
        layers=form.layers,
        membranes=np.concatenate([part["membrane"] for part in neurons], axis=1),
        spikes=np.concatenate([part["spike"] for part in neurons], axis=1).astype(np.uint8),
        synops=counters["synops"],
        spike_counts=counters["spikes"],
        crcs=steps["crc"],
        outputs=end["outputs"],
        prediction=int(end["answer"]),
    )
    device = DeviceRecording(trace, totals[:, 0], totals[:, 1])
    return CoreRecording(device, steps["cycles"], int(run["clocks"]), bool(run["error"]), answers)
