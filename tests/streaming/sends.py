"""Events that tests send, and the models that take them."""

from __future__ import annotations

import numpy as np

from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.streaming.sources import EventSource

SIDE = 34


def some_events(count: int, span_us: int, begin_us: int = 0, seed: int = 0) -> np.ndarray:
    """EVENT_DTYPE [count] in order of time, the first at begin_us and none behind begin_us + span_us."""
    rng = np.random.default_rng(seed)
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = begin_us + np.sort(rng.integers(0, span_us, count))
    events["t"][:1] = begin_us
    events["x"], events["y"] = rng.integers(0, SIDE, (2, count))
    events["p"] = rng.integers(0, 2, count)
    return events


def source_of(*chunks: np.ndarray, **also: object) -> EventSource:
    return EventSource("test", (), (SIDE, SIDE), iter(chunks), **also)
