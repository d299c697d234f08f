"""Recording files as a model wants them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.events.binning import Binning
from edge_sast.events.to_bins import bin_recording
from edge_sast.formats.contract import Sensor
from edge_sast.formats.registry import read_file


def read_events(*paths: str | Path, binning: Binning, sensor: Sensor | None = None) -> BinnedEvents:
    """Recordings in files, sorted into the time steps of `binning`; nobody knows their classes.

    Args:
        paths: one file per recording, in any format that edge-sast reads (docs/data.md); at least one.
        binning: a model's, `model.binning`.
        sensor: (width, height) in pixels; None: the file's own, else the format's, else the binning's.

    Raises:
        EdgeSastError: a file that cannot be read, is damaged, or comes from a sensor of another size.
    """
    if not paths:
        raise EdgeSastError("read_events: no file is named; give one or more")
    own = binning.sensor_width, binning.sensor_height
    rows = [bin_recording(read_file(path, sensor, otherwise=own), binning) for path in paths]
    labels = np.zeros(len(rows), np.int64)
    return BinnedEvents.of_rows(binning, rows, labels, ("unknown",), [str(path) for path in paths])
