"""A whole run of a stream: what is decided, counted and told, and what ends it."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from edge_sast.events.binned import BinnedEvents
from edge_sast.events.recording import EVENT_DTYPE, Recording
from edge_sast.events.to_bins import bin_recording
from edge_sast.model.modelfile import load
from edge_sast.runtime.simulator import Simulator
from edge_sast.streaming.pace import paced
from edge_sast.streaming.session import Session, Wishes
from tests.streaming.sends import SIDE, some_events, source_of

MODEL = load("examples/nmnist-int8.safetensors")
GRID = MODEL.binning
WINDOW_US = GRID.dt_us * GRID.steps


def decided(session, source):
    """(end of step, class, complete, outputs) of every step."""
    found = [answered.decisions for answered in session.run(source)]
    return [
        row
        for part in found
        for row in zip(
            part.end_us.tolist(),
            part.classes.tolist(),
            part.complete.tolist(),
            part.outputs.tolist(),
            strict=True,
        )
    ]


def outputs_of_windows(events, begins_us):
    """What recordings give that hold the events of a window and begin where it does."""
    rows = []
    for begin in begins_us:
        inside = events[(events["t"] >= begin) & (events["t"] < begin + WINDOW_US)].copy()
        inside["t"] -= begin
        rows.append(bin_recording(Recording(inside, SIDE, SIDE, "test"), GRID, first_us=0))
    names = [str(begin) for begin in begins_us]
    binned = BinnedEvents.of_rows(GRID, rows, np.zeros(len(rows), np.int64), ("unknown",), names)
    return Simulator(MODEL).run(binned).outputs.tolist()


@pytest.mark.parametrize("every", [None, 10, 4])
def test_windows_are_recordings(every):
    events = some_events(4000, 4 * WINDOW_US - 1, 123)
    steps = decided(Session(MODEL, Wishes(every=every)), source_of(*np.array_split(events, 7)))
    complete = [(end - WINDOW_US, outputs) for end, _, whole, outputs in steps if whole]
    begins = [123 + (every or GRID.steps) * GRID.dt_us * i for i in range(len(complete))]
    assert len(complete) == 3 * (GRID.steps // (every or GRID.steps)) + 1
    assert [begin for begin, _ in complete] == begins
    assert [outputs for _, outputs in complete] == outputs_of_windows(events, begins)
    assert [end for end, *_ in steps] == [123 + GRID.dt_us * (i + 1) for i in range(len(steps))]


def test_the_end_of_a_source_completes_a_window_and_leaving_does_not():
    events = some_events(200, 4 * GRID.dt_us)
    assert len(decided(Session(MODEL, Wishes()), source_of(events))) == GRID.steps
    session = Session(MODEL, Wishes())
    session.stop()
    assert len(decided(session, source_of(events))) == 3  # those before the step of the last event
    assert session.stream.counts.decisions == 0


def test_what_is_counted():
    events = some_events(300, 6 * GRID.dt_us)
    late = events[:4].copy()  # behind events that are steps later
    outside = events[-3:].copy()
    outside["x"] = SIDE
    jump = some_events(50, 1000, 10_000_000)
    session = Session(MODEL, Wishes())
    for _ in session.run(source_of(events, late, outside, jump)):
        pass
    figures = session.figures()
    assert {key: figures[key] for key in ("events", "late", "outside", "restarts", "dropped", "windows")} == {
        "events": 350,
        "late": 4,
        "outside": 3,
        "restarts": 1,
        "dropped": 0,
        "windows": 1,
    }
    assert session.lines()[1:] == [
        "4 events came after their step was over and do not count",
        "3 events lie outside the sensor and do not count",
        "time jumped (1 x), and windows began anew",
    ]


def live(*chunks, then=60.0):
    """A source whose events come as they happen: all at once, then nothing for `then` seconds."""
    ended = threading.Event()

    def come():
        yield from chunks
        ended.wait(then)

    return replace(source_of(), chunks=come(), stop=ended.set, endless=True, prompt=True, slack_us=30_000)


def test_quiet_steps_are_computed_while_nothing_comes():
    """Of a source that is live; and the steps that the clock ended are those that a later event would have ended."""
    events = some_events(100, 2 * GRID.dt_us)
    steps = decided(Session(MODEL, Wishes(for_s=WINDOW_US * 1e-6 + 0.2)), live(events))
    assert len(steps) >= GRID.steps
    assert steps[GRID.steps - 1][2:] == (True, outputs_of_windows(events, [0])[0])


def test_slack_is_how_late_events_may_be():
    """A second burst that comes 0.1 s after the first, though its events are of the next steps."""
    events = some_events(400, 4 * GRID.dt_us)

    def late():
        yield events[:200]
        time.sleep(0.15)
        yield events[200:]

    for slack, lost in ((1000, True), (10_000_000, False), (None, False)):
        session = Session(MODEL, Wishes(slack_us=slack))
        decided(session, replace(source_of(), chunks=late()))
        assert (session.stream.counts.late > 0) is lost
        assert session.stream.counts.late + session.stream.counts.events == 400


def test_idle_time_ends_it():
    session = Session(MODEL, Wishes(idle_s=0.2))
    begun = time.monotonic()
    decided(session, live(some_events(100, 2 * GRID.dt_us)))
    assert 0.2 <= time.monotonic() - begun < 5
    assert session.figures()["events"] == 100


def test_a_time_ends_it_though_events_come():
    ended = threading.Event()

    def endless():
        for begin in range(0, 10**12, 1000):
            if ended.is_set():
                return
            yield some_events(10, 1000, begin)

    session = Session(MODEL, Wishes(for_s=0.2))
    begun = time.monotonic()
    decided(session, replace(source_of(), chunks=endless(), stop=ended.set))
    assert 0.2 <= time.monotonic() - begun < 5
    assert ended.is_set()
    counts = session.stream.counts
    assert counts.events > 0
    assert counts.late == counts.outside == 0
    left = session.figures()["left"]
    assert (left > 0) is any("waited at the end and were left" in line for line in session.lines())


def test_what_is_dropped_is_told_at_once_and_at_the_end():
    bursts = [some_events(1000, 1000, 1000 * i) for i in range(40)]
    session, remarks = Session(MODEL, Wishes(overload="newest", room=1500)), []
    for answered in session.run(source_of(*bursts)):
        remarks += [answered.remark] if answered.remark else []
        time.sleep(0.01)
    assert session.dropped > 0
    assert session.dropped + session.stream.counts.events == 40_000
    assert remarks
    assert remarks[0].startswith("behind: ")
    assert remarks[0].endswith("(--overload newest)")
    assert f"{session.dropped:,} events were dropped (--overload newest)" in session.lines()


@pytest.mark.parametrize(("lossy", "overload"), [(True, "oldest"), (False, "wait")])
def test_what_is_usual_under_overload(lossy, overload):
    session = Session(MODEL, Wishes())
    decided(session, replace(source_of(), lossy=lossy))
    assert session.figures()["overload"] == overload


def test_an_empty_source_decides_nothing():
    session = Session(MODEL, Wishes())
    assert decided(session, source_of(np.empty(0, EVENT_DTYPE))) == []
    assert session.figures()["delay_ms"] == {"median": None, "p99.9": None}


def test_real_time_takes_as_long_and_decides_the_same():
    events = some_events(2000, 20 * GRID.dt_us - 1, 77)
    session = Session(MODEL, Wishes())
    begun = time.monotonic()
    steps = decided(session, paced(source_of(events[:500], events[500:])))
    assert time.monotonic() - begun >= 0.9 * WINDOW_US * 1e-6
    assert steps == decided(Session(MODEL, Wishes()), source_of(events))
    median, most = session.figures()["delay_ms"].values()
    assert 0 < median <= most


def test_a_paced_source_can_be_left_in_a_pause():
    events = some_events(20, 1000)
    events["t"][-1] = 3_600_000_000
    source = paced(source_of(events))
    assert next(source.chunks)["t"][0] == 0
    begun = time.monotonic()
    threading.Timer(0.05, source.stop).start()
    assert list(source.chunks) == []
    assert time.monotonic() - begun < 5
