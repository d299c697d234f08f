"""What a network costs on a core, in exact instruction counts: a step, a SynOp, a neuron, a spike.

Events reach it in up to three ways. *sent*: all events of a recording, as the sensor sent them, repeats of one input
in one step included, which count no more than the model's count_cap says but cost one call each. *unique*: the binned
list, without those. *stream*: as sent, with time stamps, through sast_stream.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sast.errors import CheckFailedError
from edge_sast.events.binned import BinnedEvents
from edge_sast.model.model import Model
from edge_sast.parity.device_trace import DeviceRecording, trace_format
from edge_sast.parity.mismatch import Place
from edge_sast.parity.rows import compare_device
from edge_sast.report.spread import spread
from edge_sast.runtime.simulator import Simulator, Trace
from firmware_gen.build.event_bytes import sent_step_bytes, step_bytes, within_steps
from firmware_gen.build.folder import write_folder
from firmware_gen.c_gen.target import generate
from firmware_gen.emulator.build import DEFAULT_FLAGS, build_image
from firmware_gen.emulator.counts import by_part, code_bytes, count_steps
from firmware_gen.emulator.run import EmulatedNetwork
from firmware_gen.emulator.stream import EmulatedStream, check_stream
from firmware_gen.toolchain.cores import Core
from firmware_gen.toolchain.image import Image

NAME = "counted"
WAYS = ("sent", "unique", "stream")


@dataclass(frozen=True)
class StepCost:
    """Of one way. events: pushed per step, on average. mean, p99 (nearest rank), max: instructions per step."""

    events: float
    mean: float
    p99: int
    max: int

    @staticmethod
    def of(counts: Sequence[Counter[str]], events: int) -> StepCost:
        """counts: instructions of each step, by function; events: pushed in all of them."""
        found = spread([sum(step.values()) for step in counts])
        if found is None:
            raise ValueError("no step was counted")
        return StepCost(events / len(counts), found["mean"], int(found["p99"]), int(found["max"]))


@dataclass(frozen=True)
class Measurement:
    """Exact figures of one program on one set of recordings.

    ways: what a step costs in each way that was counted; sent and stream only where it is known what the sensor sent.
    recordings, steps: counted; of a model that answers early those computed. instructions: of all steps, in the first
    of the ways, and so functions and parts. synops, deliveries (input spikes, and spikes of each weighted layer but the
    last), swept (neurons times steps): what was done in all steps.
    functions, parts: instructions of all steps. code: bytes of each function. stack: bytes that sast_push, sast_step
    and what they call were seen to use.
    """

    core: str
    toolchain: str
    flags: tuple[str, ...]
    ways: dict[str, StepCost]
    recordings: int
    steps: int
    instructions: int
    synops: int
    deliveries: int
    swept: int
    functions: dict[str, int]
    parts: dict[str, int]
    code: dict[str, int]
    stack: int

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
        names = ("per_synop", "per_neuron", "per_spike", "code_bytes")
        return asdict(self) | {name: getattr(self, name) for name in names}


def measure(
    model: Model,
    recordings: BinnedEvents,
    core: Core,
    toolchain: str = "zig",
    flags: Sequence[str] = DEFAULT_FLAGS,
    sent: Sequence[NDArray[np.void]] | None = None,
) -> Measurement:
    """Export, compile, prove every recording equal to the runtime, and count its steps.

    sent: EVENT_DTYPE [n] of each of `recordings`, as the sensor sent it; None where nobody knows.

    Raises:
        EdgeSastError: toolchain or emulator is missing; the recordings are binned in another way than the model's.
        CheckFailedError: the program differs from the runtime: its counts would mean nothing.
    """
    image = image_of(model, core, toolchain, flags)
    stream = EmulatedStream(image_of(model, core, toolchain, flags, True), core, model) if sent else None
    counts, work, stack = _count(model, recordings, image, core, sent, stream)
    taken = Simulator(model).run(recordings).steps
    pushed = dict.fromkeys(counts, sum(_events(step_bytes(recordings, i), n) for i, n in enumerate(taken)))
    if sent:
        computed = zip(sent, taken, strict=True)
        pushed["sent"] = sum(_events(sent_step_bytes(events, model.binning), n) for events, n in computed)
        pushed["stream"] = pushed["sent"]
    main = counts[next(iter(counts))]
    functions = dict(sum(main, Counter()).most_common())
    return Measurement(
        core=core.name,
        toolchain=toolchain,
        flags=tuple(flags),
        ways={way: StepCost.of(counts[way], pushed[way]) for way in counts},
        recordings=len(recordings),
        steps=len(main),
        instructions=sum(functions.values()),
        synops=int(work[0]),
        deliveries=int(work[1]) + pushed["unique"],
        swept=Simulator(model).layers[-1].stop * len(main),
        functions=functions,
        parts=by_part(functions),
        code=code_bytes(image),
        stack=stack,
    )


def _count(
    model: Model,
    recordings: BinnedEvents,
    image: Image,
    core: Core,
    sent: Sequence[NDArray[np.void]] | None,
    stream: EmulatedStream | None,
) -> tuple[dict[str, list[Counter[str]]], NDArray[np.int64], int]:
    """Instructions of each step by way and function; SynOps and spikes that were delivered in all steps; stack."""
    simulator = Simulator(model)
    form = trace_format(model, simulator.layers)
    network = EmulatedNetwork(image, core, model, form)
    counts: dict[str, list[Counter[str]]] = {way: [] for way in WAYS if sent or way == "unique"}
    work = np.zeros(2, np.int64)
    for i, source in enumerate(recordings.sources):
        trace, steps = simulator.trace(recordings, i), step_bytes(recordings, i)
        counts["unique"] += count_steps(network, steps)
        if sent and stream:
            run = stream.run(within_steps(sent[i], model.binning))
            check_stream(trace, run, source)
            counts["stream"] += run.steps
            steps = sent_step_bytes(sent[i], model.binning)
            counts["sent"] += count_steps(network, steps)
        _check(model, trace, network.record(steps), i, source)
        work += trace.synops.sum(dtype=np.int64), trace.spike_counts[:, :-1].sum(dtype=np.int64)
    return counts, work, _stack(network, step_bytes(recordings, 0))


def _events(steps: Sequence[bytes], n: int) -> int:
    """In the first n of a recording's steps, each a count of four bytes and five for each event."""
    return sum((len(step) - 4) // 5 for step in steps[:n])


def image_of(model: Model, core: Core, toolchain: str, flags: Sequence[str], stream: bool = False) -> Image:
    """A model's C, compiled for a core, with the emulator's driver. Raises EdgeSastError where a tool is missing."""
    with tempfile.TemporaryDirectory(prefix="edge-sast-measure-") as folder:
        build = Path(folder) / "build"
        files = generate(model, None, NAME)
        write_folder(files, build)
        return build_image(build, list(files), NAME, core, toolchain, flags, stream)


def _check(model: Model, expected: Trace, got: DeviceRecording, i: int, source: str) -> None:
    found = compare_device(model, expected, got, Place(i, source)).first
    if found is not None:
        raise CheckFailedError(f"the C differs from the runtime: {found}")


def _stack(network: EmulatedNetwork, steps: list[bytes]) -> int:
    """Bytes of stack; those of the driver's own frame are among them."""
    network.reset()
    network.machine.fill_stack()
    for step in steps:
        network.unobserved_step(step)
    return network.machine.stack_used()
