"""Recording files as a model wants them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.to_bins import BinnedEvents, Binning, bin_recording
from edge_sast.formats.registry import Sensor, read_file


def read_events(*paths: str | Path, binning: Binning, sensor: Sensor | None = None) -> BinnedEvents:
    """Recordings in files, sorted into the time steps of `binning`; nobody knows their classes.

    Args:
        paths: one file per recording, in any format that edge-sast reads (docs/data.md); at least one.
        binning: a model's, `model.binning`.
        sensor: (width, height) in pixels where the format does not say it.

    Raises:
        EdgeSastError: a file that cannot be read, is damaged, or comes from a sensor of another size.
    """
    if not paths:
        raise EdgeSastError("read_events: no file is named; give one or more")
    rows = [bin_recording(read_file(path, sensor), binning) for path in paths]
    sizes = np.cumsum([0, *(len(row.indices) for row in rows)])
    return BinnedEvents(
        binning=binning,
        indices=np.concatenate([row.indices for row in rows]),
        counts=np.concatenate([row.counts for row in rows]),
        step_ptr=np.concatenate(
            [[0], *(row.step_ptr[1:] + size for row, size in zip(rows, sizes, strict=False))]
        ),
        labels=np.zeros(len(rows), np.int64),
        classes=("unknown",),
        sources=tuple(map(str, paths)),
        dropped=np.array([row.dropped for row in rows], np.int64),
    )
