"""What --json writes, for every command."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

OPTION = "--json"


def write_figures(args: argparse.Namespace, figures: Mapping[str, Any]) -> None:
    """The figures of a command, where --json asks for them.

    args: of `edge_sast.cli.main.parse`. Raises EdgeSastError for a figure that JSON cannot hold, or an unwritable file.
    """
    from edge_sast.report.figures import write_document

    write_document(args.json, command_of(args), line_of(args.argv), figures)


def command_of(args: argparse.Namespace) -> str:
    """The words that name it: "verify", "board build", "data info"."""
    action = getattr(args, "action", None) or getattr(args, "data_command", None)
    return f"{args.command} {action}" if action else str(args.command)


def line_of(argv: Sequence[str]) -> str:
    """The command line as it can be typed again, without --json and its file."""
    words, rest = [], list(argv)
    while rest:
        word = rest.pop(0)
        if word == OPTION:
            rest = rest[1:]
        elif not word.startswith(f"{OPTION}="):
            words.append(word)
    return shlex.join(["edge-sast", *words])
