"""A source, a model and what comes of them: decisions with their answers, and how well the network keeps up."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.model.model import Model
from edge_sast.streaming.answers import Answers, margins
from edge_sast.streaming.feed import USUAL_ROOM, Burst, Feed
from edge_sast.streaming.sources import EventSource
from edge_sast.streaming.stream import USUAL_REACH_US, Decisions, EventStream

SLACK_S = 0.05  # so late may events of a live source be; then a step without any is over
REMARK_S = 1.0  # between two lines that tell of being behind
LATENCY_BINS = 400  # of 5 % each, from 1 µs on


@dataclass(frozen=True)
class Wishes:
    """What a user wants of a stream; see EventStream, Answers and Feed.

    overload: None is "oldest" where events are lost anyway when nobody takes them, else "wait". idle_s: end when
    nothing has come for so long; for_s: end after so long.
    """

    every: int | None = None
    on_event: bool = False
    reach_us: int = USUAL_REACH_US
    margin: int = 0
    hold: int = 1
    overload: str | None = None
    room: int = USUAL_ROOM
    idle_s: float | None = None
    for_s: float | None = None


@dataclass(frozen=True)
class Answered:
    """Decisions of some steps. answers, margins: int64 [n], see `Answers`; events: EVENT_DTYPE [m] that came with
    them; remark: a line where the network falls behind."""

    decisions: Decisions
    answers: np.ndarray
    margins: np.ndarray
    events: np.ndarray
    remark: str | None = None


class Session:
    """One run of a stream."""

    def __init__(self, model: Model, wishes: Wishes) -> None:
        self.stream = EventStream(model, wishes.every, wishes.on_event, wishes.reach_us)
        self.model, self.wishes = model, wishes
        self._answers = Answers(wishes.margin, wishes.hold)
        self.dropped = self.steps = self.synops = 0
        self.overload = "wait"
        self.longest_wait = 0  # events
        self.seconds = 0.0
        self._latency = np.zeros(LATENCY_BINS, np.int64)  # steps by their seconds from arrival to decision
        self._remarked = 0.0
        # Compiled, or loaded, before the first event comes: else those of the first seconds would wait or be lost.
        self.stream.push(np.empty(0, EVENT_DTYPE))
        self.stream.advance(0)

    def run(self, source: EventSource) -> Iterator[Answered]:
        """Answers as they come, until the source ends or the wishes say so."""
        begun = time.monotonic()
        self.overload = self.wishes.overload or ("oldest" if source.live else "wait")
        last_t, last_arrival = 0, begun
        with Feed(source.chunks, self.overload, self.wishes.room) as feed:
            try:
                for burst in feed.bursts(lambda: self._patience(source, begun, last_arrival)):
                    now = time.monotonic()
                    if burst is not None:
                        if len(burst.events):
                            last_t, last_arrival = int(burst.events["t"][-1]), burst.arrived
                        yield self._answered(self.stream.push(burst.events), burst, feed)
                    elif source.paces and last_t:
                        quiet = now - last_arrival - SLACK_S
                        yield self._answered(self.stream.advance(last_t + round(quiet * 1e6)), None, feed)
                    if self._is_over(now, begun, last_arrival):
                        break
                else:
                    yield self._answered(self.stream.finish(), None, feed)
            finally:
                self.dropped, self.seconds = feed.dropped, time.monotonic() - begun

    def _patience(self, source: EventSource, begun: float, last_arrival: float) -> float | None:
        """Seconds to wait for events before a look at the clock."""
        if source.paces:
            return max(self.model.binning.dt_us * 1e-6, 0.01)
        return None if self.wishes.for_s is None and self.wishes.idle_s is None else 0.1

    def _is_over(self, now: float, begun: float, last_arrival: float) -> bool:
        idle, whole = self.wishes.idle_s, self.wishes.for_s
        return (idle is not None and now - last_arrival >= idle) or (
            whole is not None and now - begun >= whole
        )

    def _answered(self, decisions: Decisions, burst: Burst | None, feed: Feed) -> Answered:
        now = time.monotonic()
        self.steps += len(decisions)
        self.synops += int(decisions.synops.sum())
        self.longest_wait = max(self.longest_wait, feed.waiting)
        remark = None
        if burst is not None and len(decisions):
            late = now - burst.arrived
            place = int(np.log(max(late, 1e-6) * 1e6) / np.log(1.05))
            self._latency[min(place, LATENCY_BINS - 1)] += len(decisions)
            if late > self.model.binning.dt_us * 1e-6 and feed.waiting and now - self._remarked > REMARK_S:
                self._remarked = now
                remark = (
                    f"behind: decisions come {late * 1e3:.0f} ms after their events, {feed.waiting:,} events wait, "
                    f"{feed.dropped:,} dropped (--overload {self.overload})"
                )
        events = burst.events if burst is not None else np.empty(0, EVENT_DTYPE)
        return Answered(decisions, self._answers.take(decisions), margins(decisions.outputs), events, remark)

    def latency_ms(self, share: float) -> float | None:
        """Milliseconds from the arrival of events to the decision, that this share of the steps stays within; to 5 %."""
        total = int(self._latency.sum())
        if not total:
            return None
        place = int(np.searchsorted(np.cumsum(self._latency), share * total))
        return 1.05 ** (place + 1) * 1e-3

    def figures(self) -> dict[str, object]:
        """What was counted, as plain JSON values."""
        counts = self.stream.counts
        return {
            "steps": self.steps,
            "decisions": counts.decisions,
            "events": counts.events,
            "late": counts.late,
            "outside": counts.outside,
            "restarts": counts.restarts,
            "dropped": self.dropped,
            "overload": self.overload,
            "most_waiting": self.longest_wait,
            "synops": self.synops,
            "seconds": self.seconds,
            "events_per_s": counts.events / self.seconds if self.seconds else None,
            "latency_ms": {
                name: self.latency_ms(share) for name, share in (("median", 0.5), ("99.9 %", 0.999))
            },
        }

    def lines(self) -> list[str]:
        """The same for people."""
        counts = self.stream.counts
        rate = counts.events / self.seconds if self.seconds else 0
        lines = [
            f"{counts.decisions:,} windows, {self.steps:,} steps, {counts.events:,} events in {self.seconds:.3g} s "
            f"({rate:,.0f} events/s), {self.synops / max(self.steps, 1):,.0f} SynOps per step"
        ]
        half, most = self.latency_ms(0.5), self.latency_ms(0.999)
        if half is not None and most is not None:
            lines.append(f"from events to decision: median {half:.3g} ms, 99.9 % within {most:.3g} ms")
        lost = (
            (counts.late, "came after their step and do not count"),
            (counts.outside, "lie outside the sensor and do not count"),
            (self.dropped, f"were dropped (--overload {self.overload})"),
        )
        lines += [f"{number:,} events {what}" for number, what in lost if number]
        if counts.restarts:
            lines.append(f"time jumped {counts.restarts:,} times, and windows began anew")
        return lines


def paced(source: EventSource) -> EventSource:
    """The same events, each given when its time has come, counted from the first."""
    return replace(source, chunks=_paced(source.chunks), paces=True)


def _paced(chunks: Iterator[np.ndarray], piece_us: int = 1000) -> Iterator[np.ndarray]:
    begun, first = time.monotonic(), None
    for chunk in chunks:
        while len(chunk):
            first = int(chunk["t"][0]) if first is None else first
            piece = chunk[: max(1, int(np.searchsorted(chunk["t"], chunk["t"][0] + piece_us)))]
            chunk = chunk[len(piece) :]
            wait = (int(piece["t"][-1]) - first) * 1e-6 - (time.monotonic() - begun)
            if wait > 0:
                time.sleep(wait)
            yield piece
