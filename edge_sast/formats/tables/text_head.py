"""The beginning of a text of events: what its comments, its header line and its first event say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats.columns import FIELDS, LEFT_OUT, UNITS, Order, check_unit, order_given, order_of_names
from edge_sast.formats.contract import Header, Reading, Sensor
from edge_sast.formats.tables.characters import check_characters
from edge_sast.formats.tables.parse_lines import CODE, FIELD_CODES, GOOD, REASONS, parse_lines

BOM = b"\xef\xbb\xbf"  # of UTF-8, as spreadsheets write it
MOST_HEAD_BYTES = 1 << 16
SHOWN_CHARACTERS = 60  # of a line, in a message
DEFAULT = Order(FIELDS)
PROPHESEE = Order(("x", "y", "p", "t"), "us")  # of metavision_file_to_csv, which names no columns
_GEOMETRY = re.compile(r"^%geometry:\s*(\d{1,5})\s*,\s*(\d{1,5})$")
_T0 = re.compile(r"^%\s*t0\s+(\d{1,18})$")  # faery's
_BETWEEN = re.compile(r"[ \t]*[,;][ \t]*|[ \t]+")
_WORD = re.compile(r"(?i)\b(?!(?:true|false|nan|inf)\b)[a-z]")


@dataclass(frozen=True)
class Head:
    """What the beginning of a text says.

    Attributes:
        start: byte offset of the first event's line.
        lines: how many lines come before it.
        order: the columns; `power`: a time is in units of 10^power µs; `t0`: µs, to be added to each time.
        points: whether times may have a decimal point.
        ends: uint8[columns], the byte behind each column of the first event.
    """

    header: Header
    start: int
    lines: int
    order: Order
    power: int = 0
    t0: int = 0
    points: bool = False
    ends: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint8))

    @property
    def codes(self) -> np.ndarray:
        """int64[columns], as `parse_lines` takes them."""
        return np.array([FIELD_CODES[field] for field in self.order.fields])


@dataclass(frozen=True)
class Comments:
    """What stands before the first event: order, sensor and t0 where it says them, and where it ends."""

    start: int = 0
    lines: int = 0
    order: Order | None = None
    sensor: Sensor | None = None
    t0: int = 0


def shown(line: bytes) -> str:
    """A line of a file as a message quotes it, of printable characters."""
    text = line.strip().decode("utf-8", "backslashreplace")
    text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def read_comments(data: bytes, ended: bool, given: bool = False) -> tuple[Comments, bytes | None]:
    """Comments and a header line, and the first line behind them as it stands there.

    That is None where `data`, the file's beginning, ends before it; ended: the file ends with `data`; given: the
    order of the columns is known, so a header line may say what it likes.
    """
    found, named = Comments(len(BOM) if data.startswith(BOM) else 0), False
    while found.start < len(data):
        end = data.find(b"\n", found.start) + 1
        if not end and not ended:
            break
        line = data[found.start : end or len(data)]
        text = line.decode("utf-8", "replace").strip()
        if text[:1] in ("#", "%"):
            found = _with_comment(found, text)
        elif text:
            order = None if named or not _WORD.search(text) else _names(text)
            if named or not (order or (given and _WORD.search(text))):
                return found, line
            found, named = replace(found, order=order, sensor=(order and order.sensor) or found.sensor), True
        found = replace(found, start=end or len(data), lines=found.lines + 1)
    return found, None


def _with_comment(found: Comments, text: str) -> Comments:
    if geometry := _GEOMETRY.match(text):
        return replace(found, order=PROPHESEE, sensor=(int(geometry[1]), int(geometry[2])))
    if t0 := _T0.match(text):
        return replace(found, t0=int(t0[1]))
    order = _names(text.lstrip("#% \t"))
    return replace(found, order=order) if order and LEFT_OUT not in order.fields else found


def _names(text: str) -> Order | None:
    return order_of_names(re.split(r"[,;\t]" if re.search(r"[,;\t]", text) else r"\s+", text))


def words_of(line: bytes) -> list[str]:
    """What stands in the columns of a line."""
    return _BETWEEN.split(line.decode("utf-8", "replace").strip())


def read_head(data: bytes, ended: bool, source: str, reading: Reading) -> Head | None:
    """The head of a file that begins with `data`; None where more of the file is needed.

    Raises:
        EdgeSastError: the columns or the unit of time are not known or said twice, the head does not end, or it is
            none of lines.
    """
    given = order_given(reading.columns) if reading.columns else None
    check_characters(data[:MOST_HEAD_BYTES], source)
    whole = ended and len(data) <= MOST_HEAD_BYTES
    found, line = read_comments(data[:MOST_HEAD_BYTES], whole, given is not None)
    if line is None and not whole:
        if len(data) >= MOST_HEAD_BYTES:
            raise EdgeSastError(
                f"{source}: has no event in its first {MOST_HEAD_BYTES} bytes; it is no text of events: convert it"
            )
        return None
    reading.taken.update(("columns", "time_unit"))
    if given and found.order and not given.same_places(found.order):
        raise EdgeSastError(
            f"{source}: --columns {given}, but the file says {found.order}; leave --columns out"
        )
    order = given or found.order or DEFAULT
    place = f"{source}: line {found.lines + 1}: '{shown(line or b'')}'"
    assumed = []
    if line is not None and not (given or found.order):
        _check_default(line, place)
        assumed.append(f"columns {order}: no line names them, nor does --columns")
    unit, guess = _unit(found.order, order, line, place, reading)
    assumed += [guess] if guess else []
    said = [("columns", str(order)), ("time unit", unit.replace("us", "µs"))]
    said += [("begin", f"t0 = {found.t0} µs, added to each time")] if found.t0 else []
    return Head(
        Header(found.sensor, tuple(said), tuple(assumed)),
        found.start,
        found.lines,
        order,
        UNITS[unit],
        found.t0,
        not guess or unit == "s",
        _ends(line or b"", len(order.fields)),
    )


def _check_default(line: bytes, place: str) -> None:
    """Whether a first event is one of the default columns."""
    columns = len(words_of(line))
    state = np.zeros(6, np.int64)
    data = line.rstrip(b"\r\n") + b"\n"
    codes = np.arange(len(FIELDS))
    parse_lines(
        np.frombuffer(data, np.uint8),
        len(data),
        np.empty(1, EVENT_DTYPE),
        codes,
        _ends(data, 4),
        0,
        True,
        state,
    )
    if state[CODE] != GOOD:
        why = f"has {columns} columns" if columns != len(FIELDS) else REASONS[int(state[CODE])]
        raise EdgeSastError(
            f"{place} {why}, read as {DEFAULT}; name the columns in order with --columns, such as x,y,p,t, and _ for "
            "one to leave out; leave out a file without events"
        )


def _unit(
    named: Order | None, order: Order, line: bytes | None, place: str, reading: Reading
) -> tuple[str, str | None]:
    """(unit of time, what was assumed for it)."""
    given = check_unit(reading.time_unit) if reading.time_unit else None
    own = named.unit if named else None
    if given and own and given != own:
        raise EdgeSastError(f"{place}: --time-unit {given}, but the file says {own}; leave --time-unit out")
    words = words_of(line or b"")
    time = words[order.place("t")] if order.place("t") < len(words) else ""
    if given or own or not time:
        return given or own or "us", None
    if "e" in time.lower():
        raise EdgeSastError(
            f"{place}: the time has an exponent, which does not tell its unit; say it with --time-unit s, ms, us or ns"
        )
    if "." in time:
        return "s", "times in seconds: the first has a decimal point (--time-unit says another unit)"
    return "us", "times in µs: the first has no decimal point (--time-unit says another unit)"


def _ends(line: bytes, columns: int) -> np.ndarray:
    """uint8[columns]: the byte behind each column of a line; the usual ones where it has fewer."""
    found = re.findall(rb"[^,; \t\r\n]+([,; \t\r\n])", line.lstrip() + b"\n")[: columns - 1]
    last = b"\r" if line.endswith(b"\r\n") else b"\n"
    return np.frombuffer(b"".join(found).ljust(columns - 1, b",") + last, np.uint8)
