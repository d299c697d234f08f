"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_sast.errors import EdgeSastError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def write_atomic(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to a temporary file beside `path`, then rename it: a reader never sees half a file.

    A link's target is written, not the link; a device or pipe is written to as it is.

    Raises EdgeSastError (one line) when the disk is full or the folder cannot be written.
    """
    target = Path(path)
    temporary = ""
    try:
        if target.exists() and not target.is_file() and not target.is_dir():
            target.write_bytes(data)
            return
        if target.is_symlink():
            target = target.resolve()
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
        temporary = ""
    except OSError as error:
        raise EdgeSastError(
            f"{target}: cannot write {len(data)} bytes: {error.strerror or error}; "
            "free space or choose another folder"
        ) from error
    finally:  # an interrupt leaves nothing behind either
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)


def remove_leftovers(path: str | os.PathLike[str]) -> None:
    """Remove what write_atomic of `path` left behind when its process was killed; call it holding the folder's lock."""
    target = Path(path)
    for leftover in target.parent.glob(f".{target.name}.*"):
        leftover.unlink(missing_ok=True)


def check_writable(option: str, path: str | os.PathLike[str], *, folder: bool) -> None:
    """Tell before long work that its result could not be written; creates nothing.

    Raises EdgeSastError where `path` is a folder instead of a file (or the reverse), or lies where nothing can be made.
    """
    target = Path(path)
    if target.exists() and target.is_dir() != folder:
        kind, wanted = ("file", "folder") if folder else ("folder", "file")
        raise EdgeSastError(f"{option} {target}: is a {kind}; name a {wanted}")
    place = target if folder and target.exists() else target.absolute().parent
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise EdgeSastError(f"{option} {target}: {place} cannot be written; choose another folder")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder against other processes that ask for it too; the system lets go when this one ends, however.

    Raises EdgeSastError while another process holds it. File systems and platforms without such locks go unguarded.
    """
    if fcntl is None:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise EdgeSastError(
            f"--out {folder}: another training writes there; wait for its end, or choose another folder"
        ) from error
    except OSError:
        pass
    try:
        yield
    finally:
        os.close(descriptor)


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file. Raises EdgeSastError (one line) when it is missing or unreadable."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise EdgeSastError(
            f"{path}: cannot read: {error.strerror or error}; check the path and its permissions"
        ) from error
