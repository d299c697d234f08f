"""An event file as commands read it: opened by what the user said, its chunks cleaned, its defects counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.formats.contract import Format, Header, Reading, Sensor, State
from edge_sast.formats.defects import MAX_GAP_US, Defects, Policy, cleaned
from edge_sast.formats.registry import open_stream
from edge_sast.formats.zipped import EventPath, open_path


@dataclass(frozen=True)
class FileOptions:
    """What a user says of files. sensor: (width, height); key: a format's name; columns, time_unit: see `Reading`.

    policy: what is done with defects; max_gap_us: None takes the usual one.
    """

    sensor: Sensor | None = None
    key: str | None = None
    columns: str | None = None
    time_unit: str | None = None
    policy: Policy = Policy.REJECT
    max_gap_us: int | None = None

    def reading(self) -> Reading:
        """A fresh `Reading` for one file."""
        limit = MAX_GAP_US if self.max_gap_us is None else self.max_gap_us
        return Reading(Defects(self.policy, limit), self.columns, self.time_unit)


@dataclass(frozen=True)
class EventFile:
    """A file that is being read.

    Attributes:
        name: as the user gave it. format, header: what it is and says.
        sensor: (width, height) in pixels as the user, the file or the format says; None where nobody does.
        chunks: EVENT_DTYPE[n] each, cleaned; may be taken once.
        defects: complete when the chunks are at their end.
        state: see `Opened`.
    """

    name: str
    format: Format
    header: Header
    sensor: Sensor | None
    chunks: Iterator[np.ndarray]
    defects: Defects
    state: Callable[[], State] | None = None

    def remarks(self) -> tuple[str, ...]:
        """Sentences on defaults, on what was left out and on mended defects; all of them when the chunks are at their
        end."""
        defects = self.defects
        mended = (
            f"{count:,} x {kind}, --defects {defects.policy}"
            for kind, count in defects.counts.items()
            if count
        )
        return (*map(str, self.header.remarks), *mended)

    def remark_line(self) -> str:
        """The remarks in one line that begins with the file's name; empty where there is none."""
        remarks = self.remarks()
        return f"{self.name}: {'; '.join(remarks)}" if remarks else ""

    def needed_sensor(self) -> Sensor:
        """The sensor's size. Raises EdgeSastError where nobody says it."""
        if self.sensor is None:
            raise EdgeSastError(
                f"{self.name}: {self.format.name} files do not say their sensor size; pass --sensor WxH"
            )
        return self.sensor


@contextmanager
def open_events(
    path: str | EventPath, options: FileOptions | None = None, supposed: Sensor | None = None
) -> Iterator[EventFile]:
    """A file on disk or in an archive, open while the `with` lasts; memory does not grow with its length.

    supposed: the sensor where neither the options nor the file say one.

    Raises:
        EdgeSastError: it cannot be read, is of no known format, or is damaged; also while the chunks are taken.
    """
    options = options or FileOptions()
    reading = options.reading()
    name = str(path)
    with ExitStack() as stack:
        # What the caller does inside the `with` may raise OSErrors of its own, which are no reader's.
        with _readable(name):
            stream = stack.enter_context(open_path(path))
            found, opened = open_stream(cast(BinaryIO, stream), name, reading, options.key)
        sensor = options.sensor or opened.header.sensor or found.usual_sensor or supposed
        chunks = cleaned(
            _readable_chunks(opened.chunks, name), name, sensor, reading.defects, opened.offset_of
        )
        yield EventFile(name, found, opened.header, sensor, chunks, reading.defects, opened.state)


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EdgeSastError(
            f"{name}: cannot be read ({error.strerror or error}); check the path and its permissions"
        ) from error


def _readable_chunks(chunks: Iterator[np.ndarray], name: str) -> Iterator[np.ndarray]:
    with _readable(name):
        yield from chunks
