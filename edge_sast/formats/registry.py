"""All event formats, and how a file finds its own: by its suffix, and by its first bytes where several share that.

A new format is a new module and one line in `FORMATS`; contract.py says what it must offer.
"""

from __future__ import annotations

import io
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import Recording
from edge_sast.formats.aedat2 import AEDAT2
from edge_sast.formats.atis import ATIS
from edge_sast.formats.contract import SNIFFED_BYTES, Format, Sensor, joined
from edge_sast.formats.tonic_npy import TONIC_NPY

FORMATS = (ATIS, TONIC_NPY, AEDAT2)


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


def format_of(name: str, first: bytes) -> Format:
    """The format of a file by its name and its first SNIFFED_BYTES.

    Where only one has the suffix it is that one, whose `open` says what is wrong with a file of another.

    Raises:
        EdgeSastError: no format has this suffix, or none of several knows these bytes.
    """
    candidates = formats_for(name)
    fitting = candidates if len(candidates) == 1 else tuple(of for of in candidates if of.sniff(first))
    if not fitting:
        raise EdgeSastError(
            f"{name}: is none of {', '.join(of.name for of in candidates)} by its first bytes; the file is damaged or "
            "of another format: convert it"
        )
    return fitting[0]


def read_stream(stream: BinaryIO, name: str, sensor: Sensor | None = None) -> Recording:
    """A whole recording from a stream that can be sought, at its start.

    Args:
        name: the file's; its suffix tells the format, messages carry it.
        sensor: (width, height) in pixels; None takes the file's, else the format's own.

    Raises:
        EdgeSastError: unknown suffix, damaged contents, or events outside the sensor.
    """
    first = stream.read(SNIFFED_BYTES)
    stream.seek(0)
    found = format_of(name, first)
    opened = found.open(stream, name)
    size = sensor or opened.header.sensor or found.usual_sensor
    if size is None:
        raise EdgeSastError(f"{name}: {found.name} files do not say their sensor size; pass --sensor WxH")
    return Recording(joined(opened.chunks, name), size[0], size[1], name)


def read_bytes(data: bytes, name: str, sensor: Sensor | None = None) -> Recording:
    """A file's contents as a recording; see `read_stream`."""
    return read_stream(io.BytesIO(data), name, sensor)


def read_file(path: str | Path, sensor: Sensor | None = None) -> Recording:
    """A file on disk as a recording; see `read_stream`.

    Raises:
        EdgeSastError: as `read_stream`, and where the file cannot be read.
    """
    formats_for(str(path))
    try:
        with open(path, "rb") as stream:
            return read_stream(stream, str(path), sensor)
    except OSError as error:
        raise EdgeSastError(
            f"{path}: cannot be read ({error.strerror}); check the path and its permissions"
        ) from error
