"""Temporary files, which name their folder where it is full: the error of a write says no file."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import Any

from edge_sast.errors import EdgeSastError


class Spool(io.FileIO):
    """A temporary file without a name, read and written; a write raises EdgeSastError where its folder is full."""

    def __init__(self) -> None:
        with _told(), TemporaryFile(buffering=0) as file:
            super().__init__(os.dup(file.fileno()), "r+b")

    def write(self, data: Any) -> int:
        """How many of the bytes were written, as of `io.RawIOBase`."""
        with _told():
            return super().write(data)

    def truncate(self, size: int | None = None) -> int:
        """The new size, in bytes."""
        with _told():
            return super().truncate(size)


def buffered_spool() -> io.BufferedRandom:
    """A `Spool` for many small writes and reads."""
    return io.BufferedRandom(Spool())


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        folder = tempfile.tempdir or "the folder for temporary files"
        raise EdgeSastError(
            f"{folder}: cannot hold a temporary file: {error.strerror or error}; free space there, or set TMPDIR to "
            "another folder"
        ) from error
