"""The thread of one port: it takes recordings, runs and compares them, and opens the port again when it fails."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import islice

from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.hil.connection import Connection, WrongModelError
from edge_sast.hil.locate import first_difference, locate
from edge_sast.hil.outcome import Outcome
from edge_sast.hil.schedule import Schedule
from edge_sast.link.event_payload import recording_steps
from edge_sast.link.messages import BadLineError, BoardRefusedError, BoardRun, StepEvents
from edge_sast.parity.mismatch import Mismatch, Place
from edge_sast.runtime.simulator import Simulator, Trace

CHECKS = {"both": (False, True), "crc": (True,), "result": (False,)}  # which runs are observed
# Of so many recordings one runs without repeats too: what these cost, for few bytes on the wire.
UNIQUE_EVERY = 8
# Before a port is opened again: a board that restarts on USB is back after a second or two.
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 8.0
HOPELESS = (WrongModelError, BoardRefusedError, BadLineError)  # trying again will not help


@dataclass(frozen=True)
class Plan:
    """What to do with each recording, and with failures.

    check: which runs are made of it: `result`, without an observer, gives outputs, counters and ticks; `crc` observes
    every membrane; `both`. retries: how often in a row a port, and how often in all a recording, may fail. fail_fast:
    stop at the first mismatch. steps: of the model on the board; None: as many as the recordings have. due: in real
    time, seconds from the start at which each recording's events are all there; it is not run before, and once only.
    """

    check: str = "both"
    retries: int = 5
    fail_fast: bool = False
    steps: int | None = None
    due: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.check not in CHECKS:
            raise EdgeSastError(f"--check is {self.check!r}; choose {', '.join(CHECKS)}")
        if self.retries < 0:
            raise EdgeSastError(f"--retries is {self.retries}; give 0 or more")
        if self.due and len(CHECKS[self.check]) > 1:
            raise EdgeSastError(
                f"--real-time: --check {self.check} runs everything twice; choose result or crc"
            )


@dataclass(frozen=True)
class Failed:
    """An attempt that failed. recording: None where the port could not even be opened again.

    aside: the recording will not be tried again. lost: why the port will not, None where it will.
    """

    port: str
    recording: int | None
    reason: str
    aside: bool
    lost: str | None


@dataclass(frozen=True)
class Notice:
    """How it goes on a port where it does not go well."""

    port: str
    text: str


class Ended:
    """A port's thread is done."""


Event = Outcome | Failed | Notice | Ended | BaseException


class Search:
    """Who may search a mismatch down to the neuron: one at a time, until one has found it."""

    def __init__(self, found: bool) -> None:
        self._claimed, self._lock = found, threading.Lock()

    def claim(self) -> bool:
        with self._lock:
            claimed, self._claimed = self._claimed, True
            return not claimed

    def release(self) -> None:
        with self._lock:
            self._claimed = False


