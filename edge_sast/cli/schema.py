"""`edge-sast schema`: what a command's --json holds, as a JSON Schema for whoever reads those files."""

from __future__ import annotations

import argparse

from edge_sast.terminal import echo

NAME = "schema"
HELP = (
    "Print the JSON Schema of what a command writes with --json. It describes every figure with its unit, and refuses "
    "what it does not describe. Without COMMAND it lists the commands that have one."
)
EXAMPLES = (
    ("edge-sast schema", "the commands"),
    ("edge-sast schema hil > hil.schema.json", "to validate files of 'edge-sast hil --json'"),
    ("edge-sast schema board build", ""),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words",
        metavar="COMMAND",
        nargs="*",
        help="the command whose files it is for, in one word or two, such as board build (default: list them)",
    )


def run(args: argparse.Namespace) -> int:
    import json

    from edge_sast.report.schemas.catalogue import FIGURES, schema_of

    if not args.words:
        echo(*FIGURES)
        return 0
    echo(*json.dumps(schema_of(" ".join(args.words)), indent=2, ensure_ascii=False).splitlines())
    return 0
