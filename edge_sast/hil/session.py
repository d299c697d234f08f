"""Recordings shared by any number of boards: what fails is tried again, each is counted once."""

from __future__ import annotations

import contextlib
import queue
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from edge_sast.events.binned import BinnedEvents
from edge_sast.hil.connection import Connection
from edge_sast.hil.outcome import Outcome
from edge_sast.hil.schedule import Schedule
from edge_sast.hil.worker import Ended, Event, Notice, Plan, Search, Worker
from edge_sast.runtime.simulator import Simulator

GOODBYE_S = 5.0  # a thread that is told to stop waits for one read or write of its port at most


@dataclass
class SessionResult:
    """outcomes: by recording, those of a journal included. set_aside: recordings that failed too often, and why.
    lost: ports that were given up, and why. failures: attempts of this session that failed, by port.
    seconds: of this session."""

    outcomes: dict[int, Outcome]
    set_aside: dict[int, str] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


def run_session(
    simulator: Simulator,
    binned: BinnedEvents,
    connections: Sequence[Connection],
    plan: Plan,
    done: Iterable[Outcome] = (),
    on_outcome: Callable[[Outcome], object] = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
    sent: BinnedEvents | None = None,
) -> SessionResult:
    """Run all recordings that are not `done` on the boards, and compare each with the runtime.

    on_outcome: called with each new outcome, in this thread. say: one line about a failure that is being
    mended, or about a bad line.
    Returns when every recording has an outcome or was set aside, or every port is lost. Ports are closed in the end.

    sent: the recordings with all events that the sensor sent, which capped() makes `binned`; None: boards get those of
    `binned`, and ticks leave out what the others cost.

    Raises EdgeSastError as Simulator.trace does, and whatever on_outcome raises.
    """
    result = SessionResult({outcome.index: outcome for outcome in done})
    schedule = Schedule((i for i in range(len(binned)) if i not in result.outcomes), plan.due)
    simulator.trace(binned.select([0]), 0)  # compiles before the threads need it, and checks the binning
    events: queue.Queue[Event] = queue.Queue()
    search = Search(any(outcome.located for outcome in result.outcomes.values()))
    workers = [Worker(c, simulator, binned, plan, schedule, events, search, sent) for c in connections]
    began = time.monotonic()
    try:
        for worker in workers:
            worker.start()
        _collect(len(workers), events, result, on_outcome, say)
    finally:
        schedule.stop()
        for connection in connections:
            connection.stop.set()
        for worker in workers:
            if worker.ident is not None:
                worker.join(GOODBYE_S)
        for connection in connections:
            connection.close()
    result.seconds = time.monotonic() - began
    return result


def _collect(
    running: int,
    events: queue.Queue[Event],
    result: SessionResult,
    on_outcome: Callable[[Outcome], object],
    say: Callable[[str], None],
) -> None:
    """Takes what the threads report until the last of them has ended."""
    while running:
        event = _next(events)
        if isinstance(event, Ended):
            running -= 1
        elif isinstance(event, BaseException):
            raise event
        elif isinstance(event, Outcome):
            result.outcomes[event.index] = event
            on_outcome(event)
        elif isinstance(event, Notice):
            say(f"--port {event.port}: {event.text}")
        else:
            result.failures[event.port] += 1
            say(f"--port {event.port}: {event.reason}; {'given up' if event.lost else 'trying again'}")
            if event.recording is not None and event.aside:
                result.set_aside[event.recording] = event.reason
            if event.lost is not None:
                result.lost[event.port] = event.lost


def _next(events: queue.Queue[Event]) -> Event:
    while True:
        with contextlib.suppress(queue.Empty):  # Windows delivers an interrupt only between two waits
            return events.get(timeout=0.5)
