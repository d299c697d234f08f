"""Options of every command that reads event files, and what they make."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_sast.formats.source import FileOptions

POLICIES = ("reject", "drop", "clip", "keep")
UNITS = ("s", "ms", "us", "ns")


def add_file_options(parser: argparse._ActionsContainer, policy: str = "reject") -> None:
    """How files are read. policy: the default of --defects."""
    parser.add_argument(
        "--sensor", metavar="WxH", help="sensor size in pixels, where the files do not say it"
    )
    parser.add_argument(
        "--format", metavar="NAME", help="format of the files (default: told by their contents)"
    )
    parser.add_argument(
        "--columns", metavar="LIST", help="order of a text file's or array's columns, such as t,x,y,p"
    )
    parser.add_argument(
        "--time-unit", choices=UNITS, help="unit of time, where neither format nor file says it"
    )
    parser.add_argument(
        "--defects",
        choices=POLICIES,
        default=policy,
        help="what to do where time steps back or jumps, an event lies outside the sensor, a word is unknown or the "
        "file is cut off",
    )
    parser.add_argument(
        "--max-gap-s", type=float, metavar="N", help="a longer silence is a jump (default: 3600)"
    )


def file_options(args: argparse.Namespace) -> FileOptions:
    """What the options of add_file_options say.

    Raises EdgeSastError for a value that cannot be.
    """
    from edge_sast.errors import EdgeSastError
    from edge_sast.events.recording import parse_sensor
    from edge_sast.formats.defects import Policy
    from edge_sast.formats.registry import format_called
    from edge_sast.formats.source import FileOptions

    if args.format:
        format_called(args.format)
    gap = args.max_gap_s
    if gap is not None and not 0 < gap <= 1e9:
        raise EdgeSastError(f"--max-gap-s {gap} is out of range; choose seconds above 0 and up to 1e9")
    return FileOptions(
        sensor=parse_sensor(args.sensor) if args.sensor else None,
        key=args.format,
        columns=args.columns,
        time_unit=args.time_unit,
        policy=Policy(args.defects),
        max_gap_us=None if gap is None else round(gap * 1e6),
    )
