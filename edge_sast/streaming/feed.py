"""Events between the thread that receives them and the network that computes: a queue that says what it drops."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

OVERLOADS = ("wait", "oldest", "newest", "thin")
USUAL_ROOM = 2_000_000  # events
TOGETHER = 1 << 16  # events that are handed over at once, where small pieces wait
ENDING_SECONDS = 2.0  # a receiver that is told to end needs less; longer only where the system holds it


@dataclass(frozen=True)
class Burst:
    """What was received together. events: EVENT_DTYPE [n]; arrived, until: when the first and the last of them came,
    in seconds of the feed's clock."""

    events: np.ndarray
    arrived: float
    until: float


class Feed:
    """Receives chunks in a thread of its own and hands them over in order.

    Where more than `room` events wait: "wait" stops receiving until there is room, "oldest" drops those that wait
    longest, "newest" those that come, "thin" every second of those that come while more than half the room is taken,
    and all of them where it is full. `dropped` counts them.

    Args:
        chunks: EVENT_DTYPE [n] each; an empty one gives the thread the occasion to end.
        stop: is called when nobody takes events any more: what waits for bytes is to end.
        clock: seconds since any moment.
    """

    def __init__(
        self,
        chunks: Iterable[np.ndarray],
        overload: str = "wait",
        room: int = USUAL_ROOM,
        stop: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._chunks, self._overload, self._room, self._stop = chunks, overload, room, stop
        self._clock = clock
        self._waiting: deque[Burst] = deque()
        self._events = 0  # that wait
        self._lock = threading.Condition()
        self._ended = self._closed = False
        self._error: BaseException | None = None
        self.dropped = 0
        self._thread = threading.Thread(target=self._receive, name="events", daemon=True)

    def __enter__(self) -> Feed:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._closed = True
            self._lock.notify_all()
        self._stop()
        self._thread.join(ENDING_SECONDS)

    def bursts(self, patience: float) -> Iterator[Burst | None]:
        """All that is received, in order; None each time that nothing has come for `patience` seconds.

        Raises what receiving raised, after all that came before it.
        """
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._waiting or self._ended, patience)
                burst = self._taken()
                if burst is None and self._ended:
                    break
            yield burst
        if self._error is not None:
            raise self._error

    @property
    def waiting(self) -> int:
        """Events that were received and not handed over yet."""
        return self._events

    def _taken(self) -> Burst | None:
        """What waits longest, with what came behind it up to TOGETHER events."""
        taken: list[Burst] = []
        count = 0
        while self._waiting and (not taken or count + len(self._waiting[0].events) <= TOGETHER):
            taken.append(self._waiting.popleft())
            count += len(taken[-1].events)
        if not taken:
            return None
        self._events -= count
        self._lock.notify_all()
        events = taken[0].events if len(taken) == 1 else np.concatenate([burst.events for burst in taken])
        return Burst(events, taken[0].arrived, taken[-1].until)

    def _receive(self) -> None:
        try:
            for chunk in self._chunks:
                now = self._clock()
                if not self._put(Burst(chunk, now, now)):
                    return
        except BaseException as error:  # told to whoever takes the events
            self._error = error
        finally:
            with self._lock:
                self._ended = True
                self._lock.notify_all()

    def _put(self, burst: Burst) -> bool:
        """Room for a burst as the rule says; False where nobody takes events any more."""
        with self._lock:
            if self._overload == "wait":
                free = self._room - len(burst.events)
                self._lock.wait_for(lambda: not self._events or self._events <= free or self._closed)
            burst = self._fitting(burst)
            if len(burst.events):
                self._waiting.append(burst)
                self._events += len(burst.events)
                self._lock.notify_all()
            return not self._closed

    def _fitting(self, burst: Burst) -> Burst:
        """What is kept of a burst; with "oldest" it displaces what waits."""
        events = burst.events
        if self._overload == "thin" and self._events + len(events) > self._room // 2:
            events = events[::2]
        if self._overload in ("thin", "newest"):
            events = events[: max(0, self._room - self._events)]
        elif self._overload == "oldest":
            events = events[max(0, len(events) - self._room) :]
            self._displace(self._events + len(events) - self._room)
        self.dropped += len(burst.events) - len(events)
        return replace(burst, events=events)

    def _displace(self, count: int) -> None:
        """Drops the `count` events that wait longest."""
        while count > 0:
            oldest = self._waiting.popleft()
            gone = min(count, len(oldest.events))
            if gone < len(oldest.events):
                self._waiting.appendleft(replace(oldest, events=oldest.events[gone:]))
            self._events -= gone
            self.dropped += gone
            count -= gone
