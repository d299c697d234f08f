"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from edge_sast.errors import EdgeSastError


def write_atomic(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to a temporary file beside `path`, then rename it: a reader never sees half a file.

    Raises EdgeSastError (one line) when the disk is full or the folder cannot be written.
    """
    target = Path(path)
    temporary = ""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, target)
    except OSError as error:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
        raise EdgeSastError(
            f"{target}: cannot write {len(data)} bytes: {error.strerror or error}; "
            "free space or choose another folder"
        ) from error


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file. Raises EdgeSastError (one line) when it is missing or unreadable."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise EdgeSastError(
            f"{path}: cannot read: {error.strerror or error}; check the path and its permissions"
        ) from error
