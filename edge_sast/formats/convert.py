"""One event file written in another form, piece by piece."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.census import Census
from edge_sast.files import atomic_stream, check_outputs
from edge_sast.formats.contract import Format
from edge_sast.formats.defects import Policy
from edge_sast.formats.fits import write_events
from edge_sast.formats.source import EventFile, FileOptions, open_events
from edge_sast.formats.zipped import EventPath, on_disk

NO_SENSOR = (0, 0)  # for writers that do not look at it


@dataclass(frozen=True)
class Span:
    """Part of a recording, µs after its first event: from <= t - t(first) < until.

    from_us 0 also takes what is earlier than the first event, where time steps back. until_us None: to the end.
    """

    from_us: int = 0
    until_us: int | None = None

    @classmethod
    def of_seconds(cls, begin: float | None, end: float | None) -> Span:
        """From --from-s and --until-s. Raises EdgeSastError for values that leave nothing."""
        for option, value in (("--from-s", begin), ("--until-s", end)):
            if value is not None and not 0 <= value < 1e12:
                raise EdgeSastError(f"{option} {value} is out of range; choose seconds from 0")
        span = cls(round((begin or 0) * 1e6), None if end is None else round(end * 1e6))
        if span.until_us is not None and span.until_us <= span.from_us:
            raise EdgeSastError(
                f"--until-s {end} leaves nothing after --from-s {begin or 0}; choose a later time"
            )
        return span

    def of(self, file: EventFile) -> Iterator[np.ndarray]:
        """The events of the span; stops reading behind it, unless steps back are kept: they may lead into it again."""
        back = file.defects.policy is Policy.KEEP
        first = None
        for chunk in file.chunks:
            if not len(chunk):
                continue
            first = int(chunk["t"][0]) if first is None else first
            after = chunk["t"] - first
            inside = (after >= self.from_us) | (not self.from_us)
            if self.until_us is not None:
                inside &= after < self.until_us
            yield chunk if inside.all() else chunk[inside]
            if self.until_us is not None and after[-1] >= self.until_us and not back:
                return


@dataclass(frozen=True)
class Converted:
    """What was read and written. source: the file's name; read, written: formats; events: that were written.

    remarks: see `EventFile.remarks`.
    """

    source: str
    read: str
    written: str
    events: int
    duration_us: int
    remarks: tuple[str, ...]

    @classmethod
    def of(cls, file: EventFile, writer: Format, census: Census) -> Converted:
        """A file that was read to its end. census: of what was written."""
        return cls(
            file.name, file.format.name, writer.name, census.events, census.duration_us, file.remarks()
        )

    def line(self, target: str) -> str:
        """One line: what became of what, with the remarks."""
        done = f"{self.source} ({self.read}) -> {target} ({self.written}): {self.events:,} events"
        return "; ".join([f"{done}, {self.duration_us * 1e-6:.6g} s", *self.remarks])


def convert_file(
    source: EventPath,
    target: str | os.PathLike[str],
    writer: Format,
    options: FileOptions,
    span: Span | None = None,
) -> Converted:
    """Write the events of `source` to `target` in the form of `writer`, whole or not at all.

    Raises:
        EdgeSastError: as `open_events`; where the form cannot hold an event; where there is none at all; where `target`
            is `source` or cannot be written.
    """
    check_outputs({"OUT": target}, [on_disk(source)])
    census = Census()
    with open_events(source, options) as file, atomic_stream(target) as stream:
        chunks = counted((span or Span()).of(file), census)
        sensor = file.needed_sensor() if writer.holds_sensor else NO_SENSOR
        write_events(writer, stream, sensor, chunks, file.name)
        if not census.events and span is not None and span != Span():
            raise EdgeSastError(
                f"{source}: no event lies between --from-s and --until-s; "
                f"'edge-sast data info {source}' tells how long it lasts"
            )
        if not census.events:
            raise EdgeSastError(
                f"{source}: 0 events to write; check its contents with 'edge-sast data info {source}'"
            )
        return Converted.of(file, writer, census)


def counted(chunks: Iterable[np.ndarray], census: Census) -> Iterator[np.ndarray]:
    """The chunks, counted as they pass."""
    for chunk in chunks:
        census.add(chunk)
        yield chunk
