"""Events between the thread that receives them and the network that computes: a queue that says what it drops."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

OVERLOADS = ("wait", "oldest", "newest", "thin")
USUAL_ROOM = 2_000_000  # events


@dataclass(frozen=True)
class Burst:
    """What was received together. events: EVENT_DTYPE [n], n may be 0; arrived: time.monotonic() of it."""

    events: np.ndarray
    arrived: float


class Feed:
    """Receives chunks in a thread of its own and hands them over in order.

    Where more than `room` events wait: "wait" stops receiving until there is room, "oldest" drops those that wait
    longest, "newest" those that come, "thin" every second of those that come while more than half the room is taken,
    and all of them where it is full. `dropped` counts them.
    """

    def __init__(self, chunks: Iterable[np.ndarray], overload: str = "wait", room: int = USUAL_ROOM) -> None:
        self._chunks, self._overload, self._room = chunks, overload, room
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

    def bursts(self, patience: Callable[[], float | None]) -> Iterator[Burst | None]:
        """All that is received, in order; None where nothing has come for patience() seconds (None: for ever).

        Raises what receiving raised, after all that came before it.
        """
        while True:
            with self._lock:
                limit = patience()
                until = None if limit is None else time.monotonic() + limit
                while not self._waiting and not self._ended:
                    left = None if until is None else until - time.monotonic()
                    if left is not None and left <= 0:
                        break
                    self._lock.wait(left)
                burst = self._waiting.popleft() if self._waiting else None
                if burst is not None:
                    self._events -= len(burst.events)
                    self._lock.notify_all()
                elif self._ended:
                    break
            yield burst
        if self._error is not None:
            raise self._error

    @property
    def waiting(self) -> int:
        """Events that were received and not handed over yet."""
        return self._events

    def _receive(self) -> None:
        try:
            for chunk in self._chunks:
                if not self._put(Burst(chunk, time.monotonic())):
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
                while self._events and self._events + len(burst.events) > self._room and not self._closed:
                    self._lock.wait()
            burst = self._fitting(burst)
            if len(burst.events):
                self._waiting.append(burst)
                self._events += len(burst.events)
                self._lock.notify_all()
            return not self._closed

    def _fitting(self, burst: Burst) -> Burst:
        events = burst.events
        if self._overload == "thin" and self._events + len(events) > self._room // 2:
            events = events[::2]
        if self._overload in ("thin", "newest"):
            events = events[: max(0, self._room - self._events)]
        elif self._overload == "oldest":
            events = events[max(0, len(events) - self._room) :]
            while self._waiting and self._events + len(events) > self._room:
                gone = self._waiting.popleft()
                self._events -= len(gone.events)
                self.dropped += len(gone.events)
        self.dropped += len(burst.events) - len(events)
        return Burst(events, burst.arrived)
