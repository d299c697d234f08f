"""What every event format offers: it knows a file by its first bytes, and opens one as a header and chunks of events.

A file is read from a stream, piece by piece, so that a recording need not fit memory to be looked at; what must hold
across the border of two chunks (time) is kept by the format's own iterator and checked once more by `joined`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE

Sensor = tuple[int, int]  # (width, height) in pixels
SNIFFED_BYTES = 1024  # of a file's beginning, what `sniff` is given
CHUNK_BYTES = 1 << 20  # of a file, read at once


@dataclass(frozen=True)
class Header:
    """What a file says of itself. sensor: (width, height) in pixels, None where it says none."""

    sensor: Sensor | None = None


@dataclass(frozen=True)
class Opened:
    """A file that is being read. chunks: EVENT_DTYPE[n] each, in file order; may be taken once."""

    header: Header
    chunks: Iterator[np.ndarray]


@dataclass(frozen=True)
class Format:
    """One file format.

    Attributes:
        name: what messages and `data info` call it.
        suffixes: lower-case file suffixes with the dot.
        sniff: whether a file that begins with these bytes (SNIFFED_BYTES, or all of a shorter one) can be of it.
        open: (binary stream at its start, source name for messages) -> Opened. It and the iteration over the chunks
            raise EdgeSastError, and besides only what reading the stream raises.
        usual_sensor: (width, height) where the format is tied to one sensor, else None.
    """

    name: str
    suffixes: tuple[str, ...]
    sniff: Callable[[bytes], bool]
    open: Callable[[BinaryIO, str], Opened]
    usual_sensor: Sensor | None = None


def records(stream: BinaryIO, size: int, done: int = 0, begin: bytes = b"") -> Iterator[tuple[int, bytes]]:
    """(offset in the file, whole records of `size` bytes) of a stream until its end.

    done: bytes of the file before the records; begin: bytes of the first record that were read already.
    What is left over after the last whole record comes last, by itself.
    """
    rest = begin
    while data := stream.read(CHUNK_BYTES):
        data = rest + data
        whole = len(data) - len(data) % size
        if whole:
            yield done, data[:whole]
        rest, done = data[whole:], done + whole
    if rest:
        yield done, rest


def joined(chunks: Iterable[np.ndarray], source: str) -> np.ndarray:
    """EVENT_DTYPE[n] of all chunks.

    Raises EdgeSastError where the time of a chunk's first event lies before that of the event before it, beside what
    iterating raises.
    """
    found: list[np.ndarray] = []
    count = 0
    for chunk in chunks:
        if not len(chunk):
            continue
        if found and chunk["t"][0] < found[-1]["t"][-1]:
            raise EdgeSastError(
                f"{source}: event {count}: time runs backwards, from {found[-1]['t'][-1]} µs to {chunk['t'][0]} µs; "
                "events are never sorted silently: convert the file again in time order"
            )
        found.append(chunk)
        count += len(chunk)
    return found[0] if len(found) == 1 else np.concatenate([np.empty(0, EVENT_DTYPE), *found])
