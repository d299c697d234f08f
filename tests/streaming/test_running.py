"""Running state: what docs/arithmetic.md says of it, in plain Python on a network that is never reset."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.model.layers import Flatten, Integrator, Lif, Linear
from edge_sast.model.model import Model
from edge_sast.model.modelfile import load
from edge_sast.model.running import MAX_LEAK, forgets, running_model, usual_leak
from edge_sast.streaming.session import Session, Wishes
from edge_sast.streaming.stream import EventStream
from tests.firmware_gen.builds import small_model
from tests.oracle import oracle_run
from tests.strategies import models, random_input
from tests.streaming.sends import some_events, source_of


def slow_outputs(model: Model, leak: int, frames: np.ndarray) -> list[list[int]]:
    """After each step: of the model as it is, whose read-out is leaked here and not there."""
    neuron = model.layers[-1].neuron
    steps = [step.layers[-1] for step in oracle_run(model, frames).steps] if len(frames) else []
    if not isinstance(neuron, Integrator):
        gains = [[spike << leak for spike in step.spikes] for step in steps]
        out, low, high = [0] * len(model.classes), 0, 1 << 2 * leak
    else:
        before = [neuron.initial.tolist(), *(step.membranes for step in steps)]
        gains = [
            [
                u - (v - sum(v >> k for k in neuron.leak_shifts))
                for u, v in zip(step.sums, membranes, strict=True)
            ]
            for step, membranes in zip(steps, before, strict=False)
        ]
        out, high = neuron.initial.tolist(), (1 << (neuron.state_bits - 1)) - 1
        low = -high - 1
    found = []
    for gain in gains:
        out = [o - (o >> leak) + g for o, g in zip(out, gain, strict=True)]
        if isinstance(neuron, Integrator):
            out = [min(max(o, low), high) for o in out]
        assert all(low <= o <= high for o in out)  # a leaky count needs no saturation
        found.append(out)
    return found


def events_of(model: Model, frames: np.ndarray, begin: int) -> np.ndarray:
    """EVENT_DTYPE: each count of [T, H, W, 2] as events anywhere in its step; of step 0 one at its begin."""
    grid, rng, rows = model.binning, np.random.default_rng(begin), []
    for step, frame in enumerate(frames):
        for y, x, p in np.argwhere(frame):
            late = rng.integers(0, grid.dt_us, frame[y, x, p])
            rows += [
                (begin + step * grid.dt_us + after, x << grid.shift, y << grid.shift, p) for after in late
            ]
    events = np.array(sorted(rows), EVENT_DTYPE)
    events["t"][:1] = begin
    return events


@settings(max_examples=120)
@given(model=models(), leak=st.integers(1, MAX_LEAK), seed=st.integers(0, 1 << 31))
def test_every_step_is_the_definitions(model, leak, seed):
    rng = np.random.default_rng(seed)
    frames = np.concatenate([random_input(rng, model) for _ in range(3)])
    busy = frames.reshape(len(frames), -1).any(axis=1)
    frames = frames[busy.argmax() :] if busy.any() else frames[:0]
    events = events_of(model, frames, int(rng.integers(0, 1000)))
    stream = EventStream(running_model(model, leak), running=True)
    parts = [stream.push(burst) for burst in np.array_split(events, 4)]
    if len(events):
        parts.append(stream.advance(int(events["t"][0]) + len(frames) * model.binning.dt_us))
    outputs = [row for part in parts for row in part.outputs.tolist()]
    assert outputs == slow_outputs(model, leak, frames)
    assert [c for part in parts for c in part.classes.tolist()] == [row.index(max(row)) for row in outputs]
    assert [n for part in parts for n in part.steps.tolist()] == list(range(1, len(frames) + 1))
    assert all(part.complete.all() for part in parts)
    assert stream.counts.decisions == len(frames)


@pytest.mark.parametrize("leak", [1, 2, 5, 8, 9])
def test_a_count_of_spikes_at_every_step_stays_in_its_bounds(leak):
    neuron = Lif([1, 1], [1, -1], [0, 0], (), "zero", 8)
    model = running_model(
        Model(small_model().binning, (Flatten(), Linear(np.zeros((32, 2), int), 8, neuron)), "ab"), leak
    )
    stream = EventStream(model, running=True)
    stream.push(np.array([(0, 0, 0, 1)], EVENT_DTYPE))
    end = (20 << leak) * model.binning.dt_us
    outputs = np.concatenate([stream.advance(t).outputs for t in range(10_000, end, 10_000)])
    assert outputs[0].tolist() == [1 << leak, 0]
    assert outputs.max() == outputs[-1, 0] == (1 << 2 * leak)
    assert (outputs[:, 1] == 0).all()


def test_the_leak_is_the_models_own_or_follows_from_its_steps():
    model = load("examples/nmnist-int8.safetensors")
    assert not forgets(model)
    assert usual_leak(model) == 3  # 20 steps
    leaky = running_model(model)
    assert leaky.layers[-1].neuron.leak_shifts == (3,)
    assert running_model(leaky) is leaky
    assert running_model(leaky, 6).layers[-1].neuron.leak_shifts == (6,)
    for steps, leak in ((1, 1), (2, 1), (7, 1), (8, 2), (100, 5), (65_535, MAX_LEAK)):
        assert usual_leak(replace(model, binning=replace(model.binning, steps=steps))) == leak
    for leak in (0, MAX_LEAK + 1):
        with pytest.raises(EdgeSastError, match=rf"^--leak {leak} is out of range; choose 1 to {MAX_LEAK}$"):
            running_model(model, leak)


def test_spikes_of_too_many_classes_are_refused():
    n = 4097
    neuron = Lif(np.ones(n, int), np.zeros(n, int), np.zeros(n, int), (), "zero", 8)
    model = Model(
        small_model().binning,
        (Flatten(), Linear(np.ones((32, n), int), 8, neuron)),
        tuple(map(str, range(n))),
    )
    message = "model: its read-out counts spikes of 4097 classes; with a leak at most 4096 are counted: train it with "
    with pytest.raises(EdgeSastError, match=re.escape(message)):
        running_model(model)


@pytest.mark.parametrize("more", [{"every": 5}, {"on_event": True}])
def test_windows_and_running_state_do_not_go_together(more):
    name = "--every 5" if "every" in more else "--on-event"
    with pytest.raises(EdgeSastError, match=f"^--running and {name} do not go together; leave one out$"):
        EventStream(running_model(load("examples/nmnist-int8.safetensors")), running=True, **more)


def test_a_session_in_running_state():
    """It ends with the running step, and what is counted names no windows."""
    model = load("examples/nmnist-int8.safetensors")
    dt_us = model.binning.dt_us
    session = Session(model, Wishes(running=True, leak=3))
    events = np.concatenate([some_events(900, 50 * dt_us), some_events(9, dt_us, 90_000_000)])
    found = [answered.decisions for answered in session.run(source_of(*np.array_split(events, 5)))]
    steps = np.concatenate([part.steps for part in found]).tolist()
    assert steps == [*range(1, 50), 1]  # the running step at the jump is given up
    assert session.model.layers[-1].neuron.leak_shifts == (3,)
    assert session.figures()["windows"] is None
    assert session.lines()[0].startswith("50 steps, ")
    assert session.lines()[-1] == "time jumped (1 x), and the network began anew"
