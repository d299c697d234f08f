"""A CSV of labels: what happened in a recording from when to when.

Its first line names the columns: the class (`class`, `label` or `name`), the begin (`start`, `begin`, `from`) and the
end (`end`, `stop`, `to`, `until`), each with or without a unit behind it (`start_us`, `startTime_usec`); without one,
µs. A column `file` says which recording a line is of; without it all lines are of every recording that is named.
DVS Gesture's files are of this form (class,startTime_usec,endTime_usec).
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from edge_sast.datasets.cutting.windows import Label
from edge_sast.errors import EdgeSastError
from edge_sast.files import read_bytes

ROLES = {
    "class": ("class", "label", "name"),
    "begin": ("start", "begin", "from", "starttime"),
    "end": ("end", "stop", "to", "until", "endtime"),
    "file": ("file", "recording", "source"),
}
UNIT_US = {"us": 1, "usec": 1, "µs": 1, "ms": 1_000, "msec": 1_000, "s": 1_000_000, "sec": 1_000_000}
LIMIT_US = 1 << 62
FORBIDDEN = re.compile(r"[/\\\0]|^\.")


def read_labels(path: Path) -> dict[str | None, list[Label]]:
    """Recording's file name (None: every recording) -> its labels, in the file's order.

    Raises:
        EdgeSastError: unreadable, without a column that is needed, or with a line that is no label.
    """
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EdgeSastError(
            f"{path}: is no text ({error.reason} at byte {error.start}); give a CSV of labels"
        ) from error
    rows = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    header = next(rows, [])
    columns, units = _columns(header, path)
    found: dict[str | None, list[Label]] = {}
    try:
        for row in rows:
            if not any(row):
                continue
            where = f"{path}: line {rows.line_num}"
            if len(row) < len(header):
                raise EdgeSastError(f"{where}: {len(row)} of {len(header)} values; write them all")
            begin, end = (_time(row[columns[role]], units[role], role, where) for role in ("begin", "end"))
            if end <= begin:
                raise EdgeSastError(
                    f"{where}: ends at {end} µs, not after its begin at {begin} µs; correct the line"
                )
            name = row[columns["class"]].strip()
            if not is_class_name(name):
                raise EdgeSastError(f"{where}: class {name!r} cannot be the name of a folder; choose another")
            file = row[columns["file"]].strip() if "file" in columns else None
            found.setdefault(file, []).append(Label(name, begin, end))
    except csv.Error as error:
        raise EdgeSastError(f"{path}: line {rows.line_num}: {error}; give a CSV of labels") from error
    if not found:
        raise EdgeSastError(f"{path}: holds no label; write one line for each")
    return found


def is_class_name(name: str) -> bool:
    """A folder of recordings can be called so."""
    return bool(name) and not FORBIDDEN.search(name)


def _columns(header: list[str], path: Path) -> tuple[dict[str, int], dict[str, int]]:
    """Role -> column, and role -> µs of its unit."""
    columns: dict[str, int] = {}
    units: dict[str, int] = {}
    for number, title in enumerate(header):
        name, _, unit = title.strip().lower().partition("_")
        role = next((role for role, names in ROLES.items() if name in names), None)
        if role is None:
            continue
        if role in columns:
            raise EdgeSastError(
                f"{path}: two columns for {role}: {header[columns[role]]!r}, {title!r}; remove one"
            )
        if unit and unit not in UNIT_US:
            raise EdgeSastError(
                f"{path}: column {title!r}: unknown unit {unit!r}; write one of {', '.join(UNIT_US)}"
            )
        columns[role], units[role] = number, UNIT_US[unit] if unit else 1
    missing = [role for role in ("class", "begin", "end") if role not in columns]
    if missing:
        raise EdgeSastError(
            f"{path}: its first line names no column for the {missing[0]} (one of {', '.join(ROLES[missing[0]])}); "
            "write a header such as class,start_us,end_us"
        )
    return columns, units


def _time(text: str, unit: int, role: str, where: str) -> int:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    us = value * unit
    if not 0 <= us < LIMIT_US:
        raise EdgeSastError(f"{where}: {role} {text.strip()!r} is no time from 0 on; correct the line")
    return round(int(text) * unit) if text.strip().isdecimal() else round(us)
