"""Events as bytes: what known answers hold and what the host program reads.

A step is uint32 events, then per event uint16 x, uint16 y, uint8 polarity: little-endian, sensor coordinates.
"""

from __future__ import annotations

import numpy as np

from edge_sast.data.binning import BinnedEvents, Binning

EVENT = np.dtype([("x", "<u2"), ("y", "<u2"), ("p", "u1")])


def sensor_events(indices: np.ndarray, counts: np.ndarray, binning: Binning) -> np.ndarray:
    """Events (EVENT [sum of counts]) that fill inputs `indices` int32[m] with `counts` uint8[m]."""
    x, y, polarity = binning.sensor_events(indices, counts)
    events = np.empty(len(x), EVENT)
    events["x"], events["y"], events["p"] = x, y, polarity
    return events


def step_bytes(binned: BinnedEvents, recording: int) -> list[bytes]:
    """The T steps of a recording."""
    steps = binned.binning.steps
    out = []
    for row in range(recording * steps, (recording + 1) * steps):
        part = slice(binned.step_ptr[row], binned.step_ptr[row + 1])
        events = sensor_events(binned.indices[part], binned.counts[part], binned.binning)
        out.append(len(events).to_bytes(4, "little") + events.tobytes())
    return out


def recording_bytes(steps: list[bytes]) -> bytes:
    """A whole recording as the host program reads it: uint32 steps, then the steps."""
    return len(steps).to_bytes(4, "little") + b"".join(steps)
