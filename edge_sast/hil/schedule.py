"""Which recordings are left to run: shared by the threads of all ports."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterable


class Schedule:
    """Recordings by number. Each is taken, then finished or given back; one given back comes last."""

    def __init__(self, recordings: Iterable[int]) -> None:
        self._left = deque(recordings)
        self._taken: set[int] = set()
        self._failures: Counter[int] = Counter()
        self._stopped = False
        self._changed = threading.Condition()

    def take(self) -> int | None:
        """The next recording; waits while others hold the last ones, which may come back. None: nothing is left."""
        with self._changed:
            while not self._left and self._taken and not self._stopped:
                self._changed.wait()
            return self._next()

    def take_ready(self) -> int | None:
        """The next recording; None where none is left now."""
        with self._changed:
            return self._next()

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
