"""What a plot of a stream needs, kept in bounded memory however long the stream is."""

from __future__ import annotations

import numpy as np

from edge_sast.events.recording import EVENT_DTYPE

MOST_STEPS, MOST_EVENTS = 20_000, 200_000


class Thinned:
    """Every k-th row of what is added; k doubles where more than `most` would be kept."""

    def __init__(self, most: int, empty: np.ndarray) -> None:
        self._most, self._every, self._seen, self._count = most, 1, 0, 0
        self._parts = [empty]

    def add(self, rows: np.ndarray) -> None:
        part = rows[-self._seen % self._every :: self._every].copy()
        self._seen += len(rows)
        self._parts.append(part)
        self._count += len(part)
        while self._count > self._most:
            kept = self.rows()[::2]
            self._parts, self._count, self._every = [kept], len(kept), 2 * self._every

    def rows(self) -> np.ndarray:
        """All that is kept, in order."""
        self._parts = [np.concatenate(self._parts)]
        return self._parts[0]


class StreamRecord:
    """Outputs, answers and events of a stream, evenly thinned.

    Attributes:
        outputs: rows of end of the step in µs, answer, and each class's output. events: EVENT_DTYPE.
    """

    def __init__(self, classes: int) -> None:
        self.outputs = Thinned(MOST_STEPS, np.empty((0, 2 + classes), np.int64))
        self.events = Thinned(MOST_EVENTS, np.empty(0, EVENT_DTYPE))

    def add(self, end_us: np.ndarray, answers: np.ndarray, outputs: np.ndarray, events: np.ndarray) -> None:
        """The steps [n] of a call, and the events [m] that came with them."""
        self.outputs.add(np.column_stack([end_us, answers, outputs]))
        self.events.add(events)
