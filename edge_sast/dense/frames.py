"""One frame of a recording: how often each pixel sent each polarity, up to 127, in the time that a network sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edge_sast.dense.network import HIGH, Int8
from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.events.binning import MAX_DT_US, Binning


def frame_binning(binning: Binning) -> Binning:
    """All steps of a spiking network's binning as one, whose counts go up to 127.

    Raises EdgeSastError for recordings that are longer than a step may be.
    """
    window = binning.dt_us * binning.steps
    if window > MAX_DT_US:
        raise EdgeSastError(
            f"{binning.steps} steps of {binning.dt_us} µs are {window} µs, a frame takes at most {MAX_DT_US}; "
            "train on shorter recordings"
        )
    return replace(binning, dt_us=window, steps=1, count_cap=HIGH)


def check_frame(binning: Binning) -> None:
    """Raises EdgeSastError unless it is of one frame."""
    if (binning.steps, binning.count_cap) != (1, HIGH):
        raise EdgeSastError(
            f"input: {binning.steps} steps with counts up to {binning.count_cap}; a frame is 1 step up to {HIGH}"
        )


def frames_of(binned: BinnedEvents, rows: Sequence[int] | np.ndarray | None = None) -> Int8:
    """Frames [n, height, width, 2] of recordings binned by frame_binning; rows: which, None: all."""
    check_frame(binned.binning)
    chosen = np.arange(len(binned)) if rows is None else np.asarray(rows)
    return binned.dense(chosen)[:, 0].view(np.int8)
