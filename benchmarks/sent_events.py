"""Recordings as the sensor sent them, beside their binned form."""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from edge_sast.cli.options.recordings import data_options
from edge_sast.datasets.selection import bin_split, open_split
from edge_sast.events.binned import BinnedEvents
from edge_sast.events.binning import Binning


def load_sent(args: argparse.Namespace, grid: Binning) -> tuple[str, BinnedEvents, list[NDArray[np.void]]]:
    """Name, binned recordings, and EVENT_DTYPE [n] of each of them, of what add_data_arguments names.

    Raises EdgeSastError as open_split and bin_split do, and for a damaged recording.
    """
    dataset, split = open_split(data_options(args))
    binned = bin_split(dataset, split, grid, data_options(args))
    load = {ref.source: ref.load for ref in dataset.recordings(split)}
    return f"{args.data} {split}", binned, [load[source]().events for source in binned.sources]
