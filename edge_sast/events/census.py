"""Counts over a recording of any length, in memory that does not grow with it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from edge_sast.jit import jit

RATE_BINS = 512  # of a recording's time, at least half of them used
MOST_SIDE = (
    2048  # pixels that are counted one by one: a damaged event may lie anywhere, and no sensor is larger
)


@dataclass
class Census:
    """What was counted of chunks, as they follow one another; time may step back.

    Attributes:
        events, on: all events, and those of polarity ON.
        first_us: time of the first event that came, in µs; -1 without any.
        least_us, last_us: time of the earliest and of the latest event, likewise.
        per_pixel: int64[height, width], of the sensor's size, and as large as the events seen ask for; MOST_SIDE at
            most, events beyond are not counted here.
        last_pixel: the largest column and row of an event; (-1, -1) without any.
        bin_us: length of a bin of `per_bin` in µs; doubled as the recording grows.
        per_bin: int64[RATE_BINS], events from begin_us on.
        begin_us: first_us, or so many whole bins before it that least_us lies in the first.
    """

    events: int = 0
    on: int = 0
    first_us: int = -1
    least_us: int = -1
    last_us: int = -1
    per_pixel: np.ndarray = field(default_factory=lambda: np.zeros((1, 1), np.int64))
    bin_us: int = 1
    per_bin: np.ndarray = field(default_factory=lambda: np.zeros(RATE_BINS, np.int64))
    begin_us: int = -1
    last_pixel: tuple[int, int] = (-1, -1)

    def add(self, chunk: np.ndarray) -> None:
        """Count EVENT_DTYPE[n]."""
        if not len(chunk):
            return
        if not self.events:
            self.first_us = self.least_us = self.begin_us = int(chunk["t"][0])
        self.least_us = min(self.least_us, int(chunk["t"].min()))
        self.last_us = max(self.last_us, int(chunk["t"].max()))
        self._make_room()
        column, row = int(chunk["x"].max()), int(chunk["y"].max())
        self.last_pixel = max(self.last_pixel[0], column), max(self.last_pixel[1], row)
        more = [
            (0, max(0, min(last + 1, MOST_SIDE) - old))
            for last, old in zip((row, column), self.per_pixel.shape, strict=True)
        ]
        if any(end for _, end in more):
            self.per_pixel = np.pad(self.per_pixel, more)
        self.on += int(_count(chunk, self.per_pixel, self.per_bin, self.begin_us, self.bin_us))
        self.events += len(chunk)

    def _make_room(self) -> None:
        """Bins from the earliest event to the latest: longer ones, and some before the first."""
        while self.last_us - self.begin_us + self._bins_before() * self.bin_us >= self.bin_us * RATE_BINS:
            odd = (self.first_us - self.begin_us) // self.bin_us % 2  # whole bins stay before the first event
            self.begin_us -= odd * self.bin_us
            pairs = np.pad(self.per_bin, odd).reshape(-1, 2).sum(axis=1)
            self.per_bin = np.pad(pairs, (0, RATE_BINS - len(pairs)))
            self.bin_us *= 2
        more = self._bins_before()
        if more:
            self.per_bin = np.concatenate([np.zeros(more, np.int64), self.per_bin[:-more]])
            self.begin_us -= more * self.bin_us

    def _bins_before(self) -> int:
        """Bins that are missing before the first, for the earliest event."""
        return -(-(self.begin_us - self.least_us) // self.bin_us)

    @classmethod
    def of_sensor(cls, sensor: tuple[int, int] | None) -> Census:
        """An empty one for a sensor of (width, height) pixels; None: not known."""
        if sensor is None:
            return cls()
        return cls(per_pixel=np.zeros((min(sensor[1], MOST_SIDE), min(sensor[0], MOST_SIDE)), np.int64))

    @property
    def duration_us(self) -> int:
        """Time from the earliest to the latest event in µs."""
        return self.last_us - self.least_us

    def rates(self) -> np.ndarray:
        """Events per second float64[n] in each bin of `bin_us` from begin_us on, to the latest event."""
        used = (self.last_us - self.begin_us) // self.bin_us + 1 if self.events else 0
        return self.per_bin[:used] * (1e6 / self.bin_us)

    def hot_pixels(self, factor: int) -> np.ndarray:
        """int64[n, 3] x, y, events of pixels that fire by themselves, most events first.

        Those with more than `factor` times the median of their 8 neighbours, which counts as 1 at least: what moves
        before a sensor passes over neighbours alike. At the border the outermost pixels stand for what is not there.
        """
        if not self.events:
            return np.empty((0, 3), np.int64)
        y, x = np.nonzero(_hot(self.per_pixel, factor))
        counts = self.per_pixel[y, x]
        order = np.lexsort((x, y, -counts))
        return np.stack([x, y, counts], axis=1)[order]


@jit
def _count(chunk, per_pixel, per_bin, begin, bin_us):
    on = 0
    height, width = per_pixel.shape
    for event in chunk:
        if event.x < width and event.y < height:
            per_pixel[event.y, event.x] += 1
        per_bin[(event.t - begin) // bin_us] += 1
        on += event.p
    return on


@jit
def _hot(per_pixel, factor):
    """bool[height, width]; see `Census.hot_pixels`."""
    height, width = per_pixel.shape
    hot = np.zeros((height, width), np.bool_)
    around = np.empty(8, np.int64)
    for y in range(height):
        for x in range(width):
            count = per_pixel[y, x]
            if count <= factor:  # the median counts as 1 at least
                continue
            filled = 0
            for dy in range(-1, 2):
                for dx in range(-1, 2):
                    if dy or dx:
                        row, column = min(max(y + dy, 0), height - 1), min(max(x + dx, 0), width - 1)
                        around[filled] = per_pixel[row, column]
                        filled += 1
            around.sort()
            # twice the median, which lies between the two in the middle, stays whole
            hot[y, x] = 2 * count > factor * max(around[3] + around[4], 2)
    return hot
