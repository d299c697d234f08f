"""Noise filters of event cameras, in integers, so that a device can do the same.

Three filters, in this order; an event that one takes out is not seen by those after it.

    hot pixels   an event of a listed pixel goes
    refractory   an event goes if t - t(last event of its pixel that stayed, either polarity) < refractory_us
    background   an event stays if at least `support` of its 8 neighbours had an event, of either polarity, in the last
                 background_us: t - t(neighbour's last event) <= background_us. Its own pixel does not count. Events
                 that do not stay are seen by their neighbours all the same

An event outside the sensor has no pixel: it stays, and nothing sees it.

Source: T. Delbruck, "Frame-free dynamic digital vision", Intl. Symp. on Secure-Life Electronics 2008 (background
activity filter); jAER, classes BackgroundActivityFilter and RefractoryFilter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.jit import jit

MAX_US = 1 << 30  # differences then fit 32 bits on a device
NEIGHBOURS = 8
MOST_PIXELS = 1 << 24  # of a sensor: 272 MB of times
NEVER = -(1 << 62)  # the time of a pixel's last event before it had any


@dataclass(frozen=True)
class Denoise:
    """What is filtered; 0 or nothing leaves a filter out.

    Attributes:
        background_us, refractory_us: in µs, 0..2^30.
        support: neighbours that must have had an event, 1..8.
        hot: bool[height, width], True for pixels that are taken out; None for none.

    Raises:
        EdgeSastError: a value out of range.
    """

    background_us: int = 0
    refractory_us: int = 0
    support: int = 1
    hot: np.ndarray | None = None

    def __post_init__(self) -> None:
        for option, value in (
            ("--background-us", self.background_us),
            ("--refractory-us", self.refractory_us),
        ):
            if not 0 <= value <= MAX_US:
                raise EdgeSastError(
                    f"{option} {value} is out of range; choose whole microseconds 0..{MAX_US}"
                )
        if not 1 <= self.support <= NEIGHBOURS:
            raise EdgeSastError(
                f"--support {self.support} is out of range; choose 1..{NEIGHBOURS} neighbours"
            )


@dataclass
class Removed:
    """How many events each filter took out."""

    hot: int = 0
    refractory: int = 0
    background: int = 0


def denoised(
    chunks: Iterable[np.ndarray], sensor: tuple[int, int], filters: Denoise, removed: Removed
) -> Iterator[np.ndarray]:
    """The events of `chunks` (EVENT_DTYPE[n] in order of time) that stay; counts the others.

    Raises EdgeSastError for a sensor (width, height) that no memory is spent on.
    """
    width, height = sensor
    if width * height > MOST_PIXELS:
        raise EdgeSastError(
            f"a sensor of {width}x{height} pixels has more than the {MOST_PIXELS:,} that can be filtered; pass "
            "--sensor WxH with the real size"
        )
    # A border of a pixel all around has no events, so that no neighbour is looked for outside.
    seen = np.full((height + 2, width + 2), NEVER, np.int64)
    stayed = np.full((height, width), NEVER, np.int64)
    hot = np.zeros((height, width), np.bool_)
    if filters.hot is not None:
        rows, columns = min(height, filters.hot.shape[0]), min(width, filters.hot.shape[1])
        hot[:rows, :columns] = filters.hot[:rows, :columns]
    counts = np.zeros(3, np.int64)
    for chunk in chunks:
        kept = np.empty(len(chunk), EVENT_DTYPE)
        filled = _filter(
            chunk,
            kept,
            seen,
            stayed,
            hot,
            filters.background_us,
            filters.refractory_us,
            filters.support,
            counts,
        )
        removed.hot, removed.refractory, removed.background = counts.tolist()
        yield kept[:filled]


@jit
def _filter(chunk, kept, seen, stayed, hot, background_us, refractory_us, support, counts):
    """Fills kept, returns how many. seen, stayed: time of each pixel's last event that reached the background filter,
    and of the last that passed the refractory filter; counts: taken out by each filter."""
    filled = 0
    height, width = hot.shape
    for event in chunk:
        t, x, y = event.t, event.x, event.y
        if x >= width or y >= height:
            kept[filled] = event
            filled += 1
            continue
        if hot[y, x]:
            counts[0] += 1
            continue
        if refractory_us:
            if t - stayed[y, x] < refractory_us:
                counts[1] += 1
                continue
            stayed[y, x] = t
        if background_us:
            found = 0
            for row in range(y, y + 3):
                for column in range(x, x + 3):
                    near = row != y + 1 or column != x + 1
                    found += near and t - seen[row, column] <= background_us
            seen[y + 1, x + 1] = t
            if found < support:
                counts[2] += 1
                continue
        kept[filled] = event
        filled += 1
    return filled
