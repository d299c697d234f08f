"""The files that --json writes: the figures of a command, under a head that says what they are.

A file is one JSON object: `format`, `version`, `command` (the words behind `edge-sast` that name it, such as "board
build") and `line` (the whole command line, without --json), then the command's own keys.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge_sast.errors import EdgeSastError
from edge_sast.files import read_bytes
from edge_sast.report.tables import write_json

FORMAT = "edge-sast-figures"
VERSION = 1
HEAD = ("format", "version", "command", "line")


@dataclass(frozen=True)
class Figures:
    """What a file holds: its path as it was named, its head, and the command's own keys."""

    path: str
    command: str
    line: str
    values: dict[str, Any]


def write_document(path: str | None, command: str, line: str, figures: Mapping[str, Any]) -> None:
    """Write the figures under their head, whole or not at all; nothing where path is None.

    A key that the head has, too, is the head's. Raises EdgeSastError as write_json does.
    """
    head = {"format": FORMAT, "version": VERSION, "command": command, "line": line}
    write_json(path, head | {name: value for name, value in figures.items() if name not in HEAD})


def read_document(path: str | os.PathLike[str], commands: Sequence[str] = (), remedy: str = "") -> Figures:
    """A file that a command wrote with --json.

    commands: the only ones whose figures will do; all do where none is named. remedy: ends the messages.

    Raises:
        EdgeSastError: no JSON, of another format or version, or another command's.
    """
    remedy = remedy or "give a file that a command of this edge-sast wrote with --json"
    try:
        document: Any = json.loads(read_bytes(path), parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise EdgeSastError(f"{path}: is not JSON ({error}); {remedy}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        said = repr(document.get("format")) if isinstance(document, dict) else "missing"
        raise EdgeSastError(f"{path}: format is {said}, not {FORMAT!r}; {remedy}")
    if document.get("version") != VERSION:
        raise EdgeSastError(
            f"{path}: version is {document.get('version')!r}; this edge-sast reads {VERSION}: write it again"
        )
    command, line = document.get("command"), document.get("line")
    if not isinstance(command, str) or not isinstance(line, str):
        wrong, value = ("line", line) if isinstance(command, str) else ("command", command)
        raise EdgeSastError(f"{path}: {wrong} is {value!r}, no text; {remedy}")
    if commands and command not in commands:
        raise EdgeSastError(
            f"{path}: command is {command!r}, not {' or '.join(map(repr, commands))}; {remedy}"
        )
    values = {name: value for name, value in document.items() if name not in HEAD}
    return Figures(os.fspath(path), command, line, values)


def _finite(text: str) -> float:
    """JSON has no infinity, but numbers that are read as one."""
    value = float(text)
    return value if math.isfinite(value) else _no_number(text)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")
