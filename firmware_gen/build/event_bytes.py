"""Events as bytes: what known answers hold and what the host program reads.

Of binned recordings each input's events stand together; of recordings as the sensor sent them, in the order of time.
A step is uint32 events, then per event uint16 x, uint16 y, uint8 polarity: little-endian, sensor coordinates.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from edge_sast.events.binned import BinnedEvents
from edge_sast.events.binning import Binning

EVENT = np.dtype([("x", "<u2"), ("y", "<u2"), ("p", "u1")])
# sast_stream_event_t, as every 32-bit core aligns it
STREAM_EVENT = np.dtype([("t", "<u4"), ("x", "<u2"), ("y", "<u2"), ("p", "u1"), ("unused", "u1", 3)])


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
        out.append(_one_step(sensor_events(binned.indices[part], binned.counts[part], binned.binning)))
    return out


def within_steps(events: NDArray[np.void], binning: Binning) -> NDArray[np.void]:
    """The events (EVENT_DTYPE [n], as the sensor sent them) that lie in the T steps; binning drops those after them."""
    since = events["t"] - events["t"][:1]
    return events[since < binning.steps * binning.dt_us]


def sent_step_bytes(events: NDArray[np.void], binning: Binning) -> list[bytes]:
    """The T steps of a recording as the sensor sent it, EVENT_DTYPE [n]."""
    plain = _without_times(events)
    since = events["t"] - events["t"][:1]
    borders = np.searchsorted(since, np.arange(binning.steps + 1) * binning.dt_us)
    return [_one_step(plain[first:last]) for first, last in itertools.pairwise(borders)]


def event_bytes(events: NDArray[np.void]) -> bytes:
    """Events (EVENT_DTYPE [n]) without their times: EVENT [n]."""
    return _without_times(events).tobytes()


def stream_bytes(events: NDArray[np.void]) -> bytes:
    """Events (EVENT_DTYPE [n]) as sast_stream takes them: STREAM_EVENT [n], times from the first event on."""
    out = np.zeros(len(events), STREAM_EVENT)
    for field in ("x", "y", "p"):
        out[field] = events[field]
    out["t"] = (events["t"] - events["t"][:1]) & 0xFFFFFFFF
    return out.tobytes()


def _without_times(events: NDArray[np.void]) -> NDArray[np.void]:
    plain = np.empty(len(events), EVENT)
    for field in EVENT.names or ():
        plain[field] = events[field]
    return plain


def _one_step(events: NDArray[np.void]) -> bytes:
    return len(events).to_bytes(4, "little") + events.tobytes()


def recording_bytes(steps: list[bytes]) -> bytes:
    """A whole recording as the host program reads it: uint32 steps, then the steps."""
    return len(steps).to_bytes(4, "little") + b"".join(steps)
