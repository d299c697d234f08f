"""What a network costs on a core, in exact instruction counts: a step, a SynOp, a neuron, a spike."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_sast.data.binning import BinnedEvents
from edge_sast.errors import CheckFailedError
from edge_sast.model import Model
from edge_sast.runtime.simulator import Simulator, Trace
from firmware_gen.c_target import generate, write_folder
from firmware_gen.compare import compare
from firmware_gen.compare_quiet import compare_quiet
from firmware_gen.emulator.build import DEFAULT_FLAGS, build_image
from firmware_gen.emulator.cores import Core
from firmware_gen.emulator.counts import by_part, code_bytes, count_steps
from firmware_gen.emulator.image import Image
from firmware_gen.emulator.run import EmulatedNetwork
from firmware_gen.event_bytes import step_bytes
from firmware_gen.trace import HostRecording, trace_format

NAME = "counted"


@dataclass(frozen=True)
class Measurement:
    """Exact figures of one program on one set of recordings.

    steps: counted. instructions: of all steps; step_max: of the dearest one. synops, deliveries (input spikes, and
    spikes of every weighted layer but the last), swept (neurons times steps): what was done in all steps.
    functions, parts: instructions of all steps. code: bytes of each function. stack: bytes that sast_push, sast_step
    and what they call were seen to use.
    """

    core: str
    toolchain: str
    flags: tuple[str, ...]
    steps: int
    instructions: int
    step_max: int
    synops: int
    deliveries: int
    swept: int
    functions: dict[str, int]
    parts: dict[str, int]
    code: dict[str, int]
    stack: int

    @property
    def step_mean(self) -> float:
        return self.instructions / self.steps

    @property
    def per_synop(self) -> float:
        """Instructions of the scatter for each SynOp."""
        return self.parts["scatter"] / max(self.synops, 1)

    @property
    def per_neuron(self) -> float:
        """Instructions of the sweep for each neuron and step."""
        return self.parts["sweep"] / self.swept

    @property
    def per_spike(self) -> float:
        """Instructions of the delivery for each spike that is delivered, input spikes included."""
        return self.parts["delivery"] / max(self.deliveries, 1)

    @property
    def code_bytes(self) -> int:
        return sum(self.code.values())

    def figures(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        names = ("step_mean", "per_synop", "per_neuron", "per_spike", "code_bytes")
        return asdict(self) | {name: getattr(self, name) for name in names}


def measure(
    model: Model,
    recordings: BinnedEvents,
    core: Core,
    toolchain: str = "zig",
    flags: Sequence[str] = DEFAULT_FLAGS,
) -> Measurement:
    """Export, compile, prove every recording equal to the runtime, and count its steps.

    Raises:
        EdgeSastError: toolchain or emulator is missing; the recordings are binned in another way than the model's.
        CheckFailedError: the program differs from the runtime: its counts would mean nothing.
    """
    simulator = Simulator(model)
    form = trace_format(model, simulator.layers)
    image = _image(model, core, toolchain, flags)
    plain = EmulatedNetwork(image, core, model, form)
    counted = EmulatedNetwork(image, core, model, form, counted=True)
    counts: list[Counter[str]] = []
    work = np.zeros(2, np.int64)
    for i in range(len(recordings)):
        trace, steps = simulator.trace(recordings, i), step_bytes(recordings, i)
        _check(model, trace, plain.record(steps), i, recordings.sources[i])
        counts += count_steps(counted, steps)
        work += trace.synops.sum(dtype=np.int64), trace.spike_counts[:, :-1].sum(dtype=np.int64)
    functions = dict(sum(counts, Counter()).most_common())
    return Measurement(
        core=core.name,
        toolchain=toolchain,
        flags=tuple(flags),
        steps=len(counts),
        instructions=sum(functions.values()),
        step_max=max(sum(step.values()) for step in counts),
        synops=int(work[0]),
        deliveries=int(work[1]) + int(recordings.counts.sum()),
        swept=simulator.layers[-1].stop * len(counts),
        functions=functions,
        parts=by_part(functions),
        code=code_bytes(image),
        stack=_stack(plain, step_bytes(recordings, 0)),
    )


def _image(model: Model, core: Core, toolchain: str, flags: Sequence[str]) -> Image:
    with tempfile.TemporaryDirectory(prefix="edge-sast-measure-") as folder:
        build = Path(folder) / "build"
        files = generate(model, None, NAME)
        write_folder(files, build)
        return build_image(build, list(files), NAME, core, toolchain, flags)


def _check(model: Model, expected: Trace, got: HostRecording, i: int, source: str) -> None:
    found = [compare(expected, got, i, source)]
    if got.quiet is not None:
        found.append(compare_quiet(model, expected, got.quiet, i, source))
    for comparison in found:
        if comparison.first is not None:
            raise CheckFailedError(f"the C differs from the runtime: {comparison.first}")


def _stack(network: EmulatedNetwork, steps: list[bytes]) -> int:
    """Bytes of stack; those of the driver's own frame are among them."""
    network.reset()
    network.machine.fill_stack()
    for step in steps:
        network.quiet_step(step)
    return network.machine.stack_used()
