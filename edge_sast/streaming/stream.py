"""A model on a stream of events: a decision after every step, the same bits as sast_stream.h on a device."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.model.model import Model
from edge_sast.model.running import forgets
from edge_sast.runtime.program import build_program
from edge_sast.runtime.run import new_state
from edge_sast.streaming.kernels import (
    NEWEST,
    OPENED,
    PHASE,
    RUNNING,
    STEP_START,
    TOLD,
    Counting,
    Lanes,
    Rows,
    Rule,
    advance,
    push,
    results_of,
)

USUAL_REACH_US = 1_000_000
MAX_REACH_US = 1 << 31  # what a device's 32 bits of time can tell apart
_ROWS = 1024  # steps computed by one compiled call at most


@dataclass(frozen=True)
class Decisions:
    """What n steps decided, each of the window with the most steps.

    Attributes:
        end_us, begin_us: int64 [n], end of the step, and begin of the window, on the sensor's clock.
        events: int64 [n], events of the step.
        classes: int64 [n], class with the largest output so far; of equals, the lowest.
        steps: int64 [n], steps computed of the window, in running state since the stream began. complete: bool [n],
            all of them, told once of each window; in running state always.
        lane: int64 [n]. outputs: int32 [n, classes], as a recording's of so many steps. synops: int64 [n], of the step,
            of all lanes.
    """

    end_us: NDArray[np.int64]
    begin_us: NDArray[np.int64]
    events: NDArray[np.int64]
    classes: NDArray[np.int64]
    steps: NDArray[np.int64]
    complete: NDArray[np.bool_]
    lane: NDArray[np.int64]
    outputs: NDArray[np.int32]
    synops: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.end_us)


@dataclass(frozen=True)
class StreamCounts:
    """Since the beginning: windows completed (in running state: steps); events late and outside the sensor, which do
    not count in; restarts where time jumped; events that counted."""

    decisions: int
    late: int
    outside: int
    restarts: int
    events: int


class EventStream:
    """One model and its running windows.

    Args:
        model: whose binning says the sensor, the length of a step and the steps of a window.
        every: steps from one decision over a whole window to the next, a divisor of the model's steps; None: windows
            follow one another. Costs steps / every times the work.
        on_event: a window begins with an event, after a rest of any length; not together with `every`.
        running: no windows: the network is reset where the stream begins and where time jumped, and nowhere else. For a
            model whose read-out forgets (running_model); not together with the two above.
        reach_us: a time further from the running step than this is a jump, at which windows start anew.

    Raises:
        EdgeSastError: values that cannot be, or do not go together.
    """

    def __init__(
        self,
        model: Model,
        every: int | None = None,
        on_event: bool = False,
        reach_us: int = USUAL_REACH_US,
        running: bool = False,
    ) -> None:
        self.model = model
        self._rule = _rule(model, every, on_event, reach_us, running)
        self._program = build_program(model)
        self._state = new_state(self._program)
        lanes = self._rule.lanes
        self._lanes = Lanes(
            np.zeros((lanes, len(self._program.initial)), np.int32),
            np.zeros((lanes, len(self._program.initial)), np.uint8),
            np.zeros(lanes, np.int64),
            np.zeros(lanes, np.bool_),
            np.zeros(8, np.int64),
            np.zeros(5, np.int64),
        )
        self._results = results_of(lanes, len(model.classes), len(model.weighted()))
        height, width = model.binning.height, model.binning.width * 2
        self._counting = Counting(
            np.zeros((height, width), np.uint8),
            np.zeros(height, np.bool_),
            np.zeros(height * width, np.int32),
            np.zeros(height * width, np.uint8),
            np.zeros(2, np.int64),
        )
        self._rows = Rows(
            np.zeros((_ROWS, 3), np.int64),
            np.zeros((_ROWS, 4), np.int64),
            np.zeros((_ROWS, len(model.classes)), np.int32),
            np.zeros(_ROWS, np.int64),
            np.zeros(1, np.int64),
        )

    def push(self, events: NDArray[np.void]) -> Decisions:
        """Take EVENT_DTYPE[n] in bursts of any size; the decisions of all steps that are over because of them."""
        if events.dtype != EVENT_DTYPE:
            raise EdgeSastError(f"events are {events.dtype}, not EVENT_DTYPE; build them with make_events")
        found: list[Decisions] = []
        at = 0
        while True:
            at = push(*self._arguments(), events, at, self._rows)
            found.append(self._taken())
            if at == len(events):
                return _joined(found)

    def advance(self, now_us: int) -> Decisions:
        """All events before now_us were pushed: the decisions of the steps that are over by then."""
        found: list[Decisions] = []
        while True:
            done = advance(*self._arguments(), now_us, self._rows)
            found.append(self._taken())
            if done:
                return _joined(found)

    def finish(self) -> Decisions:
        """No more events come: the decisions of the steps that complete the oldest window, computed without any.

        None where it is complete, and no event came after its last step. In running state: of the running step.
        """
        clock, rule, done = self._lanes.clock, self._rule, self._lanes.done
        steps = 0 if rule.running else rule.steps
        found = [self._taken()]
        while clock[PHASE] == RUNNING and (clock[OPENED] or (done.max() < steps and not clock[TOLD])):
            found.append(self.advance(int(clock[STEP_START]) + rule.dt_us))
        return _joined(found)

    @property
    def counts(self) -> StreamCounts:
        """What was decided and what was refused."""
        return StreamCounts(*self._lanes.counts.tolist())

    @property
    def newest_us(self) -> int:
        """Time of the event that counted in last; of none, 0."""
        return int(self._lanes.clock[NEWEST])

    def behind_us(self, now_us: int) -> int:
        """Time from the start of the running step to now_us; 0 where nothing runs, or now_us lies before."""
        clock = self._lanes.clock
        return max(0, now_us - int(clock[STEP_START])) if clock[PHASE] == RUNNING else 0

    def _arguments(self) -> tuple[object, ...]:
        return self._rule, self._program, self._state, self._lanes, self._results, self._counting

    def _taken(self) -> Decisions:
        """The rows that were filled, which are free again."""
        rows = self._rows
        n = int(rows.filled[0])
        rows.filled[0] = 0
        end, begin, events = rows.times[:n].T.copy()
        classes, steps, lane, complete = rows.what[:n].T.copy()
        return Decisions(
            end,
            begin,
            events,
            classes,
            steps,
            complete.astype(np.bool_),
            lane,
            rows.outputs[:n].copy(),
            rows.synops[:n].copy(),
        )


def _rule(model: Model, every: int | None, on_event: bool, reach_us: int, running: bool) -> Rule:
    """Raises EdgeSastError for values that cannot be, or do not go together."""
    grid = model.binning
    if running and (every is not None or on_event):
        other = "--on-event" if every is None else f"--every {every}"
        raise EdgeSastError(f"--running and {other} do not go together; leave one out")
    if running and not forgets(model):
        raise EdgeSastError(
            "--running: the model's read-out never forgets; export the model with --running, which gives it a leak"
        )
    if running and model.early_margin is not None:
        raise EdgeSastError(
            f"--running: the model answers early (margin {model.early_margin}), and running state has no end; "
            "export the model with --running, which leaves the margin out"
        )
    if every is not None and (every < 1 or grid.steps % every):
        divisors = ", ".join(str(n) for n in range(1, grid.steps + 1) if grid.steps % n == 0)
        raise EdgeSastError(
            f"--every {every} does not divide the model's {grid.steps} steps; choose {divisors}"
        )
    if on_event and every not in (None, grid.steps):
        raise EdgeSastError(f"--every {every} and --on-event do not go together; leave one out")
    if not grid.dt_us <= reach_us < MAX_REACH_US:
        raise EdgeSastError(
            f"--reach-ms {reach_us / 1000:g} is out of range; choose from a step's {grid.dt_us / 1000:g} ms to "
            f"{(MAX_REACH_US - 1) // 1000}"
        )
    stride = every or grid.steps
    return Rule(
        width=grid.sensor_width,
        height=grid.sensor_height,
        shift=grid.shift,
        dt_us=grid.dt_us,
        steps=grid.steps,
        count_cap=grid.count_cap,
        stride=stride,
        lanes=grid.steps // stride,
        on_event=on_event,
        running=running,
        reach_us=reach_us,
    )


def _joined(parts: list[Decisions]) -> Decisions:
    if len(parts) == 1:
        return parts[0]
    return Decisions(*(np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])))
