"""Which parts of a recording become recordings of their own, as its chunks pass by.

Memory holds the events of the windows that are open, and no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.formats.contract import joined

MOST_WINDOWS = 1_000_000  # of a recording: more come of a clock that jumped, and of a wrong unit


@dataclass(frozen=True)
class Window:
    """A part: its class (None: the recording's), begin in µs after the first event of the recording, and its events."""

    label: str | None
    begin_us: int
    events: np.ndarray  # EVENT_DTYPE[n]


@dataclass(frozen=True)
class Label:
    """Something that happened from begin_us (inclusive) to end_us (exclusive), in the recording's own time, µs."""

    label: str
    begin_us: int
    end_us: int


def by_time(chunks: Iterable[np.ndarray], window_us: int, source: str = "the recording") -> Iterator[Window]:
    """Consecutive windows of window_us from the first event on; what is left at the end and fills none is left out.

    source: what messages call the recording.

    Raises EdgeSastError where there are more than MOST_WINDOWS.
    """
    first, number = None, 0
    held: list[np.ndarray] = []
    for chunk in chunks:
        if not len(chunk):
            continue
        first = int(chunk["t"][0]) if first is None else first
        t = chunk["t"]
        if (int(t[-1]) - first) // window_us > MOST_WINDOWS:
            raise EdgeSastError(
                f"{source}: {(int(t[-1]) - first) * 1e-6:.6g} s have more than {MOST_WINDOWS:,} windows of "
                f"{window_us} µs; choose longer ones, or --defects drop or clip if the clock jumped"
            )
        # A window is complete once an event at its last µs, or later, has been seen and no more of that µs can come.
        while t[-1] - first >= (number + 1) * window_us:
            end = int(np.searchsorted(t, first + (number + 1) * window_us))
            yield Window(None, number * window_us, joined([*held, chunk[:end]]))
            held, chunk, number = [], chunk[end:], number + 1
            t = chunk["t"]
        held.append(chunk)
    rest = joined(held)
    if first is not None and len(rest) and int(rest["t"][-1]) - first + 1 >= (number + 1) * window_us:
        yield Window(None, number * window_us, rest)


def by_count(chunks: Iterable[np.ndarray], events: int) -> Iterator[Window]:
    """Consecutive windows of so many events; what is left at the end is left out."""
    first = None
    rest = joined([])
    for chunk in chunks:
        if not len(chunk):
            continue
        first = int(chunk["t"][0]) if first is None else first
        rest = joined([rest, chunk])
        whole = len(rest) - len(rest) % events
        for at in range(0, whole, events):
            yield Window(None, int(rest["t"][at]) - first, rest[at : at + events])
        rest = rest[whole:].copy()


def by_label(chunks: Iterable[np.ndarray], labels: list[Label]) -> Iterator[Window]:
    """The labelled times, in order of their ends; they may overlap, and each comes once, without events too."""
    waiting = sorted(labels, key=lambda label: label.begin_us)
    opened: list[tuple[Label, list[np.ndarray]]] = []
    first = None
    for chunk in chunks:
        if not len(chunk):
            continue
        t = chunk["t"]
        first = int(t[0]) if first is None else first
        while waiting and waiting[0].begin_us <= t[-1]:
            opened.append((waiting.pop(0), []))
        for label, parts in opened:
            begin, end = np.searchsorted(t, [label.begin_us, label.end_us])
            parts.append(chunk[begin:end].copy())
        done = sorted((of for of in opened if of[0].end_us <= t[-1]), key=lambda of: of[0].end_us)
        opened = [of for of in opened if of[0].end_us > t[-1]]
        for label, parts in done:
            yield Window(label.label, label.begin_us - first, joined(parts))
    for label, parts in [*opened, *((label, []) for label in waiting)]:
        yield Window(label.label, label.begin_us - (first or 0), joined(parts))
