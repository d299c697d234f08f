"""A source, a model and what comes of them: decisions with their answers, and how well the network keeps up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.model.model import Model
from edge_sast.model.running import running_model
from edge_sast.streaming.answers import Answers, margins
from edge_sast.streaming.delays import Delays
from edge_sast.streaming.feed import USUAL_ROOM, Burst, Feed
from edge_sast.streaming.silence import Silence
from edge_sast.streaming.sources import EventSource
from edge_sast.streaming.stream import USUAL_REACH_US, Decisions, EventStream

REMARK_SECONDS = 1.0  # between two lines that tell of being behind
LOOK_SECONDS = 0.1  # how often the clock is looked at while nothing comes, at least
NO_EVENTS = np.empty(0, EVENT_DTYPE)


@dataclass(frozen=True)
class Wishes:
    """What a user wants of a stream; see EventStream, Answers and Feed.

    Attributes:
        running: of the model as running_model makes it, with this leak.
        overload: None is "oldest" where events are lost anyway when nobody takes them, else "wait".
        slack_us: None is the source's.
        idle_s: end when nothing has come for so long. for_s: end after so long.
    """

    every: int | None = None
    on_event: bool = False
    running: bool = False
    leak: int | None = None
    reach_us: int = USUAL_REACH_US
    margin: int = 0
    hold: int = 1
    overload: str | None = None
    room: int = USUAL_ROOM
    slack_us: int | None = None
    idle_s: float | None = None
    for_s: float | None = None


@dataclass(frozen=True)
class Answered:
    """Decisions of some steps.

    answers, margins: int64 [n], see `Answers`; events: EVENT_DTYPE [m] that were taken; remark: a line where the
    network falls behind.
    """

    decisions: Decisions
    answers: np.ndarray
    margins: np.ndarray
    events: np.ndarray
    remark: str | None = None


class Session:
    """One run of a stream. clock: seconds since any moment."""

    def __init__(self, model: Model, wishes: Wishes, clock: Callable[[], float] = time.monotonic) -> None:
        self.model = running_model(model, wishes.leak) if wishes.running else model
        self.wishes = wishes
        self.stream = EventStream(self.model, wishes.every, wishes.on_event, wishes.reach_us, wishes.running)
        self.overload = "wait"
        self.dropped = self.left = self.steps = self.synops = self.most_waiting = 0
        self.seconds = 0.0
        self.delays = Delays()
        self._answers = Answers(wishes.margin, wishes.hold)
        self._stopped, self._clock = False, clock
        self._remarked, self._told = 0.0, 0  # when a remark was made, and the dropped events that it told
        # Compiled, or loaded, before the first event comes: else those of the first seconds would wait or be lost.
        self.stream.push(NO_EVENTS)
        self.stream.advance(0)

    def stop(self) -> None:
        """Ends `run` after the events that it has taken; from a handler of a signal, or from another thread."""
        self._stopped = True

    def run(self, source: EventSource) -> Iterator[Answered]:
        """Answers as they come, until the source ends or the wishes say so.

        The last window is completed where the source ends, as a recording is; not where it is left.
        """
        self.overload = self.wishes.overload or ("oldest" if source.lossy else "wait")
        begun = last_arrival = self._clock()
        slack = source.slack_us if self.wishes.slack_us is None else self.wishes.slack_us
        silence = Silence(slack)
        with Feed(source.chunks, self.overload, self.wishes.room, source.stop, self._clock) as feed:
            try:
                for burst in feed.bursts(self._patience(slack)):
                    if burst is not None:
                        last_arrival = burst.until
                        yield self._taken(burst, feed, source.prompt, silence)
                    # All that had come by then was taken; what refused events say is no time.
                    yield from self._quiet(silence.over_us(self._clock() if burst is None else burst.until))
                    if self._is_over(begun, last_arrival):
                        return
                yield self._answered(self.stream.finish())
            finally:
                self.dropped, self.left = feed.dropped, feed.waiting
                self.seconds = self._clock() - begun

    def _patience(self, slack: int | None) -> float:
        """Seconds to wait for events before a look at the clock."""
        if slack is None:
            return LOOK_SECONDS
        return min(LOOK_SECONDS, max(self.model.binning.dt_us * 1e-6, 0.01))

    def _is_over(self, begun: float, last_arrival: float) -> bool:
        now, idle, whole = self._clock(), self.wishes.idle_s, self.wishes.for_s
        is_idle = idle is not None and now - last_arrival >= idle
        return self._stopped or is_idle or (whole is not None and now - begun >= whole)

    def _quiet(self, over_us: int | None) -> Iterator[Answered]:
        """Steps that are over by then though no event says so, no further at once than time may go without a jump."""
        if over_us is None:
            return
        reach = self.wishes.reach_us
        while (behind := self.stream.behind_us(over_us)) > reach:
            yield self._answered(self.stream.advance(over_us - behind + reach))
        yield self._answered(self.stream.advance(over_us))

    def _taken(self, burst: Burst, feed: Feed, prompt: bool, silence: Silence) -> Answered:
        self.most_waiting = max(self.most_waiting, feed.waiting + len(burst.events))
        before = self.stream.counts.events
        decisions = self.stream.push(burst.events)
        if self.stream.counts.events > before:
            silence.ended(self.stream.newest_us, burst.until)
        late = self._clock() - burst.arrived
        if len(decisions) and prompt:
            self.delays.add(late, len(decisions))
        remark = self._remark(late if prompt else 0.0, feed)
        return self._answered(decisions, burst.events, remark)

    def _answered(
        self, decisions: Decisions, events: np.ndarray = NO_EVENTS, remark: str | None = None
    ) -> Answered:
        self.steps += len(decisions)
        self.synops += int(decisions.synops.sum())
        return Answered(decisions, self._answers.take(decisions), margins(decisions.outputs), events, remark)

    def _remark(self, late: float, feed: Feed) -> str | None:
        """What to say of being behind, REMARK_SECONDS after it was said last."""
        now, dropped = self._clock(), feed.dropped
        behind = late > self.model.binning.dt_us * 1e-6 and feed.waiting > 0
        if not (behind or dropped > self._told) or now - self._remarked < REMARK_SECONDS:
            return None
        self._remarked, self._told = now, dropped
        lag = f"decisions come {late * 1e3:.0f} ms after their events, " if late else ""
        return f"behind: {lag}{feed.waiting:,} events wait, {dropped:,} dropped (--overload {self.overload})"

    def figures(self) -> dict[str, object]:
        """What was counted, as plain JSON values."""
        counts = self.stream.counts
        return {
            "steps": self.steps,
            "windows": None if self.wishes.running else counts.decisions,
            "events": counts.events,
            "late": counts.late,
            "outside": counts.outside,
            "restarts": counts.restarts,
            "dropped": self.dropped,
            "left": self.left,
            "overload": self.overload,
            "most_waiting": self.most_waiting,
            "synops": self.synops,
            "seconds": self.seconds,
            "events_per_s": counts.events / self.seconds if self.seconds else None,
            "delay_ms": {"median": self.delays.within_ms(0.5), "p99.9": self.delays.within_ms(0.999)},
        }

    def lines(self) -> list[str]:
        """The same for people."""
        counts = self.stream.counts
        rate = counts.events / self.seconds if self.seconds else 0
        windows = "" if self.wishes.running else f"{counts.decisions:,} windows, "
        lines = [
            f"{windows}{self.steps:,} steps, {counts.events:,} events in {self.seconds:.3g} s "
            f"({rate:,.0f} events/s), {self.synops / max(self.steps, 1):,.0f} SynOps per step"
        ]
        half, most = self.delays.within_ms(0.5), self.delays.within_ms(0.999)
        if half is not None and most is not None:
            lines.append(f"from arrival to decision: median {half:.3g} ms, 99.9 % within {most:.3g} ms")
        lost = (
            (counts.late, "came after their step was over and do not count"),
            (counts.outside, "lie outside the sensor and do not count"),
            (self.dropped, f"were dropped (--overload {self.overload})"),
            (self.left, "waited at the end and were left"),
        )
        lines += [f"{number:,} events {what}" for number, what in lost if number]
        if counts.restarts:
            what = "the network" if self.wishes.running else "windows"
            lines.append(f"time jumped ({counts.restarts:,} x), and {what} began anew")
        return lines
