"""Events written as HDF5, in DSEC's layout: what h5py, Tonic and evutils read.

events/t   int64, µs from t_offset on        t_offset   int64, µs: the time of the first event
events/x   uint16                            ms_to_idx  uint64: entry k is the first event with t >= 1000 k
events/y   uint16                            attributes width, height: the sensor
events/p   uint8, 1 is ON
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import numpy as np

from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats import contract
from edge_sast.formats.contract import Sensor
from edge_sast.formats.fits import UnfitError, check_order
from edge_sast.formats.hdf5.held_writes import HeldWrites
from edge_sast.formats.hdf5.read import h5py_module
from edge_sast.spool import Spool

CHUNK_ROWS = 1 << 16
GZIP_LEVEL = 1
US_PER_MS = 1000
MOST_INDEX = 1 << 30  # 12 days


def write_hdf5(
    stream: BinaryIO, sensor: Sensor, chunks: Iterable[np.ndarray], compression: str | None = "gzip"
) -> None:
    """An HDF5 file of events in order of time; compression: "gzip", or None for none."""
    # HDF5 reads and moves about in what it writes, which a stream need not allow.
    with Spool() as spool:
        held = HeldWrites(spool)
        with h5py_module().File(held, "w") as file:
            _write(file, sensor, _checked(chunks, held), compression)
        held.check()
        spool.seek(0)
        shutil.copyfileobj(spool, stream, contract.CHUNK_BYTES)


def _checked(chunks: Iterable[np.ndarray], held: HeldWrites) -> Iterator[np.ndarray]:
    """The chunks, as long as those before could be written."""
    for chunk in chunks:
        yield chunk
        held.check()


def _write(file: Any, sensor: Sensor, chunks: Iterable[np.ndarray], compression: str | None) -> None:
    file.attrs["width"], file.attrs["height"] = sensor
    columns = {name: _column(file, f"events/{name}", EVENT_DTYPE[name], compression) for name in "txyp"}
    index = _column(file, "ms_to_idx", np.dtype("<u8"), compression)
    done, t0, last = 0, 0, 0
    for chunk in chunks:
        if not len(chunk):
            continue
        check_order(chunk, done, last, "an HDF5 file")
        t0 = t0 if done else int(chunk["t"][0])
        t = chunk["t"] - t0
        if int(t[-1]) // US_PER_MS >= MOST_INDEX:
            raise UnfitError(
                f"events span {int(t[-1])} µs, and an HDF5 file has an index of each ms, {MOST_INDEX} at most; cut the "
                "recording into several"
            )
        # entries for the milliseconds after those of the chunk before, up to the last that this one reaches
        begins = np.arange(len(index), int(t[-1]) // US_PER_MS + 1) * US_PER_MS
        _append(index, done + np.searchsorted(t, begins))
        for name, column in columns.items():
            _append(column, t if name == "t" else chunk[name])
        done, last = done + len(chunk), int(chunk["t"][-1])
    file["t_offset"] = np.int64(t0)


def _column(file: Any, name: str, dtype: np.dtype, compression: str | None) -> Any:
    level = {"compression_opts": GZIP_LEVEL, "shuffle": True} if compression else {}
    return file.create_dataset(
        name, (0,), dtype, maxshape=(None,), chunks=(CHUNK_ROWS,), compression=compression, **level
    )


def _append(column: Any, values: np.ndarray) -> None:
    begin = len(column)
    column.resize(begin + len(values), axis=0)
    column[begin:] = values
