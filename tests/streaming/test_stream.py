"""Decisions on a stream are those of the oracle that the C stream is held to, whatever the bursts."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.model.modelfile import load
from edge_sast.runtime.simulator import Simulator
from edge_sast.streaming.stream import EventStream
from tests.firmware_gen.c.test_stream import MODELS, cases
from tests.firmware_gen.stream_oracle import BACK_TO_BACK, ON_EVENT, RUNNING, WRAP, StreamOracle
from tests.strategies import binned


class EveryStep(StreamOracle):
    """The oracle, which says the result of every step and not only of complete windows."""

    def _step(self) -> None:
        self.session.closed += 1
        self.session.opened = False
        self.result()
        self.decisions += self._is_decision()
        self._rest()


def _lines(decisions) -> list[str]:
    rows = zip(
        decisions.begin_us.tolist(),
        decisions.steps.tolist(),
        decisions.lane.tolist(),
        decisions.classes.tolist(),
        decisions.outputs.tolist(),
        strict=True,
    )
    return [" ".join(map(str, ("result", begin % WRAP, *rest, *outputs))) for begin, *rest, outputs in rows]


@settings(max_examples=150)
@given(name=st.sampled_from(sorted(MODELS)), data=st.data())
def test_every_step_is_the_oracles(name, data):
    model = MODELS[name]
    case = data.draw(cases(model))
    calls = [(verb, value) for verb, value in case.calls if verb in ("push", "advance")]
    oracle = EveryStep(model, case.lanes, case.windows, case.reach)
    stream = EventStream(
        model,
        model.binning.steps // case.lanes if case.windows == BACK_TO_BACK else None,
        case.windows == ON_EVENT,
        case.reach,
        case.windows == RUNNING,
    )
    found = []
    for verb, value in calls:
        if verb == "advance":
            oracle.advance(value)
            found += _lines(stream.advance(value))
            continue
        value = [(t, x, y, min(p, 255)) for t, x, y, p in value if t >= 0]
        for event in value:
            oracle.push(*event)
        cut = data.draw(st.integers(0, len(value)))
        for burst in (value[:cut], value[cut:]):
            found += _lines(stream.push(np.array(burst, EVENT_DTYPE)))
    lines = oracle.lines()
    assert found == [line for line in lines if line.startswith("result")]
    counts = stream.counts
    assert lines[-1] == f"counts {counts.decisions} {counts.late} {counts.outside} {counts.restarts}"


@pytest.mark.parametrize(("now", "late", "restarts"), [(-1000, 1, 0), (-1001, 0, 1)])
def test_a_time_far_back_between_two_windows_on_event_is_a_jump(now, late, restarts):
    """As on a device: the event behind it begins anew, and is late without the jump."""
    model = MODELS["fast"]
    end = 10 + model.binning.steps * model.binning.dt_us
    stream = EventStream(model, on_event=True, reach_us=1000)
    stream.push(np.array([(10, 0, 0, 1)], EVENT_DTYPE))
    stream.advance(end)
    stream.advance(end + now)
    stream.push(np.array([(end - 1, 0, 0, 1)], EVENT_DTYPE))
    counts = stream.counts
    assert (counts.decisions, counts.late, counts.restarts) == (1, late, restarts)
    assert counts.events == 2 - late


def test_a_recording_is_one_window():
    """What `finish` completes is what a recording of these events gives; and rows do not run out."""
    model = load("examples/digits-int8.safetensors")
    grid = model.binning
    rng = np.random.default_rng(3)
    events = np.zeros(3000, EVENT_DTYPE)
    events["t"] = np.sort(rng.integers(0, grid.dt_us * grid.steps * 2 // 3, len(events))) + 77
    events["x"], events["y"] = rng.integers(0, 24, (2, len(events)))
    events["p"] = rng.integers(0, 2, len(events))
    counts = np.zeros((grid.steps, grid.height, grid.width, 2), np.uint8)
    for t, x, y, p in events.tolist():
        place = ((t - int(events["t"][0])) // grid.dt_us, y >> grid.shift, x >> grid.shift, p)
        counts[place] = min(int(counts[place]) + 1, grid.count_cap)
    result = Simulator(model).run(binned(model, [counts]))
    stream = EventStream(model)
    parts = [stream.push(events[:1000]), stream.push(events[1000:]), stream.finish()]
    assert parts[-1].complete.tolist()[-1]
    assert parts[-1].outputs[-1].tolist() == result.outputs[0].tolist()
    assert sum(part.synops.sum() for part in parts) == result.synops.sum()
    assert sum(part.events.sum() for part in parts) == len(events) == stream.counts.events
    assert len(stream.finish()) == 0
    assert stream.counts.decisions == 1


@pytest.mark.parametrize("every", [None, 5])
def test_finish_completes_one_window_and_begins_none(every):
    model = load("examples/nmnist-int8.safetensors")
    dt_us, steps = model.binning.dt_us, model.binning.steps
    event = np.array([(7, 1, 1, 1)], EVENT_DTYPE)
    for silent, left in ((0, steps), (3, steps - 3), (steps - 1, 1), (steps, 0)):
        stream = EventStream(model, every)
        found = [stream.push(event), stream.advance(7 + silent * dt_us)]
        assert [len(part) for part in found] == [0, silent]
        ended = stream.finish()
        assert len(ended) == left
        assert (silent + left, stream.counts.decisions) == (steps, 1)
    stream.push(np.array([(7 + steps * dt_us, 1, 1, 1)], EVENT_DTYPE))
    assert len(stream.finish()) == (every or steps)
    assert stream.counts.decisions == 2


def test_more_steps_than_rows():
    model = MODELS["fast"]
    stream = EventStream(model, reach_us=5000)
    events = np.array([(0, 0, 0, 1), (4500, 0, 0, 1)], EVENT_DTYPE)
    found = stream.push(events)
    assert found.end_us.tolist() == list(range(1, 4501))
    assert len(stream.advance(9000)) == 4500
    assert stream.behind_us(9000) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"every": 3}, "--every 3 does not divide the model's 20 steps; choose 1, 2, 4, 5, 10, 20"),
        ({"every": 0}, "--every 0 does not divide the model's 20 steps; choose 1, 2, 4, 5, 10, 20"),
        ({"every": 5, "on_event": True}, "--every 5 and --on-event do not go together; leave one out"),
        (
            {"reach_us": 10},
            "--reach-ms 0.01 is out of range; choose from a step's 15 ms to 2147483",
        ),
    ],
)
def test_values_that_cannot_be(options, message):
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        EventStream(load("examples/nmnist-int8.safetensors"), **options)
