"""What a board made of recordings: one outcome each, kept in a journal that survives an interrupt."""

from __future__ import annotations

import io
import json
import os
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from edge_sast.errors import EdgeSastError
from edge_sast.hil.outcome import Outcome
from edge_sast.parity.mismatch import Mismatch

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

FORMAT = "edge-sast-hil-journal"
FORMAT_VERSION = 6


@dataclass(frozen=True)
class Identity:
    """What a journal belongs to: results of one may not be mixed with those of another.

    model: SHA-256, hexadecimal. data: BinnedEvents.digest. check: which comparisons were made. recordings: how many
    there are. events: what the board was sent: "sent", all that the sensor sent, or "unique", those that count.
    """

    model: str
    data: str
    check: str
    recordings: int
    events: str = "unique"


class Journal:
    """Outcomes as lines of JSON, each with a CRC-32 and on the disk before the next recording counts as done.

    A context manager; while it is open no other process writes to the file.
    """

    def __init__(self, path: Path, stream: io.FileIO, done: Sequence[Outcome]) -> None:
        self.path, self._stream, self.done = path, stream, tuple(done)

    @staticmethod
    def create(path: str | os.PathLike[str], identity: Identity) -> Journal:
        """A new journal in place of what was there.

        Raises EdgeSastError where the file cannot be written or another process writes to it.
        """
        target = Path(path)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(target, error) from error
        journal = Journal(target, _open_locked(target), ())
        try:
            if journal._stream.seek(0, os.SEEK_END):
                journal._stream.truncate(0)
            journal._write({"format": FORMAT, "version": FORMAT_VERSION, **asdict(identity)})
        except (OSError, EdgeSastError) as error:
            journal.close()
            raise error if isinstance(error, EdgeSastError) else _unwritable(target, error) from error
        return journal

    @staticmethod
    def resume(path: str | os.PathLike[str], identity: Identity) -> Journal:
        """A journal to go on with. A last line that was cut off is removed: its recording runs again.

        One that was cut off in its first line is begun anew.

        Raises EdgeSastError where it does not exist, is damaged, or belongs to another model, data or check.
        """
        target = Path(path)
        if not target.is_file():
            raise EdgeSastError(f"--resume {target}: does not exist; start without --resume")
        stream = _open_locked(target)
        header = _line({"format": FORMAT, "version": FORMAT_VERSION, **asdict(identity)})
        try:
            if target.stat().st_size < len(header) and header.startswith(target.read_bytes()):
                stream.close()
                return Journal.create(target, identity)
            documents, end = _read(target, stream)
            _check_identity(target, documents[0], identity)
            done = _outcomes(target, documents[1:], identity.recordings)
            stream.truncate(end)
        except OSError as error:
            stream.close()
            raise _unwritable(target, error) from error
        except EdgeSastError:
            stream.close()
            raise
        return Journal(target, stream, done)

    def append(self, outcome: Outcome) -> None:
        """Keep an outcome. Raises EdgeSastError where the disk does not take it."""
        self._write(asdict(outcome))

    def kept(self) -> int:
        """Outcomes in the file, counted there: an interrupt may come between the disk and any variable."""
        self._stream.seek(0)
        return self._stream.readall().count(b"\n") - 1

    def _write(self, document: dict[str, Any]) -> None:
        data = _line(document)
        try:
            while data:
                data = data[self._stream.write(data) :]
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def close(self) -> None:
        self._stream.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _open_locked(path: Path) -> io.FileIO:
    try:
        # Without a buffer: nothing is left to be written when the file is closed after an error.
        stream = open(path, "ab+", buffering=0)  # noqa: SIM115  # the journal closes it
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        if fcntl is not None:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        stream.close()
        raise EdgeSastError(
            f"--journal {path}: another hil run writes to it; wait for its end, or name another file"
        ) from error
    except OSError:
        pass  # a file system without locks goes unguarded
    return stream


def _unwritable(path: Path, error: OSError) -> EdgeSastError:
    return EdgeSastError(
        f"--journal {path}: cannot be written: {error.strerror or error}; free space or name another file"
    )


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"), allow_nan=False)


def _line(document: dict[str, Any]) -> bytes:
    return (_text({**document, "crc": zlib.crc32(_text(document).encode())}) + "\n").encode()


def _parse(line: bytes) -> dict[str, Any] | None:
    """The document of a line that is whole; None of any other."""
    try:
        document = json.loads(line)
        crc = document.pop("crc")
        return document if crc == zlib.crc32(_text(document).encode()) else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _read(path: Path, stream: io.FileIO) -> tuple[list[dict[str, Any]], int]:
    """The documents, the header first, and where the last whole line ends."""
    stream.seek(0)
    lines = stream.read().splitlines(keepends=True)
    documents: list[dict[str, Any]] = []
    end = 0
    for i, line in enumerate(lines):
        document = _parse(line) if line.endswith(b"\n") else None
        if document is None:
            if i == len(lines) - 1 and documents:
                break
            what = f"line {i + 1} is damaged" if documents else "is no journal of this command"
            raise EdgeSastError(f"--resume {path}: {what}; start anew without --resume")
        documents.append(document)
        end += len(line)
    if not documents or documents[0].get("format") != FORMAT:
        raise EdgeSastError(f"--resume {path}: is no journal of this command; start anew without --resume")
    return documents, end


def _check_identity(path: Path, header: dict[str, Any], identity: Identity) -> None:
    if header.get("version") != FORMAT_VERSION:
        raise EdgeSastError(
            f"--resume {path}: version is {header.get('version')!r}; this edge-sast reads {FORMAT_VERSION}: "
            "start anew without --resume"
        )
    remedies = {
        "model": "give the model file it was made with",
        "check": "give the same --check",
        "events": "give --unique-events, or leave it out, as then",
        "data": "give the same --data, --split, --limit and other options of the data",
        "recordings": "give the same --data, --split and --limit",
    }
    for name, remedy in remedies.items():
        there, here = header.get(name), getattr(identity, name)
        if there != here:
            raise EdgeSastError(
                f"--resume {path}: belongs to another run: its {name} is {str(there)[:16]}, here it is "
                f"{str(here)[:16]}; {remedy}, or start anew without --resume"
            )


def _outcomes(path: Path, documents: Sequence[dict[str, Any]], recordings: int) -> list[Outcome]:
    names = {field.name for field in fields(Outcome)}
    done: dict[int, Outcome] = {}
    for i, document in enumerate(documents, 2):
        index = document.get("index")
        if (
            document.keys() != names
            or not isinstance(index, int)
            or not 0 <= index < recordings
            or index in done
        ):
            raise EdgeSastError(
                f"--resume {path}: line {i} is no outcome of this run; start anew without --resume"
            )
        values: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list) else v for name, v in document.items()
        }
        if values["mismatch"] is not None:
            values["mismatch"] = Mismatch(**values["mismatch"])
        done[index] = Outcome(**values)
    return list(done.values())
