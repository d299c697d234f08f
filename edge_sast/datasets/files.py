"""Recording files as a model wants them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge_sast.datasets.remarks import summed, tell
from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents, BinnedRecording
from edge_sast.events.binning import Binning
from edge_sast.events.remark import Remark
from edge_sast.events.to_bins import bin_recording
from edge_sast.formats.contract import Sensor
from edge_sast.formats.registry import read_file

if TYPE_CHECKING:
    from edge_sast.datasets.reading import Reading


@dataclass(frozen=True)
class _ToBins:
    """Reads and bins a file."""

    binning: Binning
    sensor: Sensor | None

    def __call__(self, path: str | Path) -> tuple[BinnedRecording, tuple[Remark, ...]]:
        own = self.binning.sensor_width, self.binning.sensor_height
        recording = read_file(path, self.sensor, otherwise=own)
        return bin_recording(recording, self.binning), recording.remarks


def read_events(
    *paths: str | Path, binning: Binning, sensor: Sensor | None = None, reading: Reading | None = None
) -> BinnedEvents:
    """Recordings in files, sorted into the time steps of `binning`; nobody knows their classes.

    What is to be said of the files is one line on stderr.

    Args:
        paths: one file per recording, in any format that edge-sast reads (docs/data.md); at least one.
        binning: a model's, `model.binning`.
        sensor: (width, height) in pixels; None: the file's own, else the format's, else the binning's.
        reading: who reads them, and whether those that cannot be read are left out; None: this thread, and they are
            not.

    Raises:
        EdgeSastError: a file that cannot be read, is damaged, or comes from a sensor of another size; none is left.
    """
    if not paths:
        raise EdgeSastError("read_events: no file is named; give one or more")
    work = _ToBins(binning, sensor)
    read = map(work, paths) if reading is None else reading.each(work, paths, str)
    found = [(place, *each) for place, each in enumerate(read) if isinstance(each, tuple)]
    if not found:
        raise EdgeSastError(f"none of {len(paths)} files can be read; mend them, or name others")
    names = [str(path) for path in paths]
    tell(f"{len(paths)} files", summed((place, names[place], remarks) for place, _, remarks in found), names)
    rows, labels = [row for _, row, _ in found], np.zeros(len(found), np.int64)
    return BinnedEvents.of_rows(binning, rows, labels, ("unknown",), [names[place] for place, *_ in found])
