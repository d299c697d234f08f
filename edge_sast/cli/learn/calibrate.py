"""`edge-sast calibrate`: thresholds balanced for hard spikes, without labels; or a margin for early answers."""

from __future__ import annotations

import argparse

from edge_sast.cli.options.checks import RUN
from edge_sast.cli.options.newest import run_or_model_in
from edge_sast.cli.options.recordings import add_data_arguments, given_data_options
from edge_sast.errors import EdgeSastError
from edge_sast.signals import ended_by_ctrl_c

NAME = "calibrate"
HELP = (
    "Balance a smooth-trained network's thresholds, so that its hard neurons fire as often as the smooth ones did. "
    "Reads no labels and trains nothing. Or, with --early, choose the margin at which a model's answer is clear enough."
)
MAKES = RUN
EXAMPLES = (
    ("edge-sast calibrate runs/a --out runs/b", "then: edge-sast evaluate runs/b"),
    (
        "edge-sast calibrate MODEL --early 0.2 --data DIR --split valid --out early.safetensors",
        "answers before the last step, for 0.2 points of accuracy at most; then: edge-sast run early.safetensors",
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run_dir",
        metavar="RUN",
        help="folder made by 'edge-sast train', or its checkpoint; with --early also a model file or its folder",
    )
    parser.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        help="new run folder, which evaluate, export and 'train --init' take; with --early the model file to write",
    )
    parser.add_argument(
        "--recordings",
        type=int,
        metavar="N",
        help="number of training recordings to measure firing rates on (default: 500)",
    )
    parser.add_argument(
        "--early",
        type=float,
        metavar="X",
        help="write the integer model with the smallest margin at which, as at all larger ones, answers before the "
        "last step cost X percentage points of accuracy at most",
    )
    add_data_arguments(
        parser.add_argument_group("recordings, for a margin labelled ones"),
        "recordings for --early, if not those that watched the training",
        "valid, or the only one there is, but never test",
    )
    parser.add_argument(
        "--threads", type=int, default=0, metavar="N", help="number of CPU threads (default: 0, all)"
    )
    parser.add_argument(
        "--json",
        metavar="FILE",
        help="write rates and factors of each layer, or what the margin costs and saves",
    )


def fill(args: argparse.Namespace) -> None:
    """The model file in a build folder."""
    if args.early is not None:
        args.run_dir = run_or_model_in(args.run_dir)


def run(args: argparse.Namespace) -> int:
    _check_options(args)
    if args.early is not None:
        with ended_by_ctrl_c():
            from edge_sast.cli.learn.calibrate_early import calibrate_early

        return calibrate_early(args)
    with ended_by_ctrl_c():
        from edge_sast.cli.learn.calibrate_run import calibrate

    return calibrate(args)


def _check_options(args: argparse.Namespace) -> None:
    """Refuses options that have no effect beside others."""
    if args.early is not None:
        from edge_sast.evaluation.early import check_loss

        check_loss(args.early)
        if args.recordings is not None:
            raise EdgeSastError("--recordings is for thresholds; limit those of --early by --limit")
        return
    own = ("--download-dir", "--skip-empty", "--cache-dir")  # of the run's data set
    others = [option for option in given_data_options(args) if option not in own]
    if others:
        raise EdgeSastError(f"{others[0]} has an effect only beside --early; add that one, or leave it out")
