"""`edge-sast calibrate`: thresholds of a smooth-trained network balanced for hard spikes, without labels."""

from __future__ import annotations

import argparse

from edge_sast.cli.options.checks import RUN
from edge_sast.signals import ended_by_ctrl_c

NAME = "calibrate"
HELP = (
    "Balance a smooth-trained network's thresholds, so that its hard neurons fire as often as the smooth ones did. "
    "Reads no labels and trains nothing."
)
MAKES = RUN
EXAMPLES = (("edge-sast calibrate runs/a --out runs/b", "then: edge-sast evaluate runs/b"),)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_dir", metavar="RUN", help="folder made by 'edge-sast train', or its checkpoint")
    parser.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        help="new run folder, which evaluate, export and 'train --init' take",
    )
    parser.add_argument(
        "--recordings",
        type=int,
        default=500,
        metavar="N",
        help="number of training recordings to measure firing rates on",
    )
    parser.add_argument("--download-dir", metavar="DIR", help="where nmnist and dvsgesture are kept")
    parser.add_argument("--skip-empty", action="store_true", help="leave out recordings without events")
    parser.add_argument("--cache-dir", metavar="DIR", help="where binned recordings are kept")
    parser.add_argument(
        "--threads", type=int, default=0, metavar="N", help="number of CPU threads (default: 0, all)"
    )
    parser.add_argument("--json", metavar="FILE", help="write rates and factors of each layer")


def run(args: argparse.Namespace) -> int:
    with ended_by_ctrl_c():
        from edge_sast.cli.learn.calibrate_run import calibrate

    return calibrate(args)
