"""What a recording costs a device from its first event to the answer: of a spiking network, and of a dense one.

Both are given every event that the sensor sent, repeats included, in two ways. *direct*: one by one, by sast_push and
dense_push. *stream*: with time stamps in bursts, by sast_stream_push and dense_push_events. Both are charged with the
start of a recording too: the network's state set back, the frame cleared. Every answer is proven equal to the
runtime's, or to NumPy's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_sast.dense.densefile import DenseModel
from edge_sast.dense.frames import frames_of
from edge_sast.dense.network import aligned, run
from edge_sast.errors import CheckFailedError
from edge_sast.events.binned import BinnedEvents
from edge_sast.model.model import Model
from edge_sast.parity.device_trace import trace_format
from edge_sast.runtime.simulator import Simulator
from firmware_gen.build.event_bytes import sent_step_bytes, within_steps
from firmware_gen.build.folder import write_folder
from firmware_gen.c_gen.target import generate
from firmware_gen.c_plan.footprint import footprint
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.dense.program import OPTIMISE, DenseMachine, FrameInput, has_dsp
from firmware_gen.dense.tables import buffers
from firmware_gen.emulator.build import DEFAULT_FLAGS, build_image
from firmware_gen.emulator.counts import TRACING
from firmware_gen.emulator.cycles import Cost, CostMeter
from firmware_gen.emulator.run import EmulatedNetwork
from firmware_gen.emulator.stream import EmulatedStream, check_stream
from firmware_gen.toolchain.cores import Core
from firmware_gen.toolchain.image import Image

NAME = "compared"
Events = NDArray[np.void]


@dataclass(frozen=True)
class RecordingCost:
    """One recording. answer: what of `direct` comes after the last event that was needed; waited_us: how long after
    the first event that begins.
    """

    direct: Cost
    stream: Cost
    answer: Cost
    waited_us: int


@dataclass(frozen=True)
class DeviceCost:
    """A network on a core. flash: code and tables of the direct way. ram: without the stack and the stream's state."""

    recordings: list[RecordingCost]
    flash: int
    ram: int


def spiking_cost(
    model: Model,
    recordings: BinnedEvents,
    sent: Sequence[Events],
    core: Core,
    toolchain: str,
    flags: Sequence[str] = DEFAULT_FLAGS,
) -> DeviceCost:
    """sent: EVENT_DTYPE [n] of each of `recordings`, as the sensor sent it.

    Raises:
        EdgeSastError: toolchain or emulator is missing.
        CheckFailedError: the program differs from the runtime: its costs would mean nothing.
    """
    images = [_spiking_image(model, core, toolchain, flags, stream) for stream in (False, True)]
    simulator = Simulator(model)
    network = EmulatedNetwork(images[0], core, model, trace_format(model, simulator.layers))
    stream = EmulatedStream(images[1], core, model)
    meters = CostMeter(network.machine), CostMeter(stream.machine)
    found = []
    for i, events in enumerate(sent):
        trace = simulator.trace(recordings, i)
        direct, answer, steps = _steps(network, meters[0], sent_step_bytes(events, model.binning))
        if steps != len(trace.crcs) or not np.array_equal(network.unobserved_outputs(), trace.outputs):
            raise CheckFailedError(
                f"{recordings.sources[i]}: the C differs from the runtime in steps or outputs"
            )
        meters[1].take()
        ran = stream.run(within_steps(events, model.binning))
        check_stream(trace, ran, recordings.sources[i])
        counted = ran.restart.total() + sum(step.total() for step in ran.steps)
        streamed = meters[1].take() + Cost(counted, {})
        found.append(RecordingCost(direct, streamed, answer, steps * model.binning.dt_us))
    return DeviceCost(found, _flash(images[0]), footprint(CPlan(model)).ram_bytes)


def _steps(network: EmulatedNetwork, meter: CostMeter, steps: Sequence[bytes]) -> tuple[Cost, Cost, int]:
    """Of a whole recording, of the computation of its last step, and how many steps there were."""
    meter.take()
    network.unobserved_reset()
    total, computed, count = meter.take(), Cost(0, {}), 0
    for step in steps:
        network.unobserved_push(step)
        total += meter.take()
        decided = network.unobserved_compute()
        computed = meter.take()
        total, count = total + computed, count + 1
        if decided:
            break
    return total, computed, count


def _spiking_image(model: Model, core: Core, toolchain: str, flags: Sequence[str], stream: bool) -> Image:
    with tempfile.TemporaryDirectory(prefix="edge-sast-compared-") as folder:
        build, files = Path(folder) / "build", generate(model, None, NAME)
        write_folder(files, build)
        return build_image(build, list(files), NAME, core, toolchain, flags, stream)


def dense_cost(
    model: DenseModel,
    recordings: BinnedEvents,
    sent: Sequence[Events],
    core: Core,
    toolchain: str,
    flags: Sequence[str] = OPTIMISE,
) -> DeviceCost:
    """recordings: binned as frames. Otherwise as spiking_cost."""
    network, dsp = aligned(model.network), has_dsp(core.name)
    machine = DenseMachine(network, core.name, dsp, toolchain, flags)
    taken = FrameInput(machine.machine, model.binning)
    meter = CostMeter(machine.machine)
    frames = frames_of(recordings)
    outputs = run(network, frames)
    found = []
    for i, events in enumerate(sent):
        within = within_steps(events, model.binning)
        costs = []
        for push, given in ((taken.push, within), (taken.push_events, events)):
            meter.take()
            taken.clear()
            push(given)
            costs.append(meter.take())
            if not np.array_equal(taken.read(), frames[i]):
                raise CheckFailedError(f"{recordings.sources[i]}: the frame in C differs from the binned one")
        answer = machine.answer(taken.address)
        network_cost = meter.take()
        if not np.array_equal(answer, outputs[i]):
            raise CheckFailedError(f"{recordings.sources[i]}: the dense kernels differ from NumPy")
        waited = int(within["t"][-1] - within["t"][0]) if len(within) else 0
        direct, stream = (cost + network_cost for cost in costs)
        found.append(RecordingCost(direct, stream, network_cost, waited))
    ram = sum(buffers(network, dsp).values()) + FrameInput.ram_bytes(model.binning)
    return DeviceCost(found, _flash(machine.machine.image), ram)


def _flash(image: Image) -> int:
    """All that is loaded, but for what only the emulator needs."""
    own = sum(function.size for function in image.functions if function.name.startswith(TRACING))
    return sum(len(segment.data) for segment in image.segments) - own
