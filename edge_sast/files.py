"""Writing a file whole or not at all."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from edge_sast.errors import EdgeSastError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# Full, over a quota or a limit, or no longer writable at all after an error of its own.
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)


def write_atomic(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to a temporary file beside `path`, then rename it: a reader never sees half a file.

    A link's target is written, not the link; a device or pipe is written to as it is, and so is the file that standard
    output or error goes to, after what they hold.

    Raises EdgeSastError (one line) when the disk is full or the folder cannot be written, and BrokenPipeError where who
    reads the pipe has seen enough (`... | head`), which ends a command without a word.
    """
    target = _destination(path)
    try:
        stream = _standard_stream(target)
        if stream is not None:
            _append(stream, data)
            return
        if _is_device(target):
            target.write_bytes(data)
            return
        with _replacing(target) as file:
            file.write(data)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise EdgeSastError(
            f"{target}: cannot write {len(data)} bytes: {error.strerror or error}; "
            "free space or choose another folder"
        ) from error


@contextmanager
def atomic_stream(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary stream for a file that is too long for memory; it can be sought, but on devices and pipes.

    The file is there, whole, when the `with` ends without an error, and not at all else; see `write_atomic` for links
    and devices. Raises EdgeSastError (one line) where it cannot be written, and BrokenPipeError as `write_atomic`.
    """
    target = _destination(path)
    try:
        descriptor = _standard_stream(target)
        if descriptor is not None:
            _append(descriptor, b"")
            with open(descriptor, "wb", closefd=False) as stream:
                yield stream
        elif _is_device(target):
            with open(target, "wb") as stream:
                yield stream
        else:
            with _replacing(target) as file:
                yield file
    except BrokenPipeError:
        raise
    except OSError as error:
        raise EdgeSastError(
            f"{target}: cannot be written: {error.strerror or error}; free space or choose another folder"
        ) from error


@contextmanager
def _replacing(target: Path) -> Iterator[BinaryIO]:
    """A temporary file beside `target` that takes its place when all went well; an interrupt leaves nothing either."""
    temporary = ""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, target)
        temporary = ""
    finally:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)


def is_no_space(error: BaseException) -> bool:
    """Whether an error, or one that led to it, is of a disk that takes no more."""
    while True:
        if isinstance(error, OSError) and error.errno in _NO_SPACE:
            return True
        earlier = error.__cause__ or error.__context__
        if earlier is None:
            return False
        error = earlier


def _destination(path: str | os.PathLike[str]) -> Path:
    """`path`, or what it links to in the end where that is a file, or nothing yet."""
    target = Path(path)
    if not target.is_symlink() or _is_device(target):  # /dev/stdout links to no name that can be opened
        return target
    end = Path(os.path.realpath(target))
    if end.is_symlink():
        raise EdgeSastError(f"{target}: is a link that leads back to itself; remove it, or name another")
    return end


def _is_device(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


def _standard_stream(path: Path) -> int | None:
    """Descriptor of standard output or error where it goes to this very file, which must not be replaced under it."""
    for descriptor in (1, 2):
        try:
            if os.path.samestat(os.stat(path), os.fstat(descriptor)):
                return descriptor
        except OSError:  # no such file, or the stream is closed
            continue
    return None


def _append(descriptor: int, data: bytes) -> None:
    for text in (sys.stdout, sys.stderr):
        if text is not None:  # closed before the start
            text.flush()
    with open(descriptor, "wb", closefd=False) as stream:
        stream.write(data)


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
    try:
        end = _destination(target)
    except EdgeSastError as error:
        raise EdgeSastError(f"{option} {error}") from error
    if _standard_stream(end) is not None:
        return
    device = _is_device(end)
    place = end if device or (folder and end.exists()) else end.absolute().parent
    while not place.exists() and place != place.parent:
        place = place.parent
    needed = os.W_OK if device else os.W_OK | os.X_OK
    if not (device or place.is_dir()) or not os.access(place, needed):
        raise EdgeSastError(f"{option} {target}: {place} cannot be written; choose another folder")


def check_outputs(
    outputs: Mapping[str, str | os.PathLike[str]],
    inputs: Iterable[str | os.PathLike[str]],
    made: Iterable[tuple[str, str | os.PathLike[str]]] = (),
) -> None:
    """Tell before long work of files that could not be written, or would overwrite another output or what is read.

    Args:
        outputs: option to the file that is written there.
        inputs: files and folders that are read; what does not exist is no path.
        made: option and file of what is written into folders, which are checked elsewhere.

    Raises EdgeSastError naming the option, for an output that is an input or lies in one, too.
    """
    read = [Path(os.path.realpath(path)) for path in inputs if Path(path).exists()]
    taken = {Path(os.path.realpath(path)): option for option, path in made}
    for option, path in outputs.items():
        check_writable(option, path, folder=False)
        end = _destination(path)
        if _is_device(end) or _standard_stream(end) is not None:  # takes from several
            continue
        end = Path(os.path.realpath(end))
        other = taken.setdefault(end, option)
        if other != option:
            raise EdgeSastError(f"{option} {path}: is the file of {other} too; name another one")
        for source in read:
            if source == end or source in end.parents:
                inside = "is" if source == end else f"lies in {source},"
                raise EdgeSastError(f"{option} {path}: {inside} what is read; name another file")


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
