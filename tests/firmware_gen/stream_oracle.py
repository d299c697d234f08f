"""What a stream must do, in plain Python with times that never wrap: the oracle for sast_stream.c.

It keeps every event of a recording with the number of its step, (t - start) // dt_us, and looks at nothing else: which
windows there are, and what a step of one holds, follows from those numbers. What a window gives is asked of the runtime
once all is known.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from edge_sast.model.layers import Integrator
from edge_sast.model.model import Model
from edge_sast.runtime.simulator import Simulator, Trace
from tests.strategies import binned

BACK_TO_BACK, ON_EVENT, RUNNING = 0, 1, 2
WRAP = 1 << 32


@dataclass
class Session:
    """Events from one start to the next restart. start: µs of step 0; closed: steps computed."""

    start: int
    closed: int = 0
    opened: bool = False  # the running step has an event
    events: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)  # by step


@dataclass(frozen=True)
class Step:
    """A computed step, to be told with the CRC of each window that was running."""

    session: Session
    number: int


@dataclass(frozen=True)
class Result:
    """A read-out of `steps` steps of the window that begins with step `first`."""

    session: Session
    first: int
    steps: int
    lane: int


class StreamOracle:
    """One stream. Its methods are those of sast_stream.h; `lines` says what programs/stream.c says."""

    def __init__(self, model: Model, lanes: int, windows: int, reach: int) -> None:
        self.model, self.lanes, self.windows, self.reach = model, lanes, windows, reach
        self.stride = model.binning.steps // lanes
        self.session = Session(0)
        self.phase = "waiting"
        self.told: list[Step | Result | str] = []
        self.decided: dict[tuple[int, int], Session] = {}  # windows told, by session (its id) and first step
        self.pushed = self.decisions = self.late = self.outside = self.restarts = 0

    def push(self, t: int, x: int, y: int, polarity: int) -> None:
        grid = self.model.binning
        number = self.pushed
        self.pushed += 1
        if x >= grid.sensor_width or y >= grid.sensor_height or polarity > 1:
            self.outside += 1
            self.told.append(f"outside {number}")
            return
        while self._place(t) == "ahead":
            self._step()
        if self._place(t) == "late":
            self.late += 1
            self.told.append(f"late {number}")
            return
        if self._place(t) == "jumped":
            self.told.append(f"restarted {number}")
            self.restart()
        if self.phase != "running":
            self._begin(t)
        self.session.opened = True
        step = (t - self.session.start) // grid.dt_us
        self.session.events.setdefault(step, []).append((x >> grid.shift, y >> grid.shift, polarity))

    def advance(self, now: int) -> None:
        while self._place(now) == "ahead":
            self._step()
        if self._place(now) == "jumped":
            self.told.append(f"restarted {self.pushed}")
            self.restart()
        if self.phase == "resting" and now - self._running_since() > self.reach:
            self.phase = "waiting"

    def start(self, t: int) -> None:
        self.restart()
        self._begin(t)

    def restart(self) -> None:
        self.restarts += 1
        self.phase = "waiting"

    def behind(self, now: int) -> None:
        waiting = now - self._running_since() if self.phase == "running" else 0
        self.told.append(f"behind {max(0, waiting)}")

    def result(self) -> None:
        steps = [self._steps_of(lane) for lane in range(self.lanes)]
        lane = steps.index(max(steps))
        self.told.append(Result(self.session, self.session.closed - steps[lane], steps[lane], lane))

    def lines(self) -> list[str]:
        """All that was told, with the CRCs and outputs that the runtime gives for its windows."""
        traces = self._traces()
        return [
            *(thing if isinstance(thing, str) else self._line(thing, traces) for thing in self.told),
            f"counts {self.decisions} {self.late} {self.outside} {self.restarts}",
        ]

    def _running_since(self) -> int:
        return self.session.start + self.session.closed * self.model.binning.dt_us

    def _place(self, t: int) -> str:
        distance = t - self._running_since()
        if self.phase == "waiting" or (self.phase == "resting" and distance >= 0):
            return "free"
        if 0 <= distance < self.model.binning.dt_us:
            return "inside"
        if abs(distance) > self.reach:
            return "jumped"
        return "ahead" if distance > 0 else "late"

    def _begin(self, t: int) -> None:
        self.session = Session(t)
        self.phase = "running"

    def _step(self) -> None:
        self.told.append(Step(self.session, self.session.closed))
        self.session.closed += 1
        self.session.opened = False
        if self._is_decision():
            self.decisions += 1
            self.result()
        self._rest()

    def _rest(self) -> None:
        """Where the time of a window on event has passed."""
        if self.windows == ON_EVENT and self._steps_of(0) == self.model.binning.steps:
            self.phase = "resting"

    def _is_decision(self) -> bool:
        """Whether the window that began first is over, and was not told before."""
        if self.windows == RUNNING:
            return True
        steps = max(self._steps_of(lane) for lane in range(self.lanes))
        window = id(self.session), self.session.closed - steps
        if window in self.decided or not self._is_over(window[1], steps):
            return False
        self.decided[window] = self.session
        return True

    def _is_over(self, first: int, steps: int) -> bool:
        """Whether the window that begins with step `first` has no other step after so many."""
        if steps == self.model.binning.steps:
            return True
        if self.model.early_margin is None:
            return False
        longer = replace(self.model, binning=replace(self.model.binning, steps=steps + 1))
        counts = self._counts(self.session, first)[: steps + 1]
        counts[steps] = 0
        return len(Simulator(longer).trace(binned(longer, [counts]), 0).crcs) <= steps

    def _steps_of(self, lane: int) -> int:
        """Steps that a lane has computed of its window; a complete one counts until the next step has begun."""
        since = self.session.closed - lane * self.stride
        if self.windows == RUNNING:
            return since
        if since <= 0:
            return 0
        done = since % self.model.binning.steps
        return self.model.binning.steps if done == 0 and not self.session.opened else done

    def _windows_at(self, step: int) -> list[int]:
        """First steps of the windows that run in a step, lane by lane."""
        if self.windows == RUNNING:
            return [0]
        steps = self.model.binning.steps
        firsts = range(0, self.stride * self.lanes, self.stride)
        return [step - (step - first) % steps for first in firsts if first <= step]

    def _traces(self) -> dict[tuple[int, int], Trace]:
        """By session (its id) and first step."""
        wanted: dict[tuple[int, int], Session] = {}
        for thing in self.told:
            if isinstance(thing, Step):
                wanted |= {(id(thing.session), w): thing.session for w in self._windows_at(thing.number)}
            elif isinstance(thing, Result):
                wanted[(id(thing.session), thing.first)] = thing.session
        traces = {}
        for (_, first), session in wanted.items():
            counts = self._counts(session, first)
            model = replace(self.model, binning=replace(self.model.binning, steps=len(counts)))
            traces[id(session), first] = Simulator(model).trace(binned(model, [counts]), 0)
        return traces

    def _counts(self, session: Session, first: int) -> np.ndarray:
        """Of a window; in running state of the whole session."""
        grid = self.model.binning
        steps = max(session.closed, 1) if self.windows == RUNNING else grid.steps
        counts = np.zeros((steps, grid.height, grid.width, 2), np.uint8)
        for step in range(steps):
            for x, y, polarity in session.events.get(first + step, ()):
                place = (step, y, x, polarity)
                counts[place] = min(int(counts[place]) + 1, grid.count_cap)
        return counts

    def _line(self, thing: Step | Result, traces: dict[tuple[int, int], Trace]) -> str:
        if isinstance(thing, Step):
            parts = ["step"]
            for first in self._windows_at(thing.number):
                crcs = traces[id(thing.session), first].crcs
                local = min(thing.number - first, len(crcs) - 1)  # a window that ended early stays as it is
                parts.append(f"{local + 1} {crcs[local]:08x}")
            return " / ".join(parts)
        trace = traces[id(thing.session), thing.first]
        steps = min(thing.steps, len(trace.crcs))
        outputs = self._outputs(trace, steps)
        start = thing.session.start + thing.first * self.model.binning.dt_us
        answer = outputs.index(max(outputs))
        return " ".join(map(str, ("result", start % WRAP, steps, thing.lane, answer, *outputs)))

    def _outputs(self, trace: Trace, steps: int) -> list[int]:
        last, neuron = trace.layers[-1], self.model.layers[-1].neuron
        if not isinstance(neuron, Integrator):
            return trace.spikes[:steps, last.start : last.stop].sum(axis=0, dtype=int).tolist()
        return (trace.membranes[steps - 1, last.start :] if steps else neuron.initial).tolist()
