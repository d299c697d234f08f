"""An event file without its noise, piece by piece."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.census import Census
from edge_sast.events.denoise import Denoise, Removed, denoised
from edge_sast.files import atomic_stream, check_outputs
from edge_sast.formats.contract import Format
from edge_sast.formats.convert import Converted, counted
from edge_sast.formats.fits import write_events
from edge_sast.formats.source import FileOptions, open_events


@dataclass(frozen=True)
class Denoised:
    """converted: as of any conversion; read: events before the filters; removed: by each filter."""

    converted: Converted
    read: int
    removed: Removed


def find_hot_pixels(source: Path, options: FileOptions, factor: int) -> np.ndarray:
    """int64[n, 3] x, y, events; see `Census.hot_pixels`. Raises EdgeSastError as `open_events` does."""
    with open_events(source, options) as file:
        census = Census.of_sensor(file.sensor)
        for chunk in file.chunks:
            census.add(chunk)
    return census.hot_pixels(factor)


def denoise_file(
    source: Path,
    target: str | os.PathLike[str],
    writer: Format,
    options: FileOptions,
    filters: Denoise,
    hot: np.ndarray | None = None,
) -> Denoised:
    """Write what the filters leave of `source` to `target`, whole or not at all. hot: of find_hot_pixels.

    Raises:
        EdgeSastError: as `convert_file`; where the filters leave nothing.
    """
    check_outputs({"OUT": target}, [source])
    before, after, removed = Census(), Census(), Removed()
    with open_events(source, options) as file, atomic_stream(target) as stream:
        sensor = file.needed_sensor()
        if hot is not None:
            within = hot[(hot[:, 0] < sensor[0]) & (hot[:, 1] < sensor[1])]  # others are kept as defects
            pixels = np.zeros((sensor[1], sensor[0]), np.bool_)
            pixels[within[:, 1], within[:, 0]] = True
            filters = replace(filters, hot=pixels)
        chunks = denoised(counted(file.chunks, before), sensor, filters, removed)
        write_events(writer, stream, sensor, counted(chunks, after), file.name)
        if not after.events:
            raise EdgeSastError(
                f"{source}: none of {before.events:,} events is left; choose weaker filters (a longer --background-us)"
            )
    return Denoised(Converted.of(file, writer, after), before.events, removed)
