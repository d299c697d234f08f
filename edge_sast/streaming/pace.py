"""Events at the speed at which they were recorded."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from edge_sast.streaming.sources import EventSource

PIECE_US = 1000  # events of so much time are given together


def paced(source: EventSource) -> EventSource:
    """The same events, each given when its time has come, counted from the first."""
    ended = threading.Event()

    def stop() -> None:
        ended.set()
        source.stop()

    return replace(source, chunks=_pieces(source.chunks, ended), stop=stop, prompt=True)


def _pieces(chunks: Iterator[np.ndarray], ended: threading.Event) -> Iterator[np.ndarray]:
    first: int | None = None
    begun = 0.0
    for chunk in chunks:
        t, at = np.ascontiguousarray(chunk["t"]), 0
        while at < len(chunk):
            if first is None:
                first, begun = int(t[0]), time.monotonic()
            end = max(at + 1, at + int(np.searchsorted(t[at:], t[at] + PIECE_US)))
            wait = (int(t[end - 1]) - first) * 1e-6 - (time.monotonic() - begun)
            if wait > 0 and ended.wait(wait):
                return
            yield chunk[at:end]
            at = end
