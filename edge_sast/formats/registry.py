"""Event-file readers, chosen by file suffix.

A reader is one module with a pure function `bytes -> EVENT_DTYPE[n]`; a new format is a new module and one
line in `READERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import Recording
from edge_sast.formats.aedat2 import parse_aedat2
from edge_sast.formats.atis import parse_atis
from edge_sast.formats.tonic_npy import parse_tonic_npy

Sensor = tuple[int, int]  # (width, height) in pixels


@dataclass(frozen=True)
class Reader:
    """One file format.

    Attributes:
        name: what messages and `data info` call it.
        suffixes: lower-case file suffixes with the dot.
        parse: (file's bytes, source name) -> EVENT_DTYPE[n]; raises EdgeSastError and nothing else.
        default_sensor: (width, height) where the format is tied to one sensor, else None.
    """

    name: str
    suffixes: tuple[str, ...]
    parse: Callable[[bytes, str], np.ndarray]
    default_sensor: Sensor | None


READERS = (
    Reader("ATIS (N-MNIST)", (".bin",), parse_atis, (34, 34)),
    Reader("Tonic array (DVS Gesture)", (".npy",), parse_tonic_npy, (128, 128)),
    Reader("AEDAT 2.0 (DVS128)", (".aedat",), parse_aedat2, (128, 128)),
)


def known_suffixes() -> tuple[str, ...]:
    """Every suffix that some reader takes."""
    return tuple(suffix for reader in READERS for suffix in reader.suffixes)


def reader_for(name: str) -> Reader:
    """The reader of a file name's suffix.

    Raises:
        EdgeSastError: no reader takes this suffix.
    """
    suffix = PurePosixPath(name).suffix.lower()
    for reader in READERS:
        if suffix in reader.suffixes:
            return reader
    raise EdgeSastError(
        f"{name}: no reader for the suffix '{suffix}'; known are {', '.join(known_suffixes())}: "
        "convert the file to one of these or remove it"
    )


def read_bytes(data: bytes, name: str, sensor: Sensor | None = None) -> Recording:
    """A file's contents as a recording.

    Args:
        data: the whole file.
        name: its name; the suffix chooses the reader, messages carry it.
        sensor: (width, height) in pixels; None takes the format's own.

    Raises:
        EdgeSastError: unknown suffix, damaged contents, or events outside the sensor.
    """
    reader = reader_for(name)
    size = sensor or reader.default_sensor
    if size is None:
        raise EdgeSastError(f"{name}: {reader.name} files do not say their sensor size; pass --sensor WxH")
    return Recording(reader.parse(data, name), size[0], size[1], name)


def read_file(path: str | Path, sensor: Sensor | None = None) -> Recording:
    """A file on disk as a recording; see `read_bytes`.

    Raises:
        EdgeSastError: as `read_bytes`, and where the file cannot be read.
    """
    reader_for(str(path))
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise EdgeSastError(
            f"{path}: cannot be read ({error.strerror}); check the path and its permissions"
        ) from error
    return read_bytes(data, str(path), sensor)