class Worker(threading.Thread):
    """The thread of one port."""

    def __init__(
        self,
        connection: Connection,
        simulator: Simulator,
        binned: BinnedEvents,
        plan: Plan,
        schedule: Schedule,
        events: queue.Queue[Event],
        search: Search,
        sent: BinnedEvents | None = None,
    ) -> None:
        super().__init__(name=f"hil {connection.name}", daemon=True)
        self.connection, self.simulator, self.binned = connection, simulator, binned
        self.plan, self.schedule, self.events, self.search = plan, schedule, events, search
        self.sent = sent

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # an error of this program: it is raised again in the main thread
            self.events.put(error)
        finally:
            self.connection.close()
            self.events.put(Ended())

    def _work(self) -> None:
        """Recordings until none is left, or the port is lost."""
        reasons: list[str] = []  # of the failures since something went well
        taken: deque[int] = deque()  # recordings that are under way, the one whose result comes next first
        self.connection.line.say = lambda text: self.events.put(
            Notice(self.connection.name, self._where(taken[0] if taken else None) + text)
        )
        while not self.schedule.ended:
            try:
                self.connection.open()
                self.connection.check_shape(self.simulator, self.plan.steps)
                first = self.schedule.take()
                if first is None:
                    return
                taken.append(first)
                self._measure(taken, reasons)
            except (EdgeSastError, OSError) as error:
                if self.schedule.stopped:
                    return
                self._put_back(taken)
                recording = taken.popleft() if taken else None
                reasons.append(self._reason(recording, error))
                if self._fail(recording, reasons, isinstance(error, HOPELESS)):
                    return
                self.schedule.wait_ended(min(FIRST_WAIT_S * 2 ** (len(reasons) - 1), LONGEST_WAIT_S))

    def _put_back(self, taken: deque[int]) -> None:
        """All but the first, in their order."""
        while len(taken) > 1:
            self.schedule.put_back(taken.pop())

    def _reason(self, recording: int | None, error: Exception) -> str:
        text = " ".join(str(error).split()).removeprefix(f"--port {self.connection.name}: ")
        return self._where(recording) + text

    def _where(self, recording: int | None) -> str:
        return "" if recording is None else f"recording {recording} ({self.binned.sources[recording]}): "

    def _fail(self, recording: int | None, reasons: list[str], hopeless: bool) -> bool:
        """Closes the port and hands the recording back; True where the port is given up."""
        self.connection.close()
        aside = recording is not None and not self.schedule.give_back(recording, self.plan.retries)
        lost = None
        if hopeless or len(reasons) > self.plan.retries:
            more = f"; {len(reasons)} failures in a row, the last: {reasons[-1]}" if reasons[1:] else ""
            lost = reasons[0] + more
        self.events.put(Failed(self.connection.name, recording, reasons[-1], aside, lost))
        return lost is not None

    def _measure(self, taken: deque[int], reasons: list[str]) -> None:
        """Recordings one after the other, each an outcome as soon as it is proved, until none is ready.

        After an error the first of `taken` is the one that failed. reasons: emptied when something went well.
        """
        with contextlib.closing(self.connection.link.runs_of(self._requests(taken))) as runs:
            while taken and not self.schedule.stopped:
                outcome = self._compare(taken, runs)
                reasons.clear()
                if outcome.mismatch is not None and self.plan.fail_fast:
                    self.schedule.stop()
                self.events.put(outcome)
                self.schedule.finish(taken.popleft())

    def _requests(self, taken: deque[int]) -> Iterator[tuple[list[StepEvents], bool]]:
        """The runs of the recording that is taken, and of others as the board gets free for them."""
        recording: int | None = taken[0]
        while recording is not None:
            yield from self._runs(recording)
            recording = self.schedule.take_ready()
            if recording is not None:
                taken.append(recording)

    def _runs(self, recording: int) -> list[tuple[list[StepEvents], bool]]:
        """A recording's runs: events, and whether observed.

        Without an observer, which takes time, all events as the sensor sent them; with one those that count.
        """
        unique = recording_steps(self.binned, recording)
        if self.sent is None:
            return [(unique, observed) for observed in CHECKS[self.plan.check]]
        sent = recording_steps(self.sent, recording)
        runs = [(unique if observed else sent, observed) for observed in CHECKS[self.plan.check]]
        return [*runs, (unique, False)] if self._also_unique(recording) else runs

    def _also_unique(self, recording: int) -> bool:
        """Whether a last run, not observed, has the events that count."""
        shown = self.sent is not None and self.plan.check != "crc" and not self.plan.due
        return shown and recording % UNIQUE_EVERY == 0

    def _compare(self, taken: deque[int], runs: Generator[BoardRun, None, None]) -> Outcome:
        """The next recording's runs, compared, and searched where it is the first that differs."""
        recording = taken[0]
        count = len(CHECKS[self.plan.check]) + self._also_unique(recording)
        found = list(islice(runs, count))
        late = self.schedule.late(recording)
        expected = self.simulator.trace(self.binned.select([recording]), 0)
        place = Place(recording, self.binned.sources[recording])
        mismatch, located = first_difference(place, expected, found), False
        if mismatch is not None and self.search.claim():
            runs.close()  # those after it come again: the link is needed for the search
            self._put_back(taken)
            mismatch, located = self._locate(expected, place, mismatch)
        return self._outcome(place, found, mismatch, located, late)

    def _locate(self, expected: Trace, place: Place, mismatch: Mismatch) -> tuple[Mismatch, bool]:
        located = False
        # A CRC is that of the events that count; where all of these agree, the others may show it.
        shown = self.binned if self.sent is None or mismatch.quantity == "crc" else self.sent
        steps = recording_steps(shown, place.sample)
        try:
            mismatch, located = locate(self.connection.link, steps, expected, place, mismatch)
        finally:
            if not located:
                self.search.release()
        return mismatch, located

    def _outcome(
        self, place: Place, runs: list[BoardRun], mismatch: Mismatch | None, located: bool, late: float | None
    ) -> Outcome:
        first, info = runs[0], self.connection.info
        unique = first if self.sent is None else runs[-1] if self._also_unique(place.sample) else None
        timed = info.ticks_kind != "none" and self.plan.check != "crc"
        return Outcome(
            index=place.sample,
            source=place.source,
            port=self.connection.name,
            board=info.name,
            clock=info.ticks_kind,
            clock_hz=info.ticks_hz,
            prediction=int(first.prediction),
            outputs=tuple(first.outputs.tolist()),
            synops=tuple(first.synops.tolist()),
            spikes=tuple(first.spikes.tolist()),
            steps=len(first.ticks),
            ticks=tuple(first.ticks.tolist()) if timed and self.sent is not None else (),
            unique_ticks=tuple(unique.ticks.tolist()) if timed and unique is not None else (),
            seconds=first.seconds,
            wire_bytes=sum(run.wire_bytes for run in runs),
            retries=self.schedule.failures(place.sample),
            restarts=sum(run.attempts - 1 for run in runs),
            late=late,
            mismatch=mismatch,
            located=located,
        )
