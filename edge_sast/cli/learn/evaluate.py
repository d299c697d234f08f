"""`edge-sast evaluate`: what a trained network does in every forward pass, under faults, and around its minimum."""

from __future__ import annotations

import argparse

from edge_sast.cli.options.engine import add_engine_arguments, add_keep_going
from edge_sast.cli.options.newest import newest_run
from edge_sast.cli.options.recordings import add_data_arguments
from edge_sast.signals import ended_by_ctrl_c

NAME = "evaluate"
HELP = (
    "Measure accuracy, SynOps and spikes of trained networks with smooth, hard and integer spikes. Where asked also "
    "under faults of camera and scene, and around the minimum that training found."
)
EXAMPLES = (
    ("edge-sast evaluate", "the newest run, on its test recordings"),
    ("edge-sast evaluate runs/a --energy", "what training and an inference cost, beside a dense network"),
    (
        "edge-sast evaluate runs/a runs/b runs/c --corruptions --json faults.json",
        "mean over seeds, under faults",
    ),
)
PASSES = ("trained", "surrogate", "hard", "int8", "int4", "int2")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "runs",
        metavar="RUN",
        nargs="*",
        help="folder made by 'edge-sast train', or its checkpoint; several, which differ only in their seed, give the "
        "mean with its 95 %% interval (Student's t), one gives the interval over recordings (Wilson) (default: the "
        "newest finished run in runs)",
    )
    add_data_arguments(parser.add_argument_group("data"), "data set, if not the one it was trained on")
    parser.add_argument(
        "--early",
        type=float,
        metavar="X",
        help="judge early answers too: of the integer model of the trained widths, with the margin that 'calibrate "
        "--early X' chooses on what watched the training",
    )
    _corruption_options(parser.add_argument_group("faults of camera and scene (docs/data.md)"))
    _inside_options(parser.add_argument_group("inside the network (docs/method.md)"))
    _energy_options(parser.add_argument_group("energy (docs/method.md)"))
    group = parser.add_argument_group("run")
    group.add_argument(
        "--threads",
        type=int,
        default=0,
        metavar="N",
        help="number of CPU threads (default: 0, all; of a worker of --engine processes or ray 1)",
    )
    add_engine_arguments(group)
    add_keep_going(group)
    group.add_argument("--json", metavar="FILE", help="write the figures of each run, and their summary")


def _corruption_options(group: argparse._ArgumentGroup) -> None:
    """Defaults are set where --corruptions is given: beside it the others have no effect, and are refused."""
    group.add_argument(
        "--corruptions",
        nargs="*",
        metavar="KIND",
        help="measure accuracy with corrupted recordings, of all kinds or these: event_drop, background_noise, "
        "hot_pixels, time_jitter, spatial_jitter, polarity_flip, dead_rows, speed_up, slow_down, shortened",
    )
    group.add_argument(
        "--severities",
        nargs="+",
        type=int,
        metavar="N",
        help="severities of each kind of corruption, 1 to 5 (default: 1 3 5)",
    )
    group.add_argument(
        "--corruption-pass",
        choices=PASSES,
        help="pass that is judged with corrupted recordings, where trained is the integer model with the weight widths "
        "of the run (default: trained)",
    )
    group.add_argument(
        "--corruption-seed", type=int, metavar="N", help="seed that the faults are drawn from (default: 0)"
    )


def _inside_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--sharpness",
        action="store_true",
        help="measure SAM's loss gap and the top eigenvalue of the Hessian on training recordings, of a run trained "
        "with hard spikes along its surrogate gradient; and the stable rank of each layer's weights",
    )
    group.add_argument(
        "--rho",
        type=float,
        metavar="X",
        help="radius of the loss gap that --sharpness measures (default: the run's own)",
    )
    group.add_argument(
        "--sharpness-recordings",
        type=int,
        metavar="N",
        help="number of training recordings that --sharpness takes (default: 512)",
    )
    group.add_argument(
        "--gradients",
        action="store_true",
        help="measure norms of the loss's gradient by the input and by each layer's current, in the smooth pass",
    )
    group.add_argument(
        "--contraction",
        action="store_true",
        help="say whether each layer's membranes are sure to contract, so that small differences die out, and how they "
        "do on the recordings, in the smooth pass; see What evaluate counts in docs/method.md",
    )


def _energy_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--energy",
        action="store_true",
        help="count operations and memory traffic of a training step and of an inference, put a price on them, and say "
        "below which rate of spikes the network is cheaper than a dense one of the same shapes",
    )
    group.add_argument(
        "--energy-table",
        metavar="FILE",
        help="prices of operations and of memory in pJ, TOML or JSON (default: those of 45 nm, Horowitz 2014)",
    )


def fill(args: argparse.Namespace) -> None:
    """The newest run where none is named."""
    args.runs = args.runs or [newest_run()]


def run(args: argparse.Namespace) -> int:
    with ended_by_ctrl_c():
        from edge_sast.cli.learn.evaluate_run import evaluate

    return evaluate(args)
