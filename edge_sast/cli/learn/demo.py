"""`edge-sast demo`: the whole path on built-in data."""

from __future__ import annotations

import argparse

from edge_sast.signals import ended_by_ctrl_c

NAME = "demo"
HELP = "The whole path on a built-in data set: train, evaluate, export, run the C, compare. No download, no hardware."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out",
        default="edge-sast-demo",
        help="folder for what the demo makes; replaces an earlier demo",
    )
    parser.add_argument("--cache-dir", help="where binned recordings are kept")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 is all")
    parser.add_argument("--json", metavar="FILE", help="write the figures")


def run(args: argparse.Namespace) -> int:
    with ended_by_ctrl_c():
        from edge_sast.cli.learn.demo_run import demo

    return demo(args)
