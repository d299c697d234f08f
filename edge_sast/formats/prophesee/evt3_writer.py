"""Writing EVT3, so that Prophesee's own decoder and every other reader takes it.

Vectors are whole groups of 12 + 12 + 8 pixels that end within the sensor, as Prophesee's decoder and evutils want them,
and only consecutive events become one, so that their order stays. The clock begins at 0 whatever the first time is
(Metavision takes the first time word off all times), no two time words are more than a quarter of its range apart, and
it goes over its last value into a wrap: some readers see a wrap there only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

import numpy as np

from edge_sast.formats.contract import Sensor
from edge_sast.formats.fits import check_limits, check_order
from edge_sast.jit import jit

MAX_SIDE = 2048  # coordinates have 11 bits
MAX_WRITE_US = 1 << 40  # 12 days: more than half a MiB of time words before the first event
PIECE_EVENTS = 1 << 16
GROUP = 32  # pixels of a vector's three words
LEAST_IN_GROUP = 5  # as single words fewer events take no more room


def write_evt3(stream: BinaryIO, sensor: Sensor, chunks: Iterable[np.ndarray]) -> None:
    """A RAW file of EVT3 of events in order of time.

    Raises:
        UnfitError: an event outside the sensor or beyond what 11 bits or MAX_WRITE_US hold, or a step back.
    """
    width, height = sensor
    lines = (
        "camera_integrator_name Prophesee",
        "evt 3.0",
        f"format EVT3;height={height};width={width}",
        f"geometry {width}x{height}",
        "end",
    )
    stream.write("".join(f"% {line}\n" for line in lines).encode("ascii"))
    clock = np.array([-1, -1, -1], np.int64)  # time, row, upper bits of the time of the words so far
    done = 0
    for chunk in chunks:
        for start in range(0, len(chunk), PIECE_EVENTS):
            piece = chunk[start : start + PIECE_EVENTS]
            _check(piece, sensor, int(clock[0]), done)
            stream.write(_words(piece, sensor[0], clock).tobytes())
            done += len(piece)


def _check(events: np.ndarray, sensor: Sensor, last: int, done: int) -> None:
    """Refuse events that do not fit after `done` others, the last of them at time `last`."""
    limits = {
        "x": min(sensor[0], MAX_SIDE) - 1,
        "y": min(sensor[1], MAX_SIDE) - 1,
        "t": MAX_WRITE_US - 1,
        "p": 1,
    }
    form = f"an EVT3 file of a {sensor[0]}x{sensor[1]} sensor"
    check_limits(events, done, limits, form, "crop, shift or cut the recording first")
    check_order(events, done, max(last, 0), "an EVT3 file")


def _words(events: np.ndarray, width: int, clock: np.ndarray) -> np.ndarray:
    """<u2[m] of events; clock: see `write_evt3`."""
    # An event takes at most two words of time, one of its row and one of its own; a long silence takes more.
    quiet = 2 * ((int(events["t"][-1]) - max(int(clock[0]), 0)) // (1 << 22)) + 8
    words = np.empty(4 * len(events) + quiet, np.dtype("<u2"))
    return words[: _encode(events, words, clock, width)]


@jit
def _encode(events, words, clock, width):
    """Fills words; returns how many. clock: see `write_evt3`."""
    last, row, high = clock
    filled = 0
    i = 0
    while i < len(events):
        event = events[i]
        t, y, p = event.t, np.int64(event.y), np.int64(event.p)
        if t != last:
            while high < t >> 12:
                # to the last value before a wrap, a quarter of the clock at most
                high = min(t >> 12, high + 1024, high + 1 if (high & 4095) == 4095 else high | 4095)
                words[filled] = 0x8000 | (high & 4095)
                filled += 1
            words[filled] = 0x6000 | (t & 4095)
            filled += 1
            last = t
        if y != row:
            words[filled] = y
            filled += 1
            row = y
        base = min(np.int64(event.x), max(width - GROUP, 0))
        mask, end = np.int64(1) << (event.x - base), i + 1
        while end < len(events):
            after = events[end]
            if (
                after.t != t
                or after.y != y
                or after.p != p
                or after.x <= events[end - 1].x
                or after.x >= base + GROUP
            ):
                break
            mask |= np.int64(1) << (after.x - base)
            end += 1
        if end - i < LEAST_IN_GROUP:
            words[filled] = 0x2000 | p << 11 | np.int64(event.x)
            filled += 1
            i += 1
        else:
            words[filled] = 0x3000 | p << 11 | base
            words[filled + 1] = 0x4000 | (mask & 0xFFF)
            words[filled + 2] = 0x4000 | (mask >> 12 & 0xFFF)
            words[filled + 3] = 0x5000 | mask >> 24
            filled += 4
            i = end
    clock[0], clock[1], clock[2] = last, row, high
    return filled
