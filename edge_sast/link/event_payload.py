"""The event bytes of docs/protocol.md, section 4."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.link.messages import BoardInfo, StepEvents

MOST_SITES = (1 << 32) - 2  # a number of the wire is below 2^32, and an event's is one more than its distance
_THRESHOLDS = [1 << 7, 1 << 14, 1 << 21, 1 << 28]  # from here on a number takes one byte more


@dataclass(frozen=True)
class Load:
    """What one LOAD frame carries. steps: how many end in it."""

    payload: bytes
    steps: int


def recording_steps(binned: BinnedEvents, recording: int) -> list[StepEvents]:
    """The steps of a binned recording, as Binning.sensor_events gives them."""
    grid = binned.binning
    rows = binned.step_ptr[recording * grid.steps : (recording + 1) * grid.steps + 1]
    return [
        StepEvents(*grid.sensor_events(binned.indices[first:last], binned.counts[first:last]))
        for first, last in itertools.pairwise(rows)
    ]


def numbers(steps: Sequence[StepEvents], info: BoardInfo) -> NDArray[np.int64]:
    """All steps as the numbers of the wire: a distance plus 1 for each event, 0 where a step ends.

    Raises EdgeSastError for an event outside the model's input.
    """
    if info.width * info.height * 2 > MOST_SITES:
        raise EdgeSastError(
            f"the model's input has {info.width} x {info.height} pixels, more than the protocol can address; "
            "shift coordinates when binning"
        )
    parts: list[NDArray[np.int64]] = []
    for t, step in enumerate(steps):
        sites = np.sort(_sites(step, info, t))
        parts += [np.diff(sites, prepend=0) + 1, np.zeros(1, np.int64)]
    return np.concatenate([*parts, np.zeros(0, np.int64)])


class EventBytes:
    """A recording as event bytes, to be cut into loads of any size, and what is left of it into others.

    Raises EdgeSastError as `numbers` does.
    """

    def __init__(self, steps: Sequence[StepEvents], info: BoardInfo) -> None:
        values = numbers(steps, info)
        sizes = 1 + np.searchsorted(_THRESHOLDS, values, side="right")
        self._ends, self._step_ends = np.cumsum(sizes), np.cumsum(values == 0)
        self.data = _pack(values, sizes, self._ends)
        self.steps = len(steps)

    def cut(self, room: int, most_steps: int, behind: Sequence[Load] = ()) -> list[Load]:
        """Loads of `room` bytes and `most_steps` steps at most, no number cut in two: of what is not in `behind`."""
        ends, step_ends = self._ends, self._step_ends
        out: list[Load] = []
        at, done = sum(len(load.payload) for load in behind), sum(load.steps for load in behind)
        first = int(np.searchsorted(ends, at, side="right"))
        while first < len(ends):
            by_bytes = np.searchsorted(ends, at + room, side="right")
            by_steps = np.searchsorted(step_ends, done + most_steps, side="right")
            last = int(min(by_bytes, by_steps))
            out.append(Load(self.data[at : ends[last - 1]], int(step_ends[last - 1]) - done))
            first, at, done = last, int(ends[last - 1]), int(step_ends[last - 1])
        return out


def _sites(step: StepEvents, info: BoardInfo, t: int) -> NDArray[np.int64]:
    x, y, p = (np.asarray(part).astype(np.int64) for part in (step.x, step.y, step.polarity))
    column, row = x >> info.shift, y >> info.shift
    outside = (column < 0) | (column >= info.width) | (row < 0) | (row >= info.height) | (p < 0) | (p > 1)
    if outside.any():
        i = int(outside.argmax())
        raise EdgeSastError(
            f"step {t}: event {i} is at x {x[i]}, y {y[i]}, polarity {p[i]}, outside the board's input of "
            f"{info.width} x {info.height} (coordinates >> {info.shift}); use data of the model's sensor"
        )
    return (row * info.width + column) * 2 + p


def _pack(values: NDArray[np.int64], sizes: NDArray[np.int64], ends: NDArray[np.int64]) -> bytes:
    """Seven bits per byte, lowest first, bit 7 on all but the last."""
    data = np.zeros(int(ends[-1]) if len(ends) else 0, np.uint8)
    starts = ends - sizes
    for i in range(5):
        has = sizes > i
        more = np.where(sizes[has] > i + 1, 0x80, 0)
        data[starts[has] + i] = (values[has] >> (7 * i) & 0x7F) | more
    return data.tobytes()
