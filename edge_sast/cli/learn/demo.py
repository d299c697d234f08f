"""`edge-sast demo`: the whole path on built-in data."""

from __future__ import annotations

import argparse

from edge_sast.signals import ended_by_ctrl_c

NAME = "demo"
HELP = (
    "Walk the whole path on built-in data: train, evaluate, export, run the C, compare. Needs no download of data and "
    "no hardware."
)
EXAMPLES = (("edge-sast demo", ""),)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out",
        default="edge-sast-demo",
        metavar="DIR",
        help="folder for what the demo makes; replaces an earlier demo",
    )
    parser.add_argument("--cache-dir", metavar="DIR", help="where binned recordings are kept")
    parser.add_argument(
        "--threads", type=int, default=0, metavar="N", help="number of CPU threads (default: 0, all)"
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures")


def run(args: argparse.Namespace) -> int:
    with ended_by_ctrl_c():
        from edge_sast.cli.learn.demo_run import demo

    return demo(args)
