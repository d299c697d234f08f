"""What every event format offers: it knows a file by its first bytes, and opens one as a header and chunks of events.

A file is read forward, piece by piece, so that an hour's recording needs no more memory than a second's, and so that
most formats can be read from a pipe. Whatever a file has, its chunks are in one convention: t in µs as it stands in
the file with its wraps undone, x from the left, y from the top, p = 1 is ON. What was changed for that stands in the
header.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import BinaryIO

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.events.remark import Remark
from edge_sast.formats.defects import Defects

Sensor = tuple[int, int]  # (width, height) in pixels
State = tuple[int, ...]  # of a decoder between two chunks; its first number is a byte offset (HDF5: an event)
SNIFFED_BYTES = 4096  # of a file's beginning, what `sniff` is given
CHUNK_BYTES = 1 << 18  # of a file, read at once: they and their events stay in a core's second cache


class Likeness(IntEnum):
    """How surely a file is of a format, by its first bytes."""

    NOT = 0
    POSSIBLE = 1  # the format has no mark of its own; the file's suffix, or the user, decides
    CERTAIN = 2


@dataclass(frozen=True)
class Header:
    """What a file says of itself.

    Attributes:
        sensor: (width, height) in pixels, None where it says none.
        said: (what, value) as the file has it, before it was brought to the one convention: version, camera, time unit,
            origin, polarity, begin; `data info` shows it.
        assumed: one sentence for each default that was taken because the file says nothing.
        left_out: events that the file has and nobody gets.
    """

    sensor: Sensor | None = None
    said: tuple[tuple[str, str], ...] = ()
    assumed: tuple[str, ...] = ()
    left_out: tuple[Remark, ...] = ()

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What every command says that reads the file."""
        return (*map(Remark, self.assumed), *self.left_out)


@dataclass(frozen=True)
class Opened:
    """A file that is being read.

    Attributes:
        header: what it says.
        chunks: EVENT_DTYPE[n] each, in file order; may be taken once. Time may step back and coordinates may lie
            outside the sensor: `cleaned` looks at both. p is 0 or 1.
        offset_of: byte offset in the file of event i of the chunk that was given last; None where events have no place
            of their own (compressed packets).
        state: between two chunks, where `Format.resume` can go on; None where the format cannot.
    """

    header: Header
    chunks: Iterator[np.ndarray]
    offset_of: Callable[[int], int] | None = None
    state: Callable[[], State] | None = None


@dataclass
class Reading:
    """How a file is to be read: what the user said, and what was met.

    Attributes:
        defects: what is done with defects, and how many there were.
        columns: order of the columns of a text file, such as "t,x,y,p"; None: its header, else the documented order.
        time_unit: "s", "ms", "us" or "ns" of a file that does not say its own; None: the documented default.
        taken: which of "columns" and "time_unit" the format went by; it adds them.
    """

    defects: Defects = field(default_factory=Defects)
    columns: str | None = None
    time_unit: str | None = None
    taken: set[str] = field(default_factory=set)

    def check_taken(self, source: str, format_name: str) -> None:
        """Of an opened file: nothing that was said was left aside.

        Raises:
            EdgeSastError: the file has columns or a unit of its own.
        """
        said = (
            ("columns", "an order of columns", self.columns),
            ("time_unit", "a unit of time", self.time_unit),
        )
        for key, what, value in said:
            if value is not None and key not in self.taken:
                raise EdgeSastError(
                    f"{source}: --{key.replace('_', '-')} {value}: this {format_name} file has {what} of its own; "
                    "leave the option out"
                )


Opener = Callable[[BinaryIO, str, Reading], Opened]


@dataclass(frozen=True)
class Format:
    """One file format.

    Attributes:
        name: what messages and `data info` call it.
        key: what `--format` calls it: lower case, no spaces.
        suffixes: lower-case file suffixes with the dot; the first is the one that is written.
        sniff: how surely a file that begins with these bytes (SNIFFED_BYTES, or all of a shorter one) is of it.
        open: (binary stream at its start, source name for messages, Reading) -> Opened. It and the iteration over the
            chunks raise EdgeSastError, and besides only what reading the stream raises. The stream is read forward
            only, unless `seeks`.
        seeks: opening takes a stream that can be sought.
        resume: as `open`, from an `Opened.state` of the same file: the stream may stand anywhere and can be sought.
        write: (binary stream, sensor, chunks in order of time) writes a whole file, piece by piece; EdgeSastError
            for an event that the format cannot hold.
        holds_sensor: writing needs the sensor's size; where not, `write` takes any and does not look at it.
        usual_sensor: (width, height) where the format is tied to one sensor, else None.
    """

    name: str
    key: str
    suffixes: tuple[str, ...]
    sniff: Callable[[bytes], Likeness]
    open: Opener
    seeks: bool = False
    resume: Callable[[BinaryIO, str, Reading, State], Opened] | None = None
    write: Callable[[BinaryIO, Sensor, Iterable[np.ndarray]], None] | None = None
    holds_sensor: bool = True
    usual_sensor: Sensor | None = None


def exactly(stream: BinaryIO, size: int) -> bytes:
    """So many bytes, fewer only at the end: a pipe may give them in pieces."""
    data = stream.read(size)
    while 0 < len(data) < size and (more := stream.read(size - len(data))):
        data += more
    return data


def records(stream: BinaryIO, size: int, done: int = 0, begin: bytes = b"") -> Iterator[tuple[int, bytes]]:
    """(offset in the file, whole records of `size` bytes) of a stream until its end.

    done: bytes of the file before the records; begin: bytes of the records that were read already.
    What is left over after the last whole record comes last, by itself.
    """
    data, at_once = begin, max(size, CHUNK_BYTES // size * size)
    while True:
        whole = len(data) - len(data) % size
        if whole:
            yield done, data[:whole]
        rest, done = data[whole:], done + whole
        data = stream.read(at_once - len(rest))  # then there is no rest to be copied before the next
        if not data:
            break
        data = rest + data
    if rest:
        yield done, rest


def whole_records(
    stream: BinaryIO,
    size: int,
    source: str,
    reading: Reading,
    done: int = 0,
    begin: bytes = b"",
    record: str = "event",
) -> Iterator[tuple[int, bytes]]:
    """As `records`, without what is left over: that is a truncated end, which `reading.defects` decides about.

    record: what messages call a record.
    """
    for offset, data in records(stream, size, done, begin):
        rest = len(data) % size
        if not rest:
            yield offset, data
        else:
            reading.defects.truncated(
                f"{source}: ends at byte {offset + rest}, {rest} bytes into the {record} at byte offset {offset} "
                f"({size} bytes per {record})"
            )


def joined(chunks: Iterable[np.ndarray]) -> np.ndarray:
    """EVENT_DTYPE[n] of all chunks."""
    found = [chunk for chunk in chunks if len(chunk)]
    return found[0] if len(found) == 1 else np.concatenate([np.empty(0, EVENT_DTYPE), *found])
