"""Events into first layers of every shape on emulated cores, one by one and through a stream: as the oracle says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from edge_sast.events.binning import Binning
from edge_sast.events.recording import Recording, make_events
from edge_sast.model.layers import Conv2d, Flatten, Integrator, Linear, Shape
from edge_sast.model.model import Model
from edge_sast.model.reach import axis_reach
from edge_sast.parity.device_trace import trace_format
from edge_sast.parity.mismatch import Place
from edge_sast.parity.rows import compare_device
from edge_sast.runtime.simulator import Simulator, Trace
from firmware_gen.build.event_bytes import sent_step_bytes
from firmware_gen.build.folder import write_folder
from firmware_gen.c_gen.memory import memory
from firmware_gen.c_gen.target import generate
from firmware_gen.c_plan.kernels import push_kernel
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.emulator.build import build_image
from firmware_gen.emulator.run import EmulatedNetwork
from firmware_gen.emulator.stream import EmulatedStream
from firmware_gen.toolchain.cores import find_core
from firmware_gen.toolchain.image import Image
from tests import tools
from tests.firmware_gen.builds import lif, weights
from tests.oracle import oracle_run
from tests.strategies import as_counts, binned

OK, OUTSIDE = 0, 4  # sast_status_t
WIDTH, HEIGHT, STEPS, DT_US = 9, 7, 3, 1000
SENT = 400  # events of a step, so that most inputs repeat


@dataclass(frozen=True)
class First:
    """A first layer. runs: what its columns reach, in quads, and rows: how many, at least."""

    channels: int
    kernel: int
    stride: int
    padding: int
    runs: set[int]
    rows: set[int]


CORES = (("cortex-m4", "gcc"), ("cortex-m4", "zig"))
FIRSTS = {
    "one quad, overlapping": First(4, 3, 1, 0, {1, 2, 3}, {1, 2, 3}),
    "two quads": First(8, 3, 2, 1, {2, 4}, {1, 2}),
    "three quads": First(12, 5, 4, 2, {3, 6}, {1, 2}),
    "four quads": First(16, 2, 1, 0, {4, 8}, {1, 2}),
    "five quads, a border unread": First(18, 2, 2, 0, {0, 5}, {0, 1}),
    "seven quads": First(28, 1, 1, 0, {7}, {1}),
    "gaps": First(3, 1, 2, 0, {0, 1}, {0, 1}),
}


def network(first: First, shift: int = 0, cap: int = 1) -> Model:
    rng = np.random.default_rng(first.channels)
    grid = Binning(WIDTH, HEIGHT, shift, DT_US, STEPS, cap)
    weight = weights(rng, 8, first.kernel, first.kernel, 2, first.channels)
    conv = Conv2d(weight, 8, lif(rng, first.channels, 200), 0, (first.stride,) * 2, (first.padding,) * 2)
    neurons = conv.output(Shape(grid.height, grid.width, 2, cap)).neurons
    last = Linear(weights(rng, 8, neurons, 2), 8, Integrator([0, 0], [3, -3], (2,), 24))
    return Model(grid, (conv, Flatten(), last), ("a", "b"))


def events_of(seed: int) -> Recording:
    """Many events in any order: most inputs in every step but an empty one, many again and again; the last input in a
    step's first and last moment."""
    rng = np.random.default_rng(seed)
    n = SENT * STEPS
    t = np.sort(rng.integers(0, STEPS * DT_US, n))
    x, y, p = rng.integers(0, WIDTH, n), rng.integers(0, HEIGHT, n), rng.integers(0, 2, n)
    keep = t // DT_US != 1
    events = make_events(t[keep], x[keep], y[keep], p[keep])
    events["t"][0] = 0
    events[1:3] = events[0]
    events["x"][[1, 2, -1]], events["y"][[1, 2, -1]], events["p"][[1, 2, -1]] = WIDTH - 1, HEIGHT - 1, 1
    events["t"][-1] = STEPS * DT_US - 1
    return Recording(events, WIDTH, HEIGHT, "drawn")


def image_of(folder: Path, model: Model, core: str, toolchain: str) -> Image:
    """The program, with a stream beside."""
    files = generate(model, None, "a")
    write_folder(files, folder / "build")
    return build_image(folder / "build", list(files), "a", find_core(core), toolchain, stream=True)


