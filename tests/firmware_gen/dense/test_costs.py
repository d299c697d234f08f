"""Events become frames in C as in NumPy, and both networks are charged with all that the sensor sent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from dense_random import random_network

from edge_sast.dense.densefile import DenseModel
from edge_sast.dense.frames import frame_binning, frames_of
from edge_sast.dense.network import Size
from edge_sast.dense.shapes import ConvShape, LinearShape, PoolShape
from edge_sast.errors import CheckFailedError
from edge_sast.events.binned import BinnedEvents
from edge_sast.events.binning import Binning
from edge_sast.events.recording import Recording, make_events
from edge_sast.events.to_bins import bin_recording
from edge_sast.model.layers import Conv2d, Flatten, Integrator, Lif, Linear
from edge_sast.model.model import Model
from firmware_gen.dense.costs import dense_cost, spiking_cost
from firmware_gen.dense.program import DenseMachine, FrameInput
from firmware_gen.dense.tables import buffers
from firmware_gen.emulator.cycles import CostMeter
from firmware_gen.emulator.measure import measure
from firmware_gen.toolchain.cores import find_core

STEPS, DT_US = 4, 1000
GRID = Binning(11, 9, 0, DT_US, STEPS, 1)
FRAME = frame_binning(GRID)
M4 = find_core("cortex-m4")


def sent(seed: int, count: int, span_us: int = STEPS * DT_US) -> np.ndarray:
    """Events of a recording, many at one pixel."""
    rng = np.random.default_rng(seed)
    t = np.sort(rng.integers(0, span_us, count)) + 7
    x, y = np.minimum(rng.integers(0, 30, (2, count)), [[10], [8]])
    return make_events(t, x, y, rng.integers(0, 2, count))


def binned(recordings: list[np.ndarray], grid: Binning) -> BinnedEvents:
    rows = [bin_recording(Recording(events, 11, 9, "x"), grid) for events in recordings]
    names = [f"r{i}" for i in range(len(rows))]
    return BinnedEvents.of_rows(grid, rows, np.zeros(len(rows), np.int64), ("a", "b"), names)


def dense(seed: int = 1) -> DenseModel:
    shapes = [ConvShape(4, 3, 2, 1), PoolShape(), LinearShape(2)]
    return DenseModel(FRAME, random_network(Size(9, 11, 2), shapes, seed), ("a", "b"))


def spiking(margin: int | None = None) -> Model:
    rng = np.random.default_rng(2)
    zeros = np.zeros(4, int)
    conv = Conv2d(rng.integers(-9, 20, (3, 3, 2, 4)), 8, Lif(np.full(4, 30), zeros, zeros, (3,), "zero", 14))
    read_out = Integrator(np.zeros(2, int), np.zeros(2, int), (), 20)
    linear = Linear(rng.integers(-20, 21, (7 * 9 * 4, 2)), 8, read_out)
    return Model(GRID, (conv, Flatten(), linear), ("a", "b"), "tests", margin)


@pytest.fixture(scope="module")
def machine() -> DenseMachine:
    return DenseMachine(dense().network, "cortex-m4", dsp=True)


@pytest.mark.parametrize("shift", [0, 1])
def test_a_frame_is_what_is_binned_and_stays_at_127(machine: DenseMachine, shift: int) -> None:
    grid = replace(FRAME, shift=shift)
    taken = FrameInput(machine.machine, grid)
    for seed, count in ((1, 900), (2, 60), (3, 1)):
        events = sent(seed, count)
        frame = frames_of(binned([events], grid))[0]
        assert frame.max() == 127 or count < 900
        for push in (taken.push, taken.push_events):
            taken.clear()
            push(events)
            np.testing.assert_array_equal(taken.read(), frame)


def test_events_after_the_window_are_left_out(machine: DenseMachine) -> None:
    events = sent(4, 300, span_us=2 * STEPS * DT_US)
    frame = frames_of(binned([events], FRAME))[0]
    assert frame.sum() < 200
    taken = FrameInput(machine.machine, FRAME)
    taken.clear()
    taken.push_events(events)
    np.testing.assert_array_equal(taken.read(), frame)


@pytest.mark.parametrize(("x", "y"), [(11, 0), (0, 9), (65535, 65535)])
def test_an_event_outside_the_sensor_is_refused(machine: DenseMachine, x: int, y: int) -> None:
    taken = FrameInput(machine.machine, FRAME)
    events = make_events(np.array([0, 1]), np.array([1, x]), np.array([1, y]), np.array([0, 1]))
    for push in (taken.push, taken.push_events):
        taken.clear()
        with pytest.raises(CheckFailedError, match=r"returned status 1 of dense_input\.h"):
            push(events)
        assert taken.read().sum() == 1


def test_clearing_a_frame_takes_a_store_a_word(machine: DenseMachine) -> None:
    """No loop over its bytes, as a small C library's memset would be."""
    taken = FrameInput(machine.machine, FRAME)
    meter = CostMeter(machine.machine)
    taken.clear()
    words = -(-9 * 11 * 2 // 4)
    assert words < meter.take().instructions < 2.5 * words + 20


def test_a_dense_recording_is_its_frame_and_its_events() -> None:
    recordings = [sent(1, 100), sent(2, 200), sent(2, 200)]
    found = dense_cost(dense(), binned(recordings, FRAME), recordings, M4, "zig")
    few, many, again = found.recordings
    frame, padded = 9 * 11 * 2, 2 * 11 * 13 * 2  # counts of a byte; taps of two bytes
    assert found.ram == -(-frame // 4) * 4 + sum(buffers(dense().network, dsp=True).values())
    assert found.ram > frame + padded
    assert many == again
    assert few.answer == many.answer  # whatever the frame holds
    assert many.direct.instructions - few.direct.instructions > 100 * 10
    assert many.stream.instructions - few.stream.instructions > 100 * 10
    assert few.waited_us == recordings[0]["t"][-1] - recordings[0]["t"][0]
    assert few.direct.instructions < few.direct.cycles["cortex-m4"]


def test_other_bits_are_found() -> None:
    recordings = [sent(1, 100)]
    others = binned([sent(2, 100)], FRAME)
    with pytest.raises(CheckFailedError, match="r0: the frame in C differs from the binned one"):
        dense_cost(dense(), others, recordings, M4, "zig")
    with pytest.raises(CheckFailedError, match="r0: the C differs from the runtime in steps or outputs"):
        spiking_cost(spiking(), binned([sent(2, 100)], GRID), recordings, M4, "zig")


def test_repeats_cost_the_spiking_network_too_and_an_early_answer_saves_steps() -> None:
    events = sent(1, 300)
    once = binned([events], GRID)
    found = [spiking_cost(spiking(margin), once, [events], M4, "zig") for margin in (None, 1)]
    whole, early = (each.recordings[0] for each in found)
    assert (whole.waited_us, early.waited_us) == (STEPS * DT_US, DT_US)
    assert early.direct.instructions < whole.direct.instructions
    assert early.stream.instructions < whole.stream.instructions
    counted = measure(spiking(), once, M4, sent=[events]).ways
    for way, cost in (
        ("sent", whole.direct),
        ("stream", whole.stream),
    ):  # which leave out the start of a recording
        reset = cost.instructions - counted[way].mean * STEPS
        assert 100 < reset < 3000
    assert whole.answer.instructions < counted["sent"].max
    distinct, repeated = int(once.counts.sum()), len(events)
    assert repeated > 2 * distinct
    saved = (counted["sent"].mean - counted["unique"].mean) * STEPS
    assert saved > 5 * (repeated - distinct)
    assert found[0].ram > 0
    assert found[0].flash > 252 * 2 + 72
