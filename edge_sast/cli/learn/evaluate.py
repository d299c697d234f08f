"""`edge-sast evaluate`: what a trained network does in every forward pass, under faults, and around its minimum."""

from __future__ import annotations

import argparse

from edge_sast.cli.options.newest import newest_run
from edge_sast.cli.options.recordings import add_data_arguments
from edge_sast.signals import ended_by_ctrl_c

NAME = "evaluate"
HELP = "Accuracy, SynOps and spikes of trained networks, by smooth, hard and integer passes; robustness and sharpness."
PASSES = ("trained", "surrogate", "hard", "int8", "int4", "int2")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "runs",
        metavar="RUN",
        nargs="*",
        help="folder made by 'edge-sast train', or its checkpoint; default the newest finished run below runs; of "
        "several, which may differ in their seed alone, the mean with its 95 %% interval (Student's t); of one, the "
        "interval over recordings (Wilson)",
    )
    add_data_arguments(parser.add_argument_group("data"), "another data set than the one it was trained on")
    _corruption_options(parser.add_argument_group("faults of camera and scene (docs/data.md)"))
    _inside_options(parser.add_argument_group("inside the network (docs/method.md)"))
    group = parser.add_argument_group("run")
    group.add_argument("--threads", type=int, default=0, help="CPU threads; 0 is all")
    group.add_argument("--json", metavar="FILE", help="write the figures: of each run, and their summary")


def _corruption_options(group: argparse._ArgumentGroup) -> None:
    """Defaults are set where --corruptions is given: beside it the others have no effect, and are refused."""
    group.add_argument(
        "--corruptions",
        nargs="*",
        metavar="KIND",
        help="accuracy with corrupted recordings, of all kinds or these: event_drop, background_noise, hot_pixels, "
        "time_jitter, spatial_jitter, polarity_flip, dead_rows, speed_up, slow_down, shortened",
    )
    group.add_argument(
        "--severities", nargs="+", type=int, metavar="N", help="severities of each kind, 1 to 5 (1 3 5)"
    )
    group.add_argument(
        "--corruption-pass",
        choices=PASSES,
        help="the pass that is judged; trained is the integer model with the weight widths of the run (trained)",
    )
    group.add_argument("--corruption-seed", type=int, metavar="N", help="what the faults are drawn from (0)")


def _inside_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--sharpness",
        action="store_true",
        help="loss gap of SAM and top eigenvalue of the Hessian, on training recordings; of a run trained with hard "
        "spikes along its surrogate gradient",
    )
    group.add_argument("--rho", type=float, help="radius of the loss gap; default the run's own")
    group.add_argument(
        "--sharpness-recordings",
        type=int,
        metavar="N",
        help="training recordings that --sharpness takes (512)",
    )
    group.add_argument(
        "--gradients",
        action="store_true",
        help="norms of the loss's gradient by the input and by each layer's current, in the smooth pass",
    )
    group.add_argument(
        "--contraction",
        action="store_true",
        help="whether each layer's membranes are sure to contract, and how they do on the recordings, in the smooth "
        "pass",
    )


def fill(args: argparse.Namespace) -> None:
    """The newest run where none is named."""
    args.runs = args.runs or [newest_run()]


def run(args: argparse.Namespace) -> int:
    with ended_by_ctrl_c():
        from edge_sast.cli.learn.evaluate_run import evaluate

    return evaluate(args)
