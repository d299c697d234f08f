"""What commands give: aligned tables on stdout, and figures as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from edge_sast.errors import EdgeSastError
from edge_sast.files import write_atomic
from edge_sast.terminal import echo, printable


def write_json(path: str | None, figures: Mapping[str, Any] | Sequence[Any]) -> None:
    """Write the figures to `path`, whole or not at all; nothing where path is None.

    Raises EdgeSastError for a figure that JSON cannot hold (NaN, infinity) or an unwritable file.
    """
    if path is None:
        return
    try:
        text = json.dumps(figures, indent=2, allow_nan=False, default=_plain)
    except ValueError as error:
        raise EdgeSastError(
            f"{path}: a figure is not a finite number ({error}); report this command"
        ) from error
    write_atomic(path, f"{text}\n".encode())


def print_table(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> None:
    """Aligned text on stdout; columns that hold only numbers (or -) are right-aligned."""
    echo(*table_lines(rows, headers))


def table_lines(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> list[str]:
    """The lines that print_table prints: headers, a rule, and the rows."""
    table = [tuple(map(printable, row)) for row in (headers, *rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(headers))]
    right = [all(_is_number(row[i]) for row in table[1:]) for i in range(len(headers))]
    lines = [
        "  ".join(
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in table
    ]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "").removesuffix("%").rstrip())
    except ValueError:
        return cell in ("", "-")
    return True


def _plain(value: Any) -> Any:
    """NumPy's scalars and arrays as Python's own, without importing numpy."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is no JSON value")
