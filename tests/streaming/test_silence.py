"""Time without events: steps end by the clock of this computer, here one that tests move, and nothing else does."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.model.modelfile import load
from edge_sast.streaming.session import Session, Wishes
from edge_sast.streaming.silence import Silence
from edge_sast.streaming.stream import EventStream
from tests.streaming.sends import SIDE, source_of

MODEL = load("examples/nmnist-int8.safetensors")
DT_US = MODEL.binning.dt_us  # 15,000; 20 steps make a window
NONE = np.empty(0, EVENT_DTYPE)


def at(*times, x=1):
    """Events at these times, in µs."""
    return np.array([(t, x, 1, 1) for t in times], EVENT_DTYPE)


class Clock:
    """Stands still, until a source moves it."""

    def __init__(self):
        self.now = 0.0
        self._session = threading.current_thread()
        self._looks = threading.Semaphore(0)

    def __call__(self):
        if threading.current_thread() is self._session:
            self._looks.release()
        return self.now

    def move(self, now):
        """When the session has done all that there was to do before it."""
        self.settle()
        self.now = now
        self.settle()

    def settle(self):
        """Wait until the session has done all that there is to do."""
        while self._looks.acquire(blocking=False):
            pass
        for _ in range(6):  # of which a turn of the session takes 3 at most
            assert self._looks.acquire(timeout=60)


def watched(wishes, *parts):
    """(session, steps that were computed after each part, all rows) of (moment in s, events that come then)."""
    clock, steps = Clock(), []
    session = Session(MODEL, wishes, clock)

    def come():
        for moment, events in parts:
            clock.move(moment)
            yield events
            clock.settle()
            steps.append(session.steps)

    found = [answered.decisions for answered in session.run(replace(source_of(), chunks=come()))]
    return session, steps, rows_of(found)


def rows_of(found):
    return [
        row
        for part in found
        for row in zip(part.end_us.tolist(), part.events.tolist(), part.outputs.tolist(), strict=True)
    ]


@pytest.mark.parametrize("slack_us", [900_000, 1_500_000])
def test_a_slack_may_be_longer_than_a_jump(slack_us):
    """Its first second is no time that goes back: what came before a pause and behind it is of one window."""
    parts = (at(0, 40_000), at(70_000, 100_000))
    pause = slack_us * 1e-6 - 0.001
    session, steps, rows = watched(
        Wishes(slack_us=slack_us), (0, parts[0]), (pause / 2, NONE), (pause, NONE), (pause, parts[1])
    )
    assert steps == [2, 2, 2, 6]
    counts = session.stream.counts
    assert (counts.events, counts.late, counts.restarts) == (4, 0, 0)
    whole = EventStream(MODEL)
    assert rows == rows_of([whole.push(np.concatenate(parts)), whole.finish()])


@pytest.mark.parametrize(
    ("refused", "which"),
    [
        (at(100_000_000, x=5000), "outside"),
        (at(0, x=SIDE), "outside"),
        (at(300_000), "late"),
    ],
)
def test_a_refused_event_is_no_time(refused, which):
    """50 ms behind the last that counted, at 900,000 µs, come 0.2 s: 10 steps of them are over."""
    session, steps, _ = watched(
        Wishes(slack_us=50_000), (0, at(0, 900_000)), (0.02, refused), (0.2, NONE), (0.25, refused)
    )
    assert steps == [60, 60, 70, 73]
    counts = session.stream.counts
    assert (counts.events, counts.restarts, getattr(counts, which)) == (2, 0, 2)


def test_steps_end_though_refused_events_never_pause(monkeypatch):
    monkeypatch.setattr(Session, "_patience", lambda *_: 60.0)  # so that no pause is ever seen
    clock = Clock()
    session, taken = Session(MODEL, Wishes(slack_us=50_000), clock), threading.Event()

    def come():
        yield at(0)
        assert taken.wait(60)
        for i in range(1, 11):
            clock.now = 0.02 * i
            yield at(20_000 * i, x=SIDE)

    turns = session.run(replace(source_of(), chunks=come()))
    next(turns)
    taken.set()
    steps = [len(answered.decisions) for answered in turns]
    assert sum(steps[:-1]) == 10  # by the clock: to 0.15 s
    assert steps[-1] == 10  # the source ended


def test_a_computer_that_stands_still_is_no_jump():
    """5 s at once: a process that was stopped, or one that computes slower than time goes."""
    session, steps, _ = watched(Wishes(slack_us=50_000), (0, at(0, 1000)), (5.0, NONE), (5.0, at(4_990_000)))
    assert steps == [0, 330, 332]
    counts = session.stream.counts
    assert (counts.events, counts.late, counts.restarts) == (3, 0, 0)


def test_silence_begins_with_the_last_of_what_came_together():
    """Two pieces a second apart, which wait for the session and are taken as one."""
    clock = Clock()
    session = Session(MODEL, Wishes(slack_us=50_000), clock)
    busy, waiting, steps = threading.Event(), threading.Event(), []

    def come():
        yield at(0)
        assert busy.wait(60)
        for moment, events in ((1.0, at(1000)), (2.0, at(2000))):
            clock.now = moment
            yield events
        waiting.set()
        clock.move(2.04)
        steps.append(session.steps)
        yield at(3000)

    turns = session.run(replace(source_of(), chunks=come()))
    next(turns)
    busy.set()
    assert waiting.wait(60)
    for _ in turns:
        pass
    assert steps == [0]
    assert (session.stream.counts.events, session.stream.counts.late) == (4, 0)


def test_what_the_slack_leaves():
    assert Silence(None).over_us(9.0) is None
    silence = Silence(50_000)
    assert silence.over_us(9.0) is None  # no event has come
    silence.ended(1_000_000, 3.0)
    assert silence.over_us(3.05) is None
    assert silence.over_us(3.06) == 1_010_000
    silence.ended(5, 4.0)  # a new stream, of another clock
    assert silence.over_us(4.07) == 20_005
