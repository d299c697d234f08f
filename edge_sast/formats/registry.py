"""All event formats, and how a file finds its own: by its first bytes, and by its suffix where these leave it open.

A new format is a new module and one line in `FORMATS`; contract.py says what it must offer. A format's module is
imported when a file may be of it: all of them take longer than a recording.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import Recording
from edge_sast.formats.contract import SNIFFED_BYTES, Format, Likeness, Opened, Reading, Sensor, joined
from edge_sast.formats.defects import cleaned


@dataclass(frozen=True)
class Listed:
    """A format and where it is: module and the name of its `Format` there.

    key, suffixes: as the Format has them. marks: how files begin that can be of it, () where they have no mark.
    written: files of it are written. ascii: files of it begin with ASCII text.
    """

    key: str
    suffixes: tuple[str, ...]
    module: str
    attribute: str
    marks: tuple[bytes, ...] = ()
    written: bool = False
    ascii: bool = False

    def load(self) -> Format:
        """The format itself."""
        return getattr(import_module(f"edge_sast.formats.{self.module}"), self.attribute)


ASCII_BYTES = 64  # of a text's beginning, looked at before its module is
_AEDAT, _NPY, _RAW = b"#!AER-DAT", b"\x93NUMPY", b"% "
FORMATS = (
    Listed("atis", (".bin",), "atis", "ATIS", written=True),
    Listed("tonic-npy", (".npy",), "tables.tonic_npy", "TONIC_NPY", (_NPY,)),
    Listed("npy", (".npy",), "tables.npy", "NPY", (_NPY,)),
    Listed("npz", (".npz",), "tables.npz", "NPZ", (b"PK",), written=True),
    Listed("aedat1", (".aedat",), "aedat.aedat2", "AEDAT1", (_AEDAT,)),
    Listed("aedat2", (".aedat",), "aedat.aedat2", "AEDAT2", (_AEDAT,)),
    Listed("aedat3", (".aedat",), "aedat.aedat3", "AEDAT3", (_AEDAT,)),
    Listed("aedat4", (".aedat4", ".aedat"), "aedat.aedat4", "AEDAT4", (_AEDAT,), written=True),
    Listed("es", (".es",), "event_stream", "EVENT_STREAM", (b"Event Stream",), written=True),
    Listed("evt2", (".raw",), "prophesee.evt2", "EVT2", (_RAW,)),
    Listed("evt21", (".raw",), "prophesee.evt21", "EVT21", (_RAW,)),
    Listed("evt3", (".raw",), "prophesee.evt3", "EVT3", (_RAW,), written=True),
    Listed("dat", (".dat",), "prophesee.dat", "DAT", (_RAW,)),
    Listed("hdf5", (".h5", ".hdf5"), "hdf5.format", "HDF5", (b"\x89HDF",), written=True),
    Listed("text", (".csv", ".txt", ".tsv"), "tables.text", "TEXT", written=True, ascii=True),
)


def known_suffixes() -> tuple[str, ...]:
    """Every suffix that some format has."""
    return tuple(dict.fromkeys(suffix for of in FORMATS for suffix in of.suffixes))


def formats_for(name: str) -> tuple[Format, ...]:
    """The formats of a file name's suffix, at least one.

    Raises:
        EdgeSastError: no format has this suffix.
    """
    found = _of_suffix(name)
    if not found:
        raise EdgeSastError(
            f"{name}: no reader for the suffix '{PurePosixPath(name).suffix.lower()}'; known are "
            f"{', '.join(known_suffixes())}: convert the file to one of these or remove it"
        )
    return tuple(of.load() for of in found)


def _of_suffix(name: str) -> list[Listed]:
    suffix = PurePosixPath(name).suffix.lower()
    return [of for of in FORMATS if suffix in of.suffixes]


def format_called(key: str) -> Format:
    """The format that `--format` names.

    Raises:
        EdgeSastError: none is called so.
    """
    for of in FORMATS:
        if of.key == key:
            return of.load()
    raise EdgeSastError(
        f"--format {key}: no such format; choose one of {', '.join(of.key for of in FORMATS)}"
    )


def writer_for(suffix: str) -> Format:
    """The format that is written for a suffix with its dot.

    Raises:
        EdgeSastError: none is.
    """
    for of in FORMATS:
        if of.written and suffix.lower() in of.suffixes:
            return of.load()
    known = ", ".join(of.suffixes[0] for of in FORMATS if of.written)
    raise EdgeSastError(
        f"no event file is written with the ending {suffix or '(none)'!r}; choose one of {known}"
    )


def format_of(name: str, first: bytes) -> Format:
    """The format of a file by its first SNIFFED_BYTES; by its name only where no format has its mark in them.

    Raises:
        EdgeSastError: no format knows these bytes, or several may and the suffix does not tell.
    """
    of_suffix = _of_suffix(name)
    unmarked = [of for of in FORMATS if not of.marks and (not of.ascii or _is_text(first))]
    certain = marked(first) or _certain(of_suffix, first) or _certain(unmarked, first)
    if certain is not None:
        return certain
    possible = [of for of in (one.load() for one in of_suffix) if of.sniff(first) is Likeness.POSSIBLE]
    if len(possible) == 1:
        return possible[0]
    if len(of_suffix) == 1 and not first:
        return of_suffix[0].load()  # an empty file
    if of_suffix and not first:
        raise EdgeSastError(f"{name}: is empty, 0 bytes; record or copy it again, or leave it out")
    if of_suffix and not possible:
        if of_suffix[0].ascii and _may_be_lines(first):
            return of_suffix[0].load()  # opened, it says what is wrong with its lines, or goes by --columns
        raise EdgeSastError(
            f"{name}: is none of {', '.join(of.load().name for of in of_suffix)} by its first bytes; the file is "
            "damaged or of another format: convert it"
        )
    if not PurePosixPath(name).suffix and _are_lines(first):
        return format_called("text")  # /dev/stdin, of which no ending says what it is
    formats_for(name)  # raises where no format has the suffix
    raise EdgeSastError(
        f"{name}: may be {' or '.join(of.name for of in possible)} by its first bytes; say which with --format "
        f"{' or '.join(of.key for of in possible)}"
    )


def marked(first: bytes) -> Format | None:
    """The format whose mark these first bytes are; None where no format has one so."""
    return _certain([of for of in FORMATS if first.startswith(of.marks)], first)  # by none of no marks


def _is_text(first: bytes) -> bool:
    begin = first[:ASCII_BYTES]
    return begin.isascii() and min(begin, default=0) >= ord("\t")


def _may_be_lines(first: bytes) -> bool:
    from edge_sast.formats.tables.characters import may_be_lines

    return may_be_lines(first)


def _are_lines(first: bytes) -> bool:
    from edge_sast.formats.tables.characters import are_lines

    return are_lines(first)


def _certain(among: Iterable[Listed], first: bytes) -> Format | None:
    """The first that knows these bytes for its own."""
    found = (of.load() for of in among)
    return next((of for of in found if of.sniff(first) is Likeness.CERTAIN), None)


def open_stream(
    stream: BinaryIO, name: str, reading: Reading | None = None, key: str | None = None
) -> tuple[Format, Opened]:
    """The format of a stream at its start, and what it opens as; the chunks are not cleaned yet.

    Args:
        stream: of a file.
        name: the file's; messages carry it.
        key: what `--format` says; None: by the contents.

    Raises:
        EdgeSastError: unknown format, a damaged beginning, a stream that cannot be sought, or something said of
            columns or time that the file says itself.
    """
    if not stream.seekable():
        raise EdgeSastError(
            f"{name}: is a pipe, and files are read from their start again; save it to a file first"
        )
    first = stream.read(SNIFFED_BYTES)
    stream.seek(0)
    found = format_called(key) if key else format_of(name, first)
    reading = reading or Reading()
    opened = found.open(stream, name, reading)
    reading.check_taken(name, found.name)
    return found, opened


def read_stream(
    stream: BinaryIO,
    name: str,
    sensor: Sensor | None = None,
    reading: Reading | None = None,
    key: str | None = None,
    otherwise: Sensor | None = None,
) -> Recording:
    """A whole recording from a stream that can be sought, at its start.

    Args:
        name: the file's; messages carry it, and its suffix tells the format where the contents do not.
        sensor: (width, height) in pixels; None takes the file's, else the format's own, else `otherwise`.
        reading, key: see `open_stream`.

    Raises:
        EdgeSastError: unknown format, damaged contents, or events outside the sensor.
    """
    reading = reading or Reading()
    found, opened = open_stream(stream, name, reading, key)
    size = sensor or opened.header.sensor or found.usual_sensor or otherwise
    if size is None:
        raise EdgeSastError(f"{name}: {found.name} files do not say their sensor size; pass --sensor WxH")
    chunks = cleaned(opened.chunks, name, size, reading.defects, opened.offset_of)
    return Recording(joined(chunks), size[0], size[1], name, opened.header.remarks)


def read_bytes(data: bytes, name: str, sensor: Sensor | None = None) -> Recording:
    """A file's contents as a recording; see `read_stream`."""
    return read_stream(io.BytesIO(data), name, sensor)


def read_file(path: str | Path, sensor: Sensor | None = None, otherwise: Sensor | None = None) -> Recording:
    """A file on disk as a recording; see `read_stream`.

    Raises:
        EdgeSastError: as `read_stream`, and where the file cannot be read.
    """
    try:
        with open(path, "rb") as stream:
            return read_stream(stream, str(path), sensor, otherwise=otherwise)
    except OSError as error:
        raise EdgeSastError(
            f"{path}: cannot be read ({error.strerror}); check the path and its permissions"
        ) from error
