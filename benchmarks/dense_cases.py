"""What is compared: networks as spiking firmware at a rate of events, and the same shapes as a dense int8 network."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from dense_random import random_network
from reference_network import POOLED_RATE, random_events, reference_model

from edge_sast.dense.network import Network, Size
from edge_sast.dense.network import run as run_dense
from edge_sast.dense.shapes import shapes_of
from edge_sast.errors import CheckFailedError
from edge_sast.events.binned import BinnedEvents
from edge_sast.events.binning import MAX_COUNT
from edge_sast.model.model import Model
from edge_sast.parity.device_trace import trace_format
from edge_sast.parity.mismatch import Place
from edge_sast.parity.rows import compare_device
from edge_sast.runtime.simulator import Simulator
from firmware_gen.build.event_bytes import step_bytes
from firmware_gen.build.folder import write_folder
from firmware_gen.c_gen.target import generate
from firmware_gen.dense.program import OPTIMISE, DenseMachine, has_dsp
from firmware_gen.dense.tables import buffers
from firmware_gen.emulator.build import build_image
from firmware_gen.emulator.cycles import Cost, EdgeCounter, cost_of
from firmware_gen.emulator.run import EmulatedNetwork
from firmware_gen.toolchain.cores import find_core

NAME = "compared"
# That a sensor sends for an input that spikes: N-MNIST in steps of 15 ms has 194 for 105.
EVENTS_A_SPIKE = 1.85
HELD_RATE = 0.05  # input rate whose thresholds the network with fixed ones has
SEED = 1


@dataclass(frozen=True)
class Case:
    """A network, and the spiking model of it that is run at an input rate (0 to 1)."""

    name: str
    title: str
    model: Callable[[float], Model]


@dataclass(frozen=True)
class Point:
    """The spiking firmware at one rate. rate: input spikes per input and step, as counted; synops: per step; steps: of
    every recording, from its reset on, with all events as a sensor sends them; unique_steps: with those that count.
    """

    rate: float
    synops: float
    steps: list[list[Cost]]
    unique_steps: list[list[Cost]]

    def decision(self, unit: str, steps: int, unique: bool = False) -> float:
        """Mean cost of a decision: the first `steps` steps of a recording; 1: any step, on average."""
        of = self.unique_steps if unique else self.steps
        if steps == 1:
            return float(np.mean([cost.of(unit) for costs in of for cost in costs]))
        return float(np.mean([sum(cost.of(unit) for cost in costs[:steps]) for costs in of]))


def reference_cases() -> list[Case]:
    """The reference network, with layer 1 held at a rate whatever the input does, and with fixed thresholds."""
    fixed: list[Model] = []

    def fixed_model(_rate: float) -> Model:
        fixed[:] = fixed or [reference_model(HELD_RATE)]
        return fixed[0]

    held = f"reference network, pooled layer 1 held at {100 * POOLED_RATE:g} %"
    return [
        Case("reference-held", held, reference_model),
        Case("reference-fixed", "reference network, activity follows the input", fixed_model),
    ]


def measure_point(
    model: Model, recordings: BinnedEvents, core: str, toolchain: str, sent: Sequence[list[bytes]]
) -> Point:
    """Every step counted; the first recording is proven equal to the runtime.

    sent: the steps of each recording with all events that a sensor sends, as event_bytes has them.

    Raises:
        EdgeSastError: a tool is missing.
        CheckFailedError: the program differs from the runtime.
    """
    simulator = Simulator(model)
    form = trace_format(model, simulator.layers)
    with tempfile.TemporaryDirectory(prefix="edge-sast-compared-") as folder:
        files = generate(model, None, NAME)
        write_folder(files, Path(folder) / "build")
        image = build_image(Path(folder) / "build", list(files), NAME, find_core(core), toolchain, OPTIMISE)
    proof = EmulatedNetwork(image, find_core(core), model, form).record(sent[0])
    difference = compare_device(
        model, simulator.trace(recordings, 0), proof, Place(0, recordings.sources[0])
    ).first
    if difference is not None:
        raise CheckFailedError(f"the C differs from the runtime: {difference}")
    network = EmulatedNetwork(image, find_core(core), model, form)
    counter = EdgeCounter(network.machine)
    steps = [_costs(network, counter, given) for given in sent]
    unique = [_costs(network, counter, step_bytes(recordings, i)) for i in range(len(recordings))]
    done = len(recordings) * model.binning.steps
    synops = simulator.run(recordings).synops.sum() / done
    return Point(float(recordings.counts.sum()) / done / model.binning.neurons, float(synops), steps, unique)


def _costs(network: EmulatedNetwork, counter: EdgeCounter, steps: list[bytes]) -> list[Cost]:
    network.reset()
    counter.take()
    costs = []
    for step in steps:
        network.unobserved_step(step)
        costs.append(cost_of(counter.take(), network.machine.core.name))
    return costs


@dataclass(frozen=True)
class DenseFigures:
    """A dense network's frame on a core. ram: bytes of its buffers; flash: of weights, biases and multipliers."""

    title: str
    cost: Cost
    macs: int
    ram: int
    flash: int


def measure_dense(model: Model, core: str, toolchain: str) -> list[DenseFigures]:
    """The model's shapes as a dense network: plain C, then SMLAD where the core has it. Bits are checked."""
    network = dense_network(model)
    frame = np.random.default_rng(SEED).integers(0, 128, network.input).astype(np.int8)
    figures = []
    for dsp in (False, True) if has_dsp(core) else (False,):
        output, ran = DenseMachine(network, core, dsp, toolchain).frame(frame)
        if not np.array_equal(output, run_dense(network, frame)):
            raise CheckFailedError(f"{core}: the dense kernels differ from NumPy; this is a defect of theirs")
        title = "int8, SMLAD" if dsp else "int8, plain C"
        ram = sum(buffers(network, dsp).values())
        figures.append(DenseFigures(title, cost_of(ran, core), network.macs(), ram, network.table_bytes()))
    return figures


def dense_network(model: Model) -> Network:
    """Dense layers of the same shapes, random weights; OR-pools become max-pools.

    Raises EdgeSastError for layers that the dense kernels do not have.
    """
    grid = model.binning
    return random_network(Size(grid.height, grid.width, grid.channels), shapes_of(model), SEED)


def event_points(case: Case, rates: list[float], core: str, toolchain: str) -> list[Point]:
    """The case at each input rate, with random events, some of which repeat others as those of a sensor do."""
    points = []
    for rate in rates:
        model = case.model(rate)
        sent = with_repeats(random_events(model, rate), EVENTS_A_SPIKE)
        events = sent.capped(model.binning.count_cap)
        points.append(measure_point(model, events, core, toolchain, [step_bytes(sent, 0)]))
    return points


def with_repeats(events: BinnedEvents, mean: float) -> BinnedEvents:
    """The same inputs, each with so many events on average, at least one; the same for the same arguments."""
    more = np.random.default_rng(SEED).poisson(mean - 1, len(events.indices))
    counts = np.minimum(events.counts + more, MAX_COUNT).astype(np.uint8)
    return replace(events, binning=replace(events.binning, count_cap=MAX_COUNT), counts=counts)
