"""Where events stand in an HDF5 file: the layouts of cameras' software and of data sets.

| layout | events | t |
|---|---|---|
| Prophesee (Metavision) | `CD/events`, a compound of x, y, p, t; sensor in attribute `geometry` | µs |
| DSEC, and what is written here | `events/t`, `x`, `y`, `p`; number `t_offset` | µs from `t_offset` on |
| evlib | `events/ts`, `xs`, `ys`, `ps` | floats, as they came into evlib |
| MVSEC | `davis/left/events`, [n, 4] of x, y, t, p | seconds |
| Tonic's cache | `data/0`, a compound | µs |
| others | `events`, a compound, or [n, 4] of t, x, y, p | by their type |

Sources: Prophesee, openeb 5 (HDF5 event file); M. Gehrig et al., "DSEC", IEEE RA-L 6(3), 2021; A. Z. Zhu et al., "The
Multivehicle Stereo Event Camera Dataset", IEEE RA-L 3(3), 2018; evlib 0.13; Tonic 1.7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import MAX_SIDE, TIME_LIMIT_US
from edge_sast.formats.columns import FIELDS, LEFT_OUT, Order, order_given, order_of_names
from edge_sast.formats.contract import Reading, Sensor
from edge_sast.formats.tables.npy_header import NUMBERS

_GEOMETRY = re.compile(r"^(\d{1,5})x(\d{1,5})$")
# (path, name of the layout, order of the columns of numbers, unit of its times) of what is looked for, in this order
PLACES = (
    ("CD/events", "Prophesee", "x,y,p,t", "us"),
    ("davis/left/events", "MVSEC", "x,y,t,p", "s"),
    ("davis/right/events", "MVSEC", "x,y,t,p", "s"),
    ("events", "", "t,x,y,p", None),
    ("data/0", "Tonic's cache", "t,x,y,p", None),
)
OWN_ORDER = ("Prophesee", "MVSEC")  # layouts that say it; of others' numbers without names --columns may
MVSEC_SENSOR = (346, 260)
_INSIDE = ("HardLink", "SoftLink")  # kinds of links
_SHOWN_NAMES = 8  # in a message


@dataclass(frozen=True)
class Source:
    """A data set of one field or of several.

    Attributes:
        place: field -> None, its name in a compound, or its column of [n, k] numbers.
    """

    data: Any  # h5py.Dataset
    place: dict[str, str | int | None]


@dataclass(frozen=True)
class Layout:
    """Where the events of a file stand.

    Attributes:
        unit: of the times where the layout says it, else None.
        t0: µs, added to each time.
    """

    name: str
    sources: tuple[Source, ...]
    count: int
    order: str
    unit: str | None
    t0: int = 0
    sensor: Sensor | None = None
    assumed: tuple[str, ...] = ()


def find_layout(file: Any, source: str, reading: Reading) -> Layout:
    """The layout of an open HDF5 file.

    Raises:
        EdgeSastError: it has no events in any of the places, or not in a form that events have.
    """
    for path, name, columns, unit in PLACES:
        node = _at(file, path)
        if node is not None and hasattr(node, "keys"):
            return _group(file, node, f"{source}:{path}")
        if node is not None:
            given = None if name in OWN_ORDER else reading.columns
            order = order_given(given or columns)
            return _whole(file, node, f"{source}:{path}", name, order, unit, reading)
    raise EdgeSastError(
        f"{source}: has no events in {', '.join(path for path, *_ in PLACES)}, but {_content(file)}; convert it to one "
        "of these layouts, or to text"
    )


def _at(file: Any, path: str) -> Any:
    """What stands at a path of groups and data sets, None where nothing does: no link out of the file is followed."""
    node = file
    for name in path.split("/"):
        if not hasattr(node, "keys") or type(node.get(name, getlink=True)).__name__ not in _INSIDE:
            return None
        node = node.get(name)
    return node


def _content(file: Any) -> str:
    names = [ascii(name)[1:-1] for name in file]
    return ", ".join(names[:_SHOWN_NAMES]) + (", …" if len(names) > _SHOWN_NAMES else "") or "nothing"


def _group(file: Any, node: Any, place: str) -> Layout:
    """One data set for each column."""
    names = [str(name) for name in node]
    order = order_of_names(names)
    if order is None:
        raise EdgeSastError(
            f"{place}: has {', '.join(names) or 'nothing'} and not t, x, y and p once each; convert it"
        )
    data = {f: _at(node, name) for f, name in zip(order.fields, names, strict=True) if f != LEFT_OUT}
    for field in FIELDS:
        if data[field] is None or len(_shape(data[field])) != 1 or data[field].dtype.kind not in NUMBERS:
            raise EdgeSastError(f"{place}: its {field} are not [n] numbers; convert it")
    counts = {field: _shape(data[field])[0] for field in FIELDS}
    if len(set(counts.values())) > 1:
        lengths = ", ".join(f"{field} {count}" for field, count in counts.items())
        raise EdgeSastError(
            f"{place}: its columns are not of one length ({lengths}); the file is damaged: copy it again"
        )
    t0, offset = _number(file, "t_offset", place), _at(file, "t_offset") is not None
    index = _at(file, "ms_to_idx") is not None
    name = "DSEC" if offset or index else "evlib" if "ts" in names else "a data set a column"
    sources = tuple(Source(data[field], {field: None}) for field in FIELDS)
    whole_us = "us" if offset or index else None
    return Layout(name, sources, counts["t"], "t,x,y,p", order.unit or whole_us, t0, _sensor(file, node))


def _whole(
    file: Any, node: Any, place: str, name: str, order: Order, unit: str | None, reading: Reading
) -> Layout:
    """One data set of all columns."""
    names, shape = node.dtype.names, _shape(node)
    found = order_of_names(list(names)) if names else None
    sensor = _sensor(file, node)
    assumed: tuple[str, ...] = ()
    if found and len(shape) == 1:
        fields = {f: n for f, n in zip(found.fields, names, strict=True) if f != LEFT_OUT}
        if any(node.dtype[n].shape or node.dtype[n].kind not in NUMBERS for n in fields.values()):
            raise EdgeSastError(f"{place}: type {node.dtype} is not numbers t, x, y and p; convert it")
        source: Source = Source(node, dict(fields))
        return Layout(
            name or "a compound",
            (source,),
            shape[0],
            str(found),
            unit or found.unit,
            _number(file, "t_offset", place),
            sensor,
        )
    if not names and node.dtype.kind in NUMBERS and len(shape) == 2 and shape[1] == len(order.fields):
        if name not in OWN_ORDER:
            reading.taken.add("columns")
        if name not in OWN_ORDER and not reading.columns:
            assumed = (f"columns {order}: the data set does not name them, nor does --columns",)
        if name == "MVSEC":
            width, height = sensor = sensor or MVSEC_SENSOR
            assumed = (
                f"the events of {node.name.strip('/')}",
                f"sensor {width}x{height}, of MVSEC's cameras",
            )
        places: dict[str, str | int | None] = {field: order.place(field) for field in FIELDS}
        return Layout(
            name or "an array", (Source(node, places),), shape[0], str(order), unit, 0, sensor, assumed
        )
    raise EdgeSastError(
        f"{place}: shape {shape} of type {node.dtype} is neither a compound of t, x, y and p nor [n, "
        f"{len(order.fields)}] numbers {order}; convert it"
        f"{'' if name in OWN_ORDER else ', or say the columns with --columns'}"
    )


def _shape(data: Any) -> tuple[int, ...]:
    return tuple(data.shape or ()) if hasattr(data, "shape") else ()


def _number(file: Any, name: str, place: str) -> int:
    """A whole number at the top, a data set or an attribute; 0 where there is none."""
    node = _at(file, name)
    value = node[()] if node is not None and _shape(node) in ((), (1,)) else file.attrs.get(name, 0)
    value = np.asarray(value).reshape(-1)
    if len(value) != 1 or value.dtype.kind not in "iu" or not 0 <= int(value[0]) < TIME_LIMIT_US:
        raise EdgeSastError(
            f"{place}: {name} is no whole number from 0 to 2^62; the file is damaged: copy it again"
        )
    return int(value[0])


def _sensor(file: Any, node: Any) -> Sensor | None:
    """(width, height) by the attributes of the file, or the numbers beside the columns, where they say it."""
    geometry = file.attrs.get("geometry")
    if isinstance(geometry, (str, bytes)):
        text = geometry if isinstance(geometry, str) else geometry.decode("ascii", "replace")
        if found := _GEOMETRY.match(text):
            return _size(int(found[1]), int(found[2]))
    sizes = []
    for name in ("width", "height"):
        value = file.attrs.get(name)
        beside = _at(node, name) if hasattr(node, "keys") else None
        if value is None and beside is not None and _shape(beside) in ((), (1,)):
            value = beside[()]
        number = np.asarray(value if value is not None else ()).reshape(-1)
        sizes.append(int(number[0]) if len(number) == 1 and number.dtype.kind in "iu" else 0)
    return _size(*sizes)


def _size(width: int, height: int) -> Sensor | None:
    return (width, height) if 1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE else None
