"""Files of synthetic events for benchmarks/event_files.py, of any length, in any format that has a maker here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

import numpy as np

from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats.aedat.write_aedat4 import write_aedat4
from edge_sast.formats.contract import Sensor
from edge_sast.formats.hdf5.write import write_hdf5
from edge_sast.formats.prophesee.evt3_writer import write_evt3
from edge_sast.formats.tables.text import write_text

SENSOR = (1280, 720)
BLOCK = 1 << 20  # events made at once
ROW_SHARE = 0.5  # of the starts that are a row of events at one instant, as where an edge passes


def events(count: int, rate: float, seed: int = 0) -> Iterator[np.ndarray]:
    """EVENT_DTYPE[n] until `count`: half of the starts single events, half rows of 2 to 24, `rate` events a µs."""
    rng, now, done = np.random.default_rng(seed), 0.0, 0
    while done < count:
        size = min(BLOCK, count - done)
        lengths = np.where(rng.random(size) < ROW_SHARE, rng.integers(2, 25, size), 1)
        starts = np.cumsum(lengths) - lengths
        lengths = lengths[starts < size]
        start = np.repeat(np.arange(len(lengths)), lengths)[:size]
        # Within a row x rises by 1 to 3, so that a group of vectors is neither full nor empty.
        steps = np.cumsum(rng.integers(1, 4, size))
        first = starts[: len(lengths)]
        made = np.empty(size, EVENT_DTYPE)
        times = now + np.cumsum(rng.exponential(lengths / rate))
        made["t"] = times[start]
        made["x"] = rng.integers(0, SENSOR[0] - 80, len(lengths))[start] + (steps - steps[first][start])
        made["y"] = rng.integers(0, SENSOR[1], len(lengths))[start]
        made["p"] = rng.integers(0, 2, len(lengths))[start]
        now, done = float(times[-1]), done + size
        yield made


def _interleaved(chunk: np.ndarray, words: np.ndarray, high: np.ndarray, time_word: int) -> np.ndarray:
    """`words`, with a time word of its upper bits before each event where they change."""
    change = np.diff(high, prepend=-1) != 0
    place = np.arange(len(chunk)) + np.cumsum(change)
    out = np.empty(len(chunk) + int(change.sum()), words.dtype)
    out[place] = words
    out[place[change] - 1] = high[change].astype(words.dtype) | words.dtype.type(time_word)
    return out


def _head(form: str, version: str) -> bytes:
    size = f"{SENSOR[0]}x{SENSOR[1]}"
    options = f"height={SENSOR[1]};width={SENSOR[0]}"
    return f"% evt {version}\n% format {form};{options}\n% geometry {size}\n% end\n".encode()


def _write_evt2(stream: BinaryIO, _sensor: Sensor, chunks: Iterable[np.ndarray]) -> None:
    stream.write(_head("EVT2", "2.0"))
    for chunk in chunks:
        t, x, y, p = (chunk[name].astype(np.uint32) for name in "txyp")
        words = p << 28 | (t & 63) << 22 | x << 11 | y
        stream.write(_interleaved(chunk, words, chunk["t"] >> 6, 8 << 28).tobytes())


def _write_dat(stream: BinaryIO, sensor: Sensor, chunks: Iterable[np.ndarray]) -> None:
    stream.write(f"% Version 2\n% Height {sensor[1]}\n% Width {sensor[0]}\n".encode() + bytes([12, 8]))
    for chunk in chunks:
        t, x, y, p = (chunk[name].astype(np.uint32) for name in "txyp")
        stream.write(np.stack([t, p << 28 | y << 14 | x], axis=1).tobytes())


@dataclass(frozen=True)
class Maker:
    """How files of a format are made: their suffix, and what writes them."""

    suffix: str
    write: Callable[[BinaryIO, Sensor, Iterable[np.ndarray]], None]


MAKERS = {
    "evt2": Maker(".raw", _write_evt2),
    "evt3": Maker(".raw", write_evt3),
    "dat": Maker(".dat", _write_dat),
    "aedat4": Maker(".aedat4", write_aedat4),
    "hdf5": Maker(".h5", partial(write_hdf5, compression=None)),
    "hdf5-gzip": Maker(".h5", write_hdf5),
    "text": Maker(".csv", write_text),
}


def make(form: str, path: str, count: int, rate: float) -> None:
    """A file of `count` events."""
    with open(path, "wb") as stream:
        MAKERS[form].write(stream, SENSOR, events(count, rate))
