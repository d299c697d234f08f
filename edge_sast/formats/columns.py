"""Columns of a table of events: their names, their order and the unit of time, for text, arrays and HDF5 alike."""

from __future__ import annotations

import re
from dataclasses import dataclass

from edge_sast.errors import EdgeSastError
from edge_sast.formats.contract import Sensor

FIELDS = ("t", "x", "y", "p")
LEFT_OUT = "_"  # a column that is none of these
MOST_COLUMNS = 64
UNITS = {"s": 6, "ms": 3, "us": 0, "ns": -3}  # powers of ten to µs
_NAMES = {
    "t": ("t", "ts", "time", "times", "timestamp", "timestamps"),
    "x": ("x", "xs"),
    "y": ("y", "ys"),
    "p": ("p", "ps", "pol", "polarity", "polarities", "on"),
}
_FIELD_OF = {name: field for field, names in _NAMES.items() for name in names}
_UNIT_WORDS = {
    **{unit: unit for unit in UNITS},
    **{"µs": "us", "μs": "us"},
    **{"sec": "s", "msec": "ms", "usec": "us", "µsec": "us", "μsec": "us", "nsec": "ns"},
    **{"seconds": "s", "milliseconds": "ms", "microseconds": "us", "nanoseconds": "ns"},
}
_UNIT = re.compile(r"^([^\W_]+)[ _]*[\[(_ ][ _]*(\w+)[\])]?$")
_SIZED = re.compile(r"^([xy])@(\d{1,5})$")  # faery's header


@dataclass(frozen=True)
class Order:
    """Which column is which.

    Attributes:
        fields: a member of FIELDS, or LEFT_OUT, for each column.
        unit: a key of UNITS where a column's name says it, else None.
        sensor: (width, height) in pixels where the names say it, else None.
    """

    fields: tuple[str, ...]
    unit: str | None = None
    sensor: Sensor | None = None

    def __str__(self) -> str:
        return ",".join(self.fields)

    def place(self, field: str) -> int:
        """The column of a field."""
        return self.fields.index(field)

    def same_places(self, other: Order) -> bool:
        """Whether each field stands in the same column, whatever is left out behind them."""
        return all(self.place(field) == other.place(field) for field in FIELDS)


def _column(name: str) -> tuple[str, str | None, int]:
    """(field or LEFT_OUT, unit of time or None, size in pixels or 0) of one column's name."""
    word = name.strip().strip("\"'").strip().lower()
    if sized := _SIZED.match(word):
        return sized[1], None, int(sized[2])
    if (split := _UNIT.match(word)) and _FIELD_OF.get(split[1]) == "t" and split[2] in _UNIT_WORDS:
        return "t", _UNIT_WORDS[split[2]], 0
    return _FIELD_OF.get(word, LEFT_OUT), None, 0


def order_of_names(names: list[str]) -> Order | None:
    """The order that names of columns say, names that are no field's left out; None where a field has none or two."""
    columns = [_column(name) for name in names]
    fields = tuple(field for field, _, _ in columns)
    if sorted(field for field in fields if field != LEFT_OUT) != sorted(FIELDS) or len(fields) > MOST_COLUMNS:
        return None
    size = {field: pixels for field, _, pixels in columns}
    sensor = (size["x"], size["y"]) if size["x"] and size["y"] else None
    unit = next((unit for _, unit, _ in columns if unit), None)
    return Order(fields, unit or ("us" if sensor else None), sensor)  # faery's times are µs


def order_given(text: str) -> Order:
    """What `--columns` says, such as `t,x,y,p` or `_ x y p t`.

    Raises:
        EdgeSastError: t, x, y and p are not there once each, or there is something else.
    """
    names = re.split(r"[,; \t]+", text.strip())
    found = order_of_names(names)
    if found is None or any(name != LEFT_OUT and _column(name)[0] == LEFT_OUT for name in names):
        raise EdgeSastError(
            f"--columns '{text}' is no order of columns; name each of t, x, y and p once, and _ for a column to leave "
            "out, such as x,y,p,t"
        )
    return found


def check_unit(unit: str) -> str:
    """A unit of time as it came.

    Raises:
        EdgeSastError: it is none of UNITS.
    """
    if unit not in UNITS:
        raise EdgeSastError(f"--time-unit {unit}: no such unit; choose one of {', '.join(UNITS)}")
    return unit
