"""Rows of a data set: where nothing is packed, from their place in the file itself, else through HDF5's library.

The library reads a chunk into a cache of its own and copies rows from there, which takes longer than reading the file.
"""

from __future__ import annotations

import math
from typing import Any, BinaryIO

import numpy as np

from edge_sast.errors import EdgeSastError

MOST_PLACES = 1 << 20  # of chunks that are kept


class Rows:
    """Rows of one data set, piece by piece, in a buffer that the next piece takes."""

    def __init__(self, data: Any, stream: BinaryIO, source: str) -> None:
        """data: h5py.Dataset of at least one dimension; stream: the file, which can be sought."""
        self._data, self._stream, self._source = data, stream, source
        # Asked once: h5py asks HDF5's library for each of them.
        self._shape, self._dtype, self._chunk_rows = data.shape, data.dtype, data.chunks and data.chunks[0]
        self._buffer = np.empty((0, *self._shape[1:]), self._dtype)
        self._row_bytes = self._dtype.itemsize * math.prod(self._shape[1:])
        self._places = _places(data)

    def read(self, begin: int, end: int) -> np.ndarray:
        """Rows begin..end, until the next call.

        Raises:
            EdgeSastError: the file ends before them. And whatever HDF5's library raises on damaged files.
        """
        if self._places is None:
            return self._data[begin:end]
        if len(self._buffer) < end - begin:
            self._buffer = np.empty((end - begin, *self._shape[1:]), self._dtype)
        piece = self._buffer[: end - begin]
        chunk_rows = self._chunk_rows or self._shape[0]
        room, done = piece.view(np.uint8).reshape(-1).data, begin
        while done < end:
            chunk, first = divmod(done, chunk_rows)
            stop = min(end, done + chunk_rows - first)
            size = (stop - done) * self._row_bytes
            self._fill(room[:size], int(self._places[chunk]) + first * self._row_bytes, done)
            room, done = room[size:], stop
        return piece

    def _fill(self, room: memoryview, offset: int, row: int) -> None:
        self._stream.seek(offset)
        if fill(self._stream, room) < len(room):
            raise EdgeSastError(
                f"{self._source}: ends before row {row} and those behind it, which are to lie at byte {offset}; the "
                "file is truncated or damaged: copy it again"
            )


def fill(stream: Any, room: memoryview) -> int:
    """Bytes read into `room`: all of it, fewer only at the end of the stream."""
    done = 0
    while done < len(room) and (more := stream.readinto(room[done:])):
        done += more
    return done


def _places(data: Any) -> np.ndarray | None:
    """Byte offset of each chunk, or of all rows; None where they are not in the file as they are in memory."""
    from h5py import h5t

    shape, chunks, of = data.shape, data.chunks, data.id
    if not data.size or of.get_create_plist().get_nfilters() or data.file.userblock_size:
        return None
    if data.dtype.hasobject or not hasattr(of, "chunk_iter") or h5t.py_create(data.dtype) != of.get_type():
        return None
    if chunks is None:
        offset = of.get_offset()  # None: they stand among what describes the data set
        return None if offset is None else np.array([offset])
    count = -(-shape[0] // chunks[0])
    if chunks[1:] != shape[1:] or count > MOST_PLACES:
        return None
    places = np.full(count, -1)

    def note(chunk: Any) -> None:
        places[chunk.chunk_offset[0] // chunks[0]] = chunk.byte_offset

    of.chunk_iter(note)  # asked for one by one, each would be looked for from the first on
    return None if (places < 0).any() else places
