"""One NumPy array of events in a `.npy` file: a structure with fields t, x, y and p, or [n, 4] numbers."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.formats.contract import Format, Likeness, Opened, Reading
from edge_sast.formats.tables.array_rows import Part, Rows, open_rows, rows_of
from edge_sast.formats.tables.npy_header import MAGIC, NpyHeader, read_npy_header


def sniff_npy(first: bytes) -> Likeness:
    """Whether it is a `.npy` array with named fields."""
    structure = first.startswith(MAGIC) and b"'descr': [" in first
    return Likeness.CERTAIN if structure else Likeness.NOT


def open_npy(stream: BinaryIO, source: str, reading: Reading) -> Opened:
    """A `.npy` file of events, t in µs where it is an integer; it says no sensor size.

    Raises EdgeSastError where it is no array of events.
    """
    return open_array(stream, source, reading, "t,x,y,p")


def open_array(
    stream: BinaryIO, source: str, reading: Reading, usual: str, unit: str | None = None
) -> Opened:
    """usual: the order of columns without names; unit: of their times, None where numbers tell it."""
    header = read_npy_header(stream, source)
    dtype, fields, order, guess = rows_of(header, source, reading, usual)
    count = header.shape[0]
    assumed = (guess,) if guess else ()
    own = order.unit or (unit if guess and not reading.time_unit else None)
    if header.fortran and dtype.shape:
        parts = tuple(_column(stream, header, field, int(place)) for field, place in fields.items())
        return open_rows(Rows(parts, count, str(order), own, None, None, assumed), source, reading)

    def end() -> None:
        if stream.read(1):
            raise EdgeSastError(
                f"{source}: goes on behind the {count} events of its array; it is damaged, or holds several arrays: "
                "save one"
            )

    parts = (Part(stream.read, dtype, fields),)
    return open_rows(Rows(parts, count, str(order), own, None, header.size, assumed), source, reading, end)


def _column(stream: BinaryIO, header: NpyHeader, field: str, place: int) -> Part:
    """A column of an array in Fortran's order, whose columns lie one behind the other."""
    size = header.shape[0] * header.dtype.itemsize
    done = 0

    def read(count: int) -> bytes:
        nonlocal done
        stream.seek(header.size + place * size + done)
        data = stream.read(min(count, size - done))
        done += len(data)
        return data

    return Part(read, np.dtype(header.dtype), {field: None})


NPY = Format("NumPy array", "npy", (".npy",), sniff_npy, open_npy, seeks=True)