def trace_of(model: Model, recording: Recording) -> Trace:
    """The runtime's."""
    return Simulator(model).trace(binned(model, [as_counts(recording, model.binning)]), 0)


def check_intake(folder: Path, model: Model, core: str, toolchain: str) -> None:
    """Two recordings, one after the other: no step, and no recording, remembers what an earlier one has seen."""
    tools.require_compiler(toolchain, core)
    image, form = image_of(folder, model, core, toolchain), trace_format(model, Simulator(model).layers)
    network = EmulatedNetwork(image, find_core(core), model, form)
    stream = EmulatedStream(image, find_core(core), model)
    for seed in range(2):
        recording = events_of(seed)
        want = oracle_run(model, as_counts(recording, model.binning))
        got = network.record(sent_step_bytes(recording.events, model.binning))
        for t, step in enumerate(want.steps):
            assert got.trace.membranes[t].tolist() == [v for layer in step.layers for v in layer.membranes]
            assert got.trace.synops[t].tolist() == [layer.synops for layer in step.layers]
            assert int(got.trace.crcs[t]) == step.crc
        assert got.trace.outputs.tolist() == want.outputs
        assert (
            compare_device(model, trace_of(model, recording), got, Place(seed, "drawn")).first is None
        )  # unobserved too
        run = stream.run(recording.events)
        assert len(run.steps) == STEPS
        assert run.outputs.tolist() == want.outputs
        for i in range(len(want.steps[0].layers)):
            assert int(run.synops[i]) == sum(step.layers[i].synops for step in want.steps)
            assert int(run.spikes[i]) == sum(step.layers[i].spike_count for step in want.steps)


@pytest.mark.parametrize("name", FIRSTS)
def test_first_layers_in_assembly(tmp_path, name):
    first = FIRSTS[name]
    model = network(first)
    columns, rows = (
        axis_reach(size, first.kernel, first.stride, first.padding).counts for size in (WIDTH, HEIGHT)
    )
    assert {int(n) * -(-first.channels // 4) for n in columns} == first.runs
    assert set(rows.tolist()) == first.rows
    assert push_kernel(CPlan(model)) == "sast_push_conv2d_8"
    check_intake(tmp_path, model, *CORES[list(FIRSTS).index(name) % 2])


@pytest.mark.parametrize(
    ("shift", "cap", "kernel"), [(1, 1, "once"), (0, 3, "counts"), (2, 2, "counts")], ids=str
)
def test_other_ways_in(tmp_path, shift, cap, kernel):
    model = network(First(8, 2, 1, 0, set(), set()), shift, cap)
    assert push_kernel(CPlan(model)) == f"sast_push_{kernel}"
    check_intake(tmp_path, model, "cortex-m4", "gcc")


@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m3", "rv32"])
def test_in_plain_c(tmp_path, core):
    check_intake(tmp_path, network(FIRSTS["one quad, overlapping"]), core, "gcc")


@pytest.mark.needs("arm-none-eabi-gcc")
def test_what_lies_outside_changes_nothing(tmp_path):
    """In a step with and without an event: told, and neither memory nor context is touched."""
    model = network(FIRSTS["three quads"])
    image, size = image_of(tmp_path, model, "cortex-m4", "gcc"), memory(CPlan(model)).bytes
    device = EmulatedNetwork(
        image, find_core("cortex-m4"), model, trace_format(model, Simulator(model).layers)
    )
    machine = device.machine
    context = machine.call("sast_emulator_quiet_context")

    def state() -> bytes:
        address = int.from_bytes(machine.read(context + 4, 4), "little")
        return machine.read(context, 52) + machine.read(address, size)

    for opened in (False, True):
        device.reset()
        if opened:
            assert machine.call("sast_push", context, 0, 0, 0) == OK
        before = state()
        outside = [
            (WIDTH, 0, 0),
            (0, HEIGHT, 0),
            (0, 0, 2),
            (WIDTH, HEIGHT, 2),
            (0xFFFF, 0, 1),
            (0, 0xFFFF, 1),
        ]
        for event in [*outside, (0, 0, 255)]:
            assert machine.call("sast_push", context, *event) == OUTSIDE
        assert state() == before
        assert machine.call("sast_push", context, WIDTH - 1, HEIGHT - 1, 1) == OK
        assert state() != before
        again = state()
        assert machine.call("sast_push", context, WIDTH - 1, HEIGHT - 1, 1) == OK
        assert state() == again
