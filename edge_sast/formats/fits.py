"""What writers refuse: events that their form cannot hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import BinaryIO

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.formats.contract import Format, Sensor


class UnfitError(EdgeSastError):
    """An event that a form cannot hold, by its number among those that are written."""


def check_limits(events: np.ndarray, done: int, limits: Mapping[str, int], form: str, remedy: str) -> None:
    """Refuse events of which a field is not in 0..limit.

    Args:
        events: EVENT_DTYPE[n], behind `done` others of the file.
        limits: field -> the largest value that is held.
        form: what messages call what is written, such as "an ATIS file". remedy: how they end.

    Raises:
        UnfitError: one does not fit.
    """
    for field, limit in limits.items():
        bad = (events[field] > limit) | (events[field] < 0)
        if bad.any():
            index = int(bad.argmax())
            raise UnfitError(
                f"event {done + index}: {field}={events[field][index]} does not fit {form} (0..{limit}); {remedy}"
            )


def check_order(events: np.ndarray, done: int, last: int, form: str) -> None:
    """Refuse events that step back. last: time of the event before, in µs, 0 where there is none.

    Raises:
        UnfitError: a time is less than the one before.
    """
    back = events["t"][1:] < events["t"][:-1]
    if len(events) and (events["t"][0] < last or back.any()):
        index = 0 if events["t"][0] < last else int(back.argmax()) + 1
        before = int(events["t"][index - 1]) if index else last
        raise UnfitError(
            f"event {done + index}: time runs backwards, from {before} µs to {events['t'][index]} µs, which {form} "
            "cannot hold; pass --defects drop or clip, or order the events first"
        )


def write_events(
    writer: Format, stream: BinaryIO, sensor: Sensor, chunks: Iterable[np.ndarray], source: str
) -> None:
    """Write a whole file, in a form that is written. source: what is read, as messages name it.

    Raises:
        EdgeSastError: an event does not fit, and what taking the chunks raises.
    """
    assert writer.write is not None
    try:
        writer.write(stream, sensor, chunks)
    except UnfitError as error:
        raise EdgeSastError(f"{source}: {error}") from error
