"""The journal of a sweep: Optuna's file of one JSON line for each operation, readable after a cut at any byte.

Optuna 5 appends after whatever stands last in the file, and refuses all of a file with one line that is no JSON. So
what a power cut or a full disk left of a line is taken away: before the file is opened, and before each line that is
appended. It belongs to an operation that nobody counts as done.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

from edge_sast.errors import EdgeSastError
from edge_sast.files import read_bytes, write_atomic
from edge_sast.terminal import echo

_BEGIN = b'{"op_code":'  # of each line


class SweepJournal(JournalFileBackend):
    """Raises EdgeSastError where the file is damaged in its middle, or cannot be written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._symlink = JournalFileSymlinkLock(str(path))  # Optuna's own: older workers wait for it
        try:
            if path.is_file():
                self._mend()
            super().__init__(str(path), self._symlink)
        except OSError as error:
            raise _unwritable(path, error) from error

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        text = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs).encode()
        try:
            with self._held(), open(self._path, "ab+", buffering=0) as stream:
                _append(stream, text)
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def _mend(self) -> None:
        data = read_bytes(self._path)
        if _whole(self._path, data) == data:
            return
        with self._held():  # now nobody is amid a line
            data = read_bytes(self._path)
            whole = _whole(self._path, data)
            if data.startswith(whole):
                os.truncate(self._path, len(whole))  # needs no space
            else:
                write_atomic(self._path, whole)
        if lost := len(data) - len(whole):
            echo(f"warning: {self._path}: {lost} bytes of a line that was cut off are removed", error=True)

    @contextmanager
    def _held(self) -> Iterator[None]:
        self._symlink.acquire()
        try:
            yield
        finally:
            with suppress(RuntimeError):  # held so long that another took it for left behind
                self._symlink.release()


def _unwritable(path: Path, error: OSError) -> EdgeSastError:
    return EdgeSastError(
        f"{path}: cannot be written: {error.strerror or error}; free space, then the same command goes on"
    )


def _append(stream: io.FileIO, text: bytes) -> None:
    """`text` after the last whole line of a file, whole or not at all."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - 1))
    if size and stream.read(1) != b"\n":
        stream.seek(0)
        size = stream.readall().rfind(b"\n") + 1
        stream.truncate(size)
    try:
        rest = text
        while rest:
            rest = rest[stream.write(rest) :]
        os.fsync(stream.fileno())
    except OSError:
        with suppress(OSError):
            stream.truncate(size)
        raise


def _whole(path: Path, data: bytes) -> bytes:
    """The whole lines of a journal's content.

    Raises EdgeSastError for a line that is damaged, not cut off: those after it count the trials of all before.
    """
    lines = io.BytesIO(data[: data.rfind(b"\n") + 1]).readlines()
    whole = [_end_of(line) for line in lines]
    if b"" in whole:
        raise EdgeSastError(
            f"{path}: line {whole.index(b'') + 1} is damaged; move the file away and give the same command: finished "
            "trials are read from their folders"
        )
    return b"".join(whole)


def _end_of(line: bytes) -> bytes:
    """A line, or the one that was written after a piece of another; nothing where there is none."""
    if _is_operation(line):
        return line
    rest = line[max(0, line.rfind(_BEGIN)) :]
    return rest if _is_operation(rest) else b""


def _is_operation(line: bytes) -> bool:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and type(document.get("op_code")) is int
