"""A file that HDF5's library writes without meeting an error of a write, from which its closing would not recover."""

from __future__ import annotations

import io
from typing import Any

from edge_sast.errors import EdgeSastError
from edge_sast.formats.hdf5.rows import fill
from edge_sast.spool import Spool


class HeldWrites(io.RawIOBase):
    """A `Spool` whose first error is held for `check`; what is written from then on stays in memory and is read there.

    Whoever writes calls `check` after each piece, so that memory holds one piece and what the library still has.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool, self._at, self._size = spool, 0, 0  # bytes
        self._held: list[tuple[int, bytes]] = []  # (place, bytes), in order of their writes
        self.error: EdgeSastError | None = None

    def check(self) -> None:
        """Raise the EdgeSastError that was held."""
        if self.error:
            raise self.error

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def write(self, data: Any) -> int:
        """All of the bytes, always."""
        view = memoryview(data).cast("B")
        begin, self._at = self._at, self._at + len(view)
        self._size = max(self._size, self._at)
        if self.error is None:
            try:
                self._spool.seek(begin)
                done = 0
                while done < len(view):  # a disk may take a part
                    done += self._spool.write(view[done:])
                return len(view)
            except EdgeSastError as error:
                self.error = error
        self._held.append((begin, bytes(view)))
        return len(view)

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        view = view[: max(0, self._size - self._at)]
        self._spool.seek(self._at)
        read = fill(self._spool, view)
        view[read:] = bytes(len(view) - read)
        for place, data in self._held:
            begin, end = max(place, self._at), min(place + len(data), self._at + len(view))
            if begin < end:
                view[begin - self._at : end - self._at] = data[begin - place : end - place]
        self._at += len(view)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        self._size = self._at if size is None else size
        try:
            self._spool.truncate(self._size)
        except EdgeSastError as error:
            self.error = self.error or error
        return self._size
