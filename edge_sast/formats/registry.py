"""All event formats, and how a file finds its own: by its first bytes, and by its suffix where these leave it open.

A new format is a new module and one line in `FORMATS`; contract.py says what it must offer.
"""

from __future__ import annotations

import io
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import Recording
from edge_sast.formats.aedat.aedat2 import AEDAT1, AEDAT2
from edge_sast.formats.aedat.aedat3 import AEDAT3
from edge_sast.formats.aedat.aedat4 import AEDAT4
from edge_sast.formats.atis import ATIS
from edge_sast.formats.contract import SNIFFED_BYTES, Format, Likeness, Opened, Reading, Sensor, joined
from edge_sast.formats.defects import cleaned
from edge_sast.formats.event_stream import EVENT_STREAM
from edge_sast.formats.prophesee.dat import DAT
from edge_sast.formats.prophesee.evt2 import EVT2
from edge_sast.formats.prophesee.evt3 import EVT3
from edge_sast.formats.prophesee.evt21 import EVT21
from edge_sast.formats.tables.npy import NPY
from edge_sast.formats.tables.npz import NPZ
from edge_sast.formats.tables.text import TEXT
from edge_sast.formats.tables.tonic_npy import TONIC_NPY

FORMATS = (
    ATIS,
    TONIC_NPY,
    NPY,
    NPZ,
    AEDAT1,
    AEDAT2,
    AEDAT3,
    AEDAT4,
    EVENT_STREAM,
    EVT2,
    EVT21,
    EVT3,
    DAT,
    TEXT,
)


def known_suffixes() -> tuple[str, ...]:
    """Every suffix that some format has."""
    return tuple(dict.fromkeys(suffix for of in FORMATS for suffix in of.suffixes))


def formats_for(name: str) -> tuple[Format, ...]:
    """The formats of a file name's suffix, at least one.

    Raises:
        EdgeSastError: no format has this suffix.
    """
    suffix = PurePosixPath(name).suffix.lower()
    found = tuple(of for of in FORMATS if suffix in of.suffixes)
    if not found:
        raise EdgeSastError(
            f"{name}: no reader for the suffix '{suffix}'; known are {', '.join(known_suffixes())}: "
            "convert the file to one of these or remove it"
        )
    return found


def format_called(key: str) -> Format:
    """The format that `--format` names.

    Raises:
        EdgeSastError: none is called so.
    """
    for of in FORMATS:
        if of.key == key:
            return of
    raise EdgeSastError(
        f"--format {key}: no such format; choose one of {', '.join(of.key for of in FORMATS)}"
    )


def format_of(name: str, first: bytes) -> Format:
    """The format of a file by its first SNIFFED_BYTES; by its name only where no format has its mark in them.

    Raises:
        EdgeSastError: no format knows these bytes, or several may and the suffix does not tell.
    """
    likeness = {of.key: of.sniff(first) for of in FORMATS}
    certain = [of for of in FORMATS if likeness[of.key] is Likeness.CERTAIN]
    if certain:
        return certain[0]
    suffix = PurePosixPath(name).suffix.lower()
    of_suffix = [of for of in FORMATS if suffix in of.suffixes]
    possible = [of for of in of_suffix if likeness[of.key] is Likeness.POSSIBLE]
    if len(possible) == 1:
        return possible[0]
    if len(of_suffix) == 1 and not first:
        return of_suffix[0]  # an empty file
    if of_suffix and not possible:
        raise EdgeSastError(
            f"{name}: is none of {', '.join(of.name for of in of_suffix)} by its first bytes; the file is damaged or "
            "of another format: convert it"
        )
    formats_for(name)  # raises where no format has the suffix
    raise EdgeSastError(
        f"{name}: may be {' or '.join(of.name for of in possible)} by its first bytes; say which with --format "
        f"{' or '.join(of.key for of in possible)}"
    )


def open_stream(
    stream: BinaryIO, name: str, reading: Reading | None = None, key: str | None = None
) -> tuple[Format, Opened]:
    """The format of a stream at its start, and what it opens as; the chunks are not cleaned yet.

    Args:
        stream: can be sought.
        name: the file's; messages carry it.
        key: what `--format` says; None: by the contents.

    Raises:
        EdgeSastError: unknown format, or a damaged beginning.
    """
    first = stream.read(SNIFFED_BYTES)
    stream.seek(0)
    found = format_called(key) if key else format_of(name, first)
    return found, found.open(stream, name, reading or Reading())


def read_stream(
    stream: BinaryIO,
    name: str,
    sensor: Sensor | None = None,
    reading: Reading | None = None,
    key: str | None = None,
) -> Recording:
    """A whole recording from a stream that can be sought, at its start.

    Args:
        name: the file's; messages carry it, and its suffix tells the format where the contents do not.
        sensor: (width, height) in pixels; None takes the file's, else the format's own.
        reading, key: see `open_stream`.

    Raises:
        EdgeSastError: unknown format, damaged contents, or events outside the sensor.
    """
    reading = reading or Reading()
    found, opened = open_stream(stream, name, reading, key)
    size = sensor or opened.header.sensor or found.usual_sensor
    if size is None:
        raise EdgeSastError(f"{name}: {found.name} files do not say their sensor size; pass --sensor WxH")
    chunks = cleaned(opened.chunks, name, size, reading.defects, opened.offset_of)
    return Recording(joined(chunks), size[0], size[1], name)


def read_bytes(data: bytes, name: str, sensor: Sensor | None = None) -> Recording:
    """A file's contents as a recording; see `read_stream`."""
    return read_stream(io.BytesIO(data), name, sensor)


def read_file(path: str | Path, sensor: Sensor | None = None) -> Recording:
    """A file on disk as a recording; see `read_stream`.

    Raises:
        EdgeSastError: as `read_stream`, and where the file cannot be read.
    """
    try:
        with open(path, "rb") as stream:
            return read_stream(stream, str(path), sensor)
    except OSError as error:
        raise EdgeSastError(
            f"{path}: cannot be read ({error.strerror}); check the path and its permissions"
        ) from error
