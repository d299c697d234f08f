"""Going to a time or to an event of a long file without reading what lies before it.

One pass over a file notes where each of its chunks begins; any place is then one seek and at most one chunk away.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.formats.contract import State
from edge_sast.formats.defects import cleaned
from edge_sast.formats.registry import open_stream
from edge_sast.formats.source import FileOptions, open_events


@dataclass(frozen=True)
class Place:
    """Where a chunk begins: its first event's number in the file and time in µs, and the decoder's state."""

    event: int
    t: int
    state: State


@dataclass(frozen=True)
class SeekIndex:
    """Of one file that does not change. places: of its chunks with events, in order; events: all of the file."""

    path: Path
    options: FileOptions
    places: tuple[Place, ...]
    events: int

    def from_event(self, number: int) -> Iterator[np.ndarray]:
        """Chunks EVENT_DTYPE[n] from the event of this number, 0 the first, to the end.

        Raises EdgeSastError for a number outside 0..events.
        """
        if not 0 <= number <= self.events:
            raise EdgeSastError(
                f"{self.path}: event {number} is out of range 0..{self.events}; choose one of these"
            )
        at = bisect_right(self.places, number, key=lambda place: place.event) - 1
        skip = number - self.places[at].event if at >= 0 else 0
        for chunk in self._chunks(at):
            yield chunk[skip:]
            skip = max(0, skip - len(chunk))

    def from_time(self, t: int) -> Iterator[np.ndarray]:
        """Chunks EVENT_DTYPE[n] from the first event at or after t µs to the end."""
        # Events of this time may also end the chunk before the first that begins with it.
        at = bisect_right(self.places, t - 1, key=lambda place: place.t) - 1
        for chunk in self._chunks(max(at, 0)):
            yield chunk[int(np.searchsorted(chunk["t"], t)) :]

    def _chunks(self, at: int) -> Iterator[np.ndarray]:
        if not self.places:
            return
        reading = self.options.reading()
        with open(self.path, "rb") as stream:
            found, first = open_stream(stream, str(self.path), reading, self.options.key)
            assert found.resume is not None  # else there were no places
            opened = found.resume(stream, str(self.path), reading, self.places[at].state)
            sensor = self.options.sensor or first.header.sensor or found.usual_sensor
            yield from cleaned(opened.chunks, str(self.path), sensor, reading.defects, opened.offset_of)


def index_file(path: str | Path, options: FileOptions | None = None) -> SeekIndex:
    """Read a file once and note its places.

    Raises:
        EdgeSastError: as `open_events`, for a format that cannot be entered in the middle, and for defects: places are
            told by events that are as they stand in the file.
    """
    options = options or FileOptions()
    places: list[Place] = []
    count = 0
    with open_events(path, options) as file:
        if file.state is None or file.format.resume is None:
            raise EdgeSastError(
                f"{path}: {file.format.name} files cannot be entered in the middle; convert it with "
                "'edge-sast data convert' first"
            )
        state = file.state()
        for chunk in file.chunks:
            if len(chunk):
                places.append(Place(count, int(chunk["t"][0]), state))
            count += len(chunk)
            state = file.state()
    return SeekIndex(Path(path), options, tuple(places), count)
