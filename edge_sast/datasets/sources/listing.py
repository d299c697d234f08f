"""Files below a folder, with zip archives read in place as if they were folders of the same name."""

from __future__ import annotations

import hashlib
import lzma
import os
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from edge_sast.bulk.threads import map_in_order
from edge_sast.errors import EdgeSastError

HASH_CHUNK = 1 << 20  # bytes
DATASET_TOML = (
    "dataset.toml"  # at the root: what the set says of itself (dataset_toml.py); else a file like others
)


class Archive(zipfile.ZipFile):
    """A zip archive that can be sent to another process, which opens it by its name, once for all its members."""

    def __reduce__(self) -> tuple[Any, ...]:
        assert self.filename is not None
        assert self.fp is not None
        status = os.fstat(self.fp.fileno())
        return _reopen, (os.path.abspath(self.filename), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _reopen(path: str, size: int, mtime_ns: int) -> Archive:
    try:
        archive = Archive(path)
        assert archive.fp is not None
        status = os.fstat(archive.fp.fileno())
    except (OSError, zipfile.BadZipFile) as error:
        raise EdgeSastError(
            f"{path}: cannot be opened by a worker ({error}); it needs to lie at the same place for all of them"
        ) from error
    if (status.st_size, status.st_mtime_ns) != (size, mtime_ns):
        raise EdgeSastError(f"{path}: changed while it was read; run the same command again")
    return archive


@dataclass(frozen=True)
class Entry:
    """One file.

    Attributes:
        parts: path below the root, a zip standing for a folder named by its stem.
        source: full name for messages, `…/train.zip:0/00009.bin` inside a zip.
        read: the file's contents; raises EdgeSastError.
        member: inside a zip, the archive and its own entry there; None for a file on disk.
    """

    parts: tuple[str, ...]
    source: str
    read: Callable[[], bytes]
    member: tuple[zipfile.ZipFile, zipfile.ZipInfo] | None = None


def list_entries(root: Path) -> list[Entry]:
    """Every file below `root` (a folder or a zip) that is no dotfile, README or `__MACOSX`, sorted by path.

    Raises:
        EdgeSastError: the root is missing or unreadable, or a zip is damaged.
    """
    if root.is_file() and root.suffix.lower() == ".zip":
        return sorted(_zip_entries(root, ()), key=lambda entry: entry.parts)
    if not root.is_dir():
        what = "is a file, not a folder or .zip" if root.exists() else "does not exist"
        raise EdgeSastError(
            f"data '{root}' {what}; give a folder <class>/<recording> or <split>/<class>/<recording>"
        )
    return sorted(_folder_entries(root, ()), key=lambda entry: entry.parts)


def content_digests(entries: Sequence[Entry]) -> Iterator[str]:
    """What tells each file's contents from any others, in order: all files are read, none is trusted by its time.

    A file's SHA-256; of a zip's member its place there and the SHA-256 of the whole archive, which is read once and
    faster than its members can be unpacked.

    Raises:
        EdgeSastError: a file that cannot be read.
    """
    archives = list(dict.fromkeys(entry.member[0] for entry in entries if entry.member))
    digests = dict(zip(archives, map_in_order(_archive_digest, archives), strict=True))

    def digest(entry: Entry) -> str:
        if entry.member is None:
            return hashlib.sha256(entry.read()).hexdigest()
        archive, info = entry.member
        return f"{digests[archive]} {info.filename} {info.header_offset} {info.file_size} {info.CRC}"

    if all(entry.member for entry in entries):
        return map(digest, entries)  # nothing left to read
    return map_in_order(digest, entries)


def _archive_digest(archive: zipfile.ZipFile) -> str:
    """SHA-256 of an archive's bytes, read through the handle that its members are read through: by its name another
    file may be found by now. Nothing else may read from it meanwhile.
    """
    digest, stream = hashlib.sha256(), archive.fp
    try:
        if stream is None:
            raise OSError("closed")
        stream.seek(0)
        while chunk := stream.read(HASH_CHUNK):
            digest.update(chunk)
    except OSError as error:
        raise EdgeSastError(f"{archive.filename}: cannot be read ({error}); check the disk") from error
    return digest.hexdigest()


def is_ignored(name: str) -> bool:
    """Whether a file or folder of this name is none of a user's recordings, wherever it lies."""
    return name.startswith((".", "README")) or name == "__MACOSX"


def _folder_entries(folder: Path, parts: tuple[str, ...]) -> Iterator[Entry]:
    try:
        with os.scandir(folder) as found:
            children = [(child, child.is_dir()) for child in found if not is_ignored(child.name)]
    except OSError as error:
        raise EdgeSastError(
            f"{folder}: cannot be listed ({error.strerror}); check its permissions"
        ) from error
    if parts and not children:
        raise EdgeSastError(f"{folder}: empty folder; put recordings into it, or remove it")
    names = {child.name for child, _ in children}
    for child, is_folder in children:
        path = Path(child.path)
        if path.suffix.lower() == ".zip" and path.stem in names:
            # Usually an archive unpacked beside itself: every recording would count twice.
            raise EdgeSastError(
                f"{path}: lies beside '{path.stem}', which it stands for; move one of them away"
            )
        if is_folder:
            yield from _folder_entries(path, (*parts, child.name))
        elif path.suffix.lower() == ".zip":
            yield from _zip_entries(path, (*parts, path.stem))
        else:
            yield _file_entry(path, (*parts, child.name))


def _file_entry(path: Path, parts: tuple[str, ...]) -> Entry:
    try:
        status = path.stat()
    except OSError as error:
        raise EdgeSastError(f"{path}: cannot be read ({error.strerror}); repair or remove it") from error
    if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for
        raise EdgeSastError(f"{path}: is neither a file nor a folder; remove it")
    return Entry(parts, str(path), partial(_read_file, path))


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EdgeSastError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error


def _zip_entries(path: Path, parts: tuple[str, ...]) -> list[Entry]:
    try:
        archive = Archive(path)
    except (OSError, zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError) as error:
        raise EdgeSastError(f"{path}: not a readable zip archive ({error}); copy it again") from error
    found = []
    for info in archive.infolist():
        # Some Windows packers write `cat\0.bin`, against the format; as a name it would be a file without a folder.
        name = info.filename.replace("\\", "/")
        inside = tuple(part for part in name.split("/") if part not in ("", "."))
        if name.endswith("/") or not inside or any(is_ignored(part) for part in inside):
            continue
        found.append((inside, info))
    twice = [name for name, count in Counter(inside for inside, _ in found).items() if count > 1]
    if twice:
        raise EdgeSastError(f"{path}: holds {'/'.join(twice[0])} twice; pack it again with one of them")
    if not found:
        raise EdgeSastError(f"{path}: empty zip archive; put recordings into it, or remove it")
    # Archives made of a folder hold it as one common leading name (`Train/0/00002.bin`); the zip already
    # stands for it.
    recordings = [inside for inside, _ in found if inside[-1] != DATASET_TOML]
    wrapped = (
        all(len(inside) >= 3 for inside in recordings) and len({inside[0] for inside in recordings}) == 1
    )
    return [
        Entry(
            (*parts, *inside[1 if wrapped and len(inside) > 1 else 0 :]),
            f"{path}:{'/'.join(inside)}",
            partial(_read_member, archive, info, f"{path}:{'/'.join(inside)}"),
            (archive, info),
        )
        for inside, info in found
    ]


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, source: str) -> bytes:
    try:
        return archive.read(info)
    except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError) as error:
        raise EdgeSastError(
            f"{source}: cannot be unpacked ({error}); the archive is damaged: copy it again"
        ) from error
