"""Readers of event files, ours and other libraries', each the fastest way it has: one process reads one file.

python benchmarks/event_file_readers.py evt3/whole evt3 a.raw --warm small.raw
python benchmarks/event_file_readers.py evt3/whole evt3 a.raw --sums

Prints JSON: events, seconds, processor seconds, and KiB of memory over the library's import. It imports nothing of
edge_sast but for our own reader, so that the others can live in an environment of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

CHUNK = 1 << 18  # events, or 1 MiB, where a library reads in pieces of a size that one can choose


@dataclass(frozen=True)
class Reader:
    """One way of one library.

    Attributes:
        module: what is imported; its memory is not counted.
        forms: keys of formats that it reads.
        pieces: (path, form) -> pieces of the file's events in the library's own form, each with a length.
        columns: a piece -> t, x, y, p.
    """

    module: str
    forms: tuple[str, ...]
    pieces: Callable[[str, str], Iterator[Any]]
    columns: Callable[[Any], tuple[Any, Any, Any, Any]] = lambda a: (a["t"], a["x"], a["y"], a["p"])


def _ours(checked: bool) -> Callable[[str, str], Iterator[Any]]:
    def pieces(path: str, _form: str) -> Iterator[Any]:
        from edge_sast.formats.contract import Reading
        from edge_sast.formats.defects import cleaned
        from edge_sast.formats.registry import open_stream

        with open(path, "rb") as stream:
            reading = Reading()
            _, opened = open_stream(stream, path, reading)
            sensor, place = opened.header.sensor, opened.offset_of
            yield from (
                cleaned(opened.chunks, path, sensor, reading.defects, place) if checked else opened.chunks
            )

    return pieces


def _expelliarmus(whole: bool) -> Callable[[str, str], Iterator[Any]]:
    def pieces(path: str, form: str) -> Iterator[Any]:
        from expelliarmus import Wizard

        wizard = Wizard(encoding=form, fpath=path, chunk_size=CHUNK)
        yield from [wizard.read()] if whole else wizard.read_chunk()

    return pieces


def _evt3_whole(path: str, _form: str) -> Iterator[Any]:
    import evt3

    yield _Counted(evt3.decode_file(path))


def _evt3_batches(path: str, _form: str) -> Iterator[Any]:
    import evt3

    yield from map(_Counted, evt3.decode_file_batches(path))


class _Counted:
    """evt3's events, which have no length."""

    def __init__(self, events: Any) -> None:
        self.events, self.count = events, len(events.t)

    def __len__(self) -> int:
        return self.count


def _evutils(whole: bool) -> Callable[[str, str], Iterator[Any]]:
    def pieces(path: str, _form: str) -> Iterator[Any]:
        from evutils.io import EventReader

        yield from [EventReader(path, mode="all").read_all()] if whole else EventReader(path, n_events=CHUNK)

    return pieces


def _faery(path: str, _form: str) -> Iterator[Any]:
    import faery

    yield from faery.events_stream_from_file(path)


def _faery_columns(a: Any) -> tuple[Any, Any, Any, Any]:
    return a["t"], a["x"], a["y"], a["on" if "on" in a.dtype.names else "p"]


def _evlib(path: str, _form: str) -> Iterator[Any]:
    import evlib

    yield evlib.load_events(path).collect()


def _evlib_columns(table: Any) -> tuple[Any, Any, Any, Any]:
    t = table["t"].to_physical().to_numpy()
    return t, table["x"].to_numpy(), table["y"].to_numpy(), table["polarity"].to_numpy() > 0


class _Eventcv:
    """eventcv's events."""

    def __init__(self, events: Any) -> None:
        self.events, self.count = events, events.shape[0]

    def __len__(self) -> int:
        return int(self.count)


def _eventcv(path: str, _form: str) -> Iterator[Any]:
    import eventcv

    yield _Eventcv(eventcv.load(path))


def _eventcv_columns(piece: _Eventcv) -> tuple[Any, Any, Any, Any]:
    table = piece.events.numpy()
    return table[:, 2], table[:, 0], table[:, 1], table[:, 3]


def _fields(events: Any) -> tuple[Any, Any, Any, Any]:
    return events.t, events.x, events.y, events.p


def _evt3_columns(piece: _Counted) -> tuple[Any, Any, Any, Any]:
    return _fields(piece.events)


def _h5py(path: str, _form: str) -> Iterator[Any]:
    import h5py

    rows = 1 << 16  # as many as its chunks have: fewer and more take longer
    with h5py.File(path) as file:
        columns = [file["events"][name] for name in "txyp"]
        for begin in range(0, len(columns[0]), rows):
            yield _Columns([column[begin : begin + rows] for column in columns], file["t_offset"][()])


class _Columns:
    """Columns of HDF5, t from t_offset on."""

    def __init__(self, columns: list[Any], begin: int) -> None:
        self.columns, self.begin = columns, begin

    def __len__(self) -> int:
        return len(self.columns[0])


