"""ATIS 5-byte events, the format of N-MNIST and N-Caltech101.

Big-endian, 5 bytes per event: x[7:0], y[7:0], then 24 bits: polarity (bit 23), timestamp in µs (bits 22..0).
An event with y = 240, one row below the ATIS array of 304x240 pixels, is no pixel: from it on every
timestamp is 2^13 µs later.

Source: G. Orchard et al., "Converting Static Image Datasets to Spiking Neuromorphic Datasets Using Saccades",
Frontiers in Neuroscience 9:437, 2015, and the reader published with it (Event-Python, eventvision.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import make_events
from edge_sast.formats.contract import Format, Header, Opened, records

EVENT_BYTES = 5
OVERFLOW_Y = 240
OVERFLOW_US = 1 << 13
TIME_MASK = (1 << 23) - 1
MAX_COLUMN = 255
# One overflow event carries 8 ms, so a day-long recording would be mostly overflow events: about 17 minutes
# is the end.
MAX_WRITE_US = 1 << 30


def sniff_atis(first: bytes) -> bool:
    """Any bytes may be ATIS events: the format has no mark."""
    return bool(first)


def open_atis(stream: BinaryIO, source: str) -> Opened:
    """An ATIS file, its overflow events applied and removed; it says no sensor size.

    Raises EdgeSastError where it ends inside an event.
    """
    return Opened(Header(), _chunks(stream, source))


def _chunks(stream: BinaryIO, source: str) -> Iterator[np.ndarray]:
    overflows = 0  # before the chunk
    for offset, data in records(stream, EVENT_BYTES):
        rest = len(data) % EVENT_BYTES
        if rest:
            raise EdgeSastError(
                f"{source}: ends at byte {offset + rest}, {rest} bytes into the event at byte offset {offset} "
                f"({EVENT_BYTES} bytes per event); the file is truncated or not ATIS: copy it again"
            )
        raw = np.frombuffer(data, dtype=np.uint8).reshape(-1, EVENT_BYTES)
        y = raw[:, 1]
        word = raw[:, 2].astype(np.int64) << 16 | raw[:, 3].astype(np.int64) << 8 | raw[:, 4]
        overflow = y == OVERFLOW_Y
        t = (word & TIME_MASK) + OVERFLOW_US * (overflows + np.cumsum(overflow))
        overflows += int(np.count_nonzero(overflow))
        pixel = ~overflow
        yield make_events(t[pixel], raw[pixel, 0], y[pixel], raw[pixel, 2] >> 7)


def write_recording_atis(events: np.ndarray) -> bytes:
    """The ATIS file that `open_atis` reads back as the same events.

    Args:
        events: EVENT_DTYPE[n] in time order.

    Returns:
        5 bytes per event, with overflow events inserted where t passes 2^23 - 1 µs.

    Raises:
        EdgeSastError: an event that the format cannot hold.
    """
    for field, limit in (("x", MAX_COLUMN), ("y", OVERFLOW_Y - 1), ("t", MAX_WRITE_US - 1), ("p", 1)):
        bad = (events[field] > limit) | (events[field] < 0)
        if bad.any():
            index = int(bad.argmax())
            raise EdgeSastError(
                f"event {index}: {field}={events[field][index]} does not fit an ATIS file (0..{limit}); "
                "crop, shift or cut the recording first"
            )
    # Overflows needed before event i, so that the rest of its timestamp fits 23 bits; monotone because t is.
    needed = np.maximum(0, -(-(events["t"] - TIME_MASK) // OVERFLOW_US))
    if np.any(np.diff(needed) < 0):
        raise EdgeSastError("events run backwards in time; order them before writing an ATIS file")
    positions = np.arange(len(events)) + needed
    total = len(events) + (int(needed[-1]) if len(events) else 0)
    raw = np.zeros((total, EVENT_BYTES), dtype=np.uint8)
    raw[:, 1] = OVERFLOW_Y
    word = (events["t"] - needed * OVERFLOW_US) | events["p"].astype(np.int64) << 23
    columns = (events["x"], events["y"], word >> 16, word >> 8 & 0xFF, word & 0xFF)
    for column, values in enumerate(columns):
        raw[positions, column] = values
    return raw.tobytes()


ATIS = Format("ATIS (N-MNIST)", (".bin",), sniff_atis, open_atis, (34, 34))
