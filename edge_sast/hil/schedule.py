"""Which recordings are left to run: shared by the threads of all ports."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Sequence


class Schedule:
    """Recordings by number. Each is taken, then finished or given back; one given back comes last.

    due: of each recording by its number, seconds after the first one is asked for from which on it can be taken; empty:
    at once.
    """

    def __init__(self, recordings: Iterable[int], due: Sequence[float] = ()) -> None:
        self._left = deque(recordings)
        self._due = due
        self._begun: float | None = None  # when the first one was asked for
        self._taken: set[int] = set()
        self._failures: Counter[int] = Counter()
        self._stopped = False
        self._changed = threading.Condition()

    def take(self) -> int | None:
        """The next recording; None: nothing is left.

        Waits until it is due, and while others hold the last ones, which may come back.
        """
        with self._changed:
            if self._begun is None:
                self._begun = time.monotonic()
            while not self._stopped and (self._wait_s() > 0 if self._left else self._taken):
                self._changed.wait(self._wait_s() if self._left else None)
            return self._next()

    def take_ready(self) -> int | None:
        """The next recording; None where none is left or due now."""
        with self._changed:
            return self._next() if self._left and self._wait_s() <= 0 else None

    def late(self, recording: int) -> float | None:
        """Seconds since it was due; None where recordings are not due at a time, or none was asked for."""
        if not self._due or self._begun is None:
            return None
        return time.monotonic() - self._begun - self._due[recording]

    def _wait_s(self) -> float:
        """Until the next recording is due."""
        late = self.late(self._left[0])
        return 0.0 if late is None else -late

    def _next(self) -> int | None:
        if self._stopped or not self._left:
            return None
        recording = self._left.popleft()
        self._taken.add(recording)
        return recording

    def put_back(self, recording: int) -> None:
        """It was never started: it is the next one again, and has not failed."""
        with self._changed:
            self._taken.remove(recording)
            self._left.appendleft(recording)
            self._changed.notify_all()

    def finish(self, recording: int) -> None:
        """It is done."""
        with self._changed:
            self._taken.remove(recording)
            self._changed.notify_all()

    def give_back(self, recording: int, failures: int) -> bool:
        """It failed. Another port, or this one later, takes it again.

        False where it has now failed more than `failures` times, wherever: then it is set aside.
        """
        with self._changed:
            self._failures[recording] += 1
            again = self._failures[recording] <= failures
            self._taken.remove(recording)
            if again:
                self._left.append(recording)
            self._changed.notify_all()
            return again

    def failures(self, recording: int) -> int:
        """How often it has failed so far."""
        with self._changed:
            return self._failures[recording]

    def stop(self) -> None:
        """No further recordings are handed out."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def wait_ended(self, seconds: float) -> None:
        """Wait so long, or until stopped or nothing is left to do."""
        with self._changed:
            self._changed.wait_for(lambda: self.ended, seconds)

    @property
    def ended(self) -> bool:
        """Stopped, or every recording is finished or set aside."""
        with self._changed:
            return self._stopped or not (self._left or self._taken)

    @property
    def stopped(self) -> bool:
        """No port is to go on."""
        return self._stopped