def _h5py_columns(piece: _Columns) -> tuple[Any, Any, Any, Any]:
    t, x, y, p = piece.columns
    return t + piece.begin, x, y, p


def _aedat(path: str, _form: str) -> Iterator[Any]:
    import aedat

    for packet in aedat.Decoder(path):
        if "events" in packet:
            yield packet["events"]


def _dv(path: str, _form: str) -> Iterator[Any]:
    import dv_processing

    recording = dv_processing.io.MonoCameraRecording(path)
    while (events := recording.getNextEventBatch()) is not None:
        yield events.numpy()


def _faery_text(path: str, _form: str) -> Iterator[Any]:
    import faery

    yield from faery.events_stream_from_file(path, dimensions_fallback=(1280, 720))


OURS = "edge-sast/checked"
EVUTILS_FORMS = ("evt2", "evt21-legacy", "evt3", "dat", "aedat4", "hdf5", "hdf5-gzip", "text")
OUR_FORMS = ("evt2", "evt21", "evt3", "dat", "aedat4", "hdf5", "hdf5-gzip", "text")
READERS = {
    "edge-sast/decoded": Reader("edge_sast.formats.registry", OUR_FORMS, _ours(False)),
    OURS: Reader("edge_sast.formats.registry", OUR_FORMS, _ours(True)),
    "expelliarmus/whole": Reader("expelliarmus", ("evt2", "evt3", "dat"), _expelliarmus(True)),
    "expelliarmus/chunks": Reader("expelliarmus", ("evt2", "evt3", "dat"), _expelliarmus(False)),
    "evt3/whole": Reader("evt3", ("evt3",), _evt3_whole, _evt3_columns),
    "evt3/batches": Reader("evt3", ("evt3",), _evt3_batches, _evt3_columns),
    "evutils/whole": Reader("evutils.io", EVUTILS_FORMS, _evutils(True), _fields),
    "evutils/chunks": Reader("evutils.io", EVUTILS_FORMS, _evutils(False), _fields),
    "faery/stream": Reader("faery", ("evt2", "evt3", "dat", "aedat4"), _faery, _faery_columns),
    "faery/text": Reader("faery", ("text",), _faery_text, _faery_columns),
    "h5py/chunks": Reader("h5py", ("hdf5", "hdf5-gzip"), _h5py, _h5py_columns),
    "aedat": Reader("aedat", ("aedat4",), _aedat, lambda a: (a["t"], a["x"], a["y"], a["on"])),
    "dv-processing": Reader(
        "dv_processing", ("aedat4",), _dv, lambda a: (a["timestamp"], a["x"], a["y"], a["polarity"])
    ),
    "evlib/whole": Reader("evlib", ("evt2", "evt21", "evt3"), _evlib, _evlib_columns),
    "eventcv/whole": Reader("eventcv", ("evt2", "evt3", "dat"), _eventcv, _eventcv_columns),
}


def sums(reader: Reader, path: str, form: str) -> list[int]:
    """Events, and sums mod 2^64 that tell t, x, y, p and their order."""
    import numpy as np

    found = [0] * 5
    for piece in reader.pieces(path, form):
        place = np.arange(found[0], found[0] + len(piece), dtype=np.uint64) + np.uint64(1)
        for index, column in enumerate(reader.columns(piece), 1):
            total = (np.asarray(column).astype(np.int64).astype(np.uint64) * place).sum(dtype=np.uint64)
            found[index] = (found[index] + int(total)) % (1 << 64)
        found[0] += len(piece)
    return found


def _peak_kib() -> int:
    """Most memory so far; getrusage would count what the process was forked from."""
    with open("/proc/self/status", encoding="ascii") as lines:
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1])


def cost(reader: Reader, path: str, form: str, warm: str | None) -> dict[str, float]:
    """Of reading a file once, after `warm` was read."""
    empty = _peak_kib()
    if warm:
        sum(map(len, reader.pieces(warm, form)))
    start, processor = time.perf_counter(), time.process_time()
    events = 0
    for piece in reader.pieces(path, form):
        events += len(piece)
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    peak = _peak_kib() - empty
    return {"events": events, "seconds": seconds, "processor": processor, "kib": peak}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("form")
    parser.add_argument("path")
    parser.add_argument(
        "--warm", metavar="FILE", help="read first: what is compiled or loaded late is not timed"
    )
    parser.add_argument(
        "--sums", action="store_true", help="print sums that tell the events, instead of times"
    )
    args = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.environ |= dict.fromkeys(("POLARS_MAX_THREADS", "RAYON_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    reader = READERS[args.reader]
    __import__(reader.module)
    done = sums(reader, args.path, args.form) if args.sums else cost(reader, args.path, args.form, args.warm)
    print(json.dumps(done))


if __name__ == "__main__":
    main()
