"""Rows of arrays, piece by piece, as events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.formats import contract
from edge_sast.formats.array_fields import PROBED_ROWS, ArrayFields, unit_of
from edge_sast.formats.columns import FIELDS, LEFT_OUT, Order, order_given, order_of_names
from edge_sast.formats.contract import Header, Opened, Reading, Sensor
from edge_sast.formats.tables.npy_header import NUMBERS, NpyHeader


@dataclass(frozen=True)
class Part:
    """An array, or a column of one, that is read forward.

    Attributes:
        read: up to so many bytes; fewer, and then none, only at its end.
        dtype: of a row: a number, a structure, or [k] numbers.
        fields: the field it holds; of a structure its name, of [k] numbers its place.
    """

    read: Callable[[int], bytes]
    dtype: np.dtype
    fields: dict[str, str | int | None]


@dataclass(frozen=True)
class Rows:
    """The arrays of a file, of the same rows.

    Attributes:
        unit: of the times where the file says it, else None.
        first_byte: in the file, of the first row, where rows follow one another in it.
    """

    parts: tuple[Part, ...]
    count: int
    order: str
    unit: str | None = None
    sensor: Sensor | None = None
    first_byte: int | None = None
    assumed: tuple[str, ...] = ()

    @property
    def row_bytes(self) -> int:
        """Bytes of a row in all parts."""
        return sum(part.dtype.itemsize for part in self.parts)


def rows_of(
    header: NpyHeader, source: str, reading: Reading, usual: str
) -> tuple[np.dtype, dict, Order, str]:
    """(type of a row, fields for `Part`, their order, what was assumed) of one array of events.

    usual: the order of the columns of [n, 4] numbers where nobody says it.

    Raises:
        EdgeSastError: it is no array of events.
    """
    names, shape = header.dtype.names, header.shape
    if names and len(shape) == 1:
        order = order_of_names(list(names))
        fields = (
            {f: name for f, name in zip(order.fields, names, strict=True) if f != LEFT_OUT} if order else {}
        )
        if order and all(
            header.dtype[name].kind in NUMBERS and not header.dtype[name].shape for name in fields.values()
        ):
            return header.dtype, fields, order, ""
    elif names is None and header.dtype.kind in NUMBERS and len(shape) == 2:
        order = order_given(reading.columns or usual)
        if len(order.fields) == shape[1]:
            reading.taken.add("columns")
            places = {field: order.place(field) for field in FIELDS}
            guess = (
                ""
                if reading.columns
                else f"columns {order}: the array does not name them, nor does --columns"
            )
            return np.dtype((header.dtype, (shape[1],))), places, order, guess
    kind = f"fields {', '.join(names)}" if names else f"type {header.dtype}"
    raise EdgeSastError(
        f"{source}: shape {shape} of {kind} is not [n, {len(order_given(reading.columns or usual).fields)}] numbers "
        f"{reading.columns or usual}, nor a structure with t, x, y and p; export it in this form, or say the columns "
        "with --columns"
    )


def open_rows(rows: Rows, source: str, reading: Reading, end: Callable[[], None] = lambda: None) -> Opened:
    """Rows as a header and chunks; end: what is looked at after the last row.

    Raises:
        EdgeSastError: the unit of time is not known.
    """
    first = _read(rows, min(rows.count, max(PROBED_ROWS, _at_once(rows))))
    unit, assumed = rows.unit, rows.assumed
    if unit is None:
        unit, guess = unit_of(first["t"][:PROBED_ROWS], source, reading)
        assumed += (guess,) if guess else ()
    said = (("columns", rows.order), ("time unit", unit.replace("us", "µs")))
    fields = ArrayFields(source, unit)
    chunks = _chunks(rows, first, fields, source, reading, end)
    last = [0]  # events before the last chunk
    offset_of = None
    if rows.first_byte is not None:
        offset_of = lambda index: rows.first_byte + rows.row_bytes * (last[0] + index)  # noqa: E731
    return Opened(Header(rows.sensor, said, assumed), _counted(chunks, last), offset_of)


def _counted(chunks: Iterator[np.ndarray], last: list[int]) -> Iterator[np.ndarray]:
    done = 0
    for chunk in chunks:
        last[0] = done
        yield chunk
        done += len(chunk)


def _chunks(
    rows: Rows, first: dict, fields: ArrayFields, source: str, reading: Reading, end: Callable[[], None]
) -> Iterator[np.ndarray]:
    piece, done = first, 0
    while done < rows.count:
        wanted = min(rows.count - done, _at_once(rows) if done else max(PROBED_ROWS, _at_once(rows)))
        piece = piece if done == 0 else _read(rows, wanted)
        got = len(piece["t"])
        if got:
            yield fields.events(**piece)
        done += got
        if got < wanted:
            reading.defects.truncated(f"{source}: ends after {done} of {rows.count} events")
            return
    end()


def _at_once(rows: Rows) -> int:
    return max(1, contract.CHUNK_BYTES // rows.row_bytes)


def _read(rows: Rows, count: int) -> dict[str, np.ndarray]:
    """Up to `count` rows by field; fewer only at the end of a part."""
    found = {}
    for part in rows.parts:
        size = part.dtype.itemsize
        data = part.read(count * size)
        piece = np.frombuffer(data, part.dtype.base, len(data) // size * (size // part.dtype.base.itemsize))
        piece = piece.reshape(-1, *part.dtype.shape)
        for field, place in part.fields.items():
            found[field] = (
                piece if place is None else piece[place] if isinstance(place, str) else piece[:, place]
            )
    shortest = min(len(values) for values in found.values())
    return {field: values[:shortest] for field, values in found.items()}
