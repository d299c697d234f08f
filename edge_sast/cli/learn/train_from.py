"""What `edge-sast train --from RUN` takes from a run: its network, and the recordings as they reach it."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge_sast.errors import EdgeSastError

# Settings that are the run's where no option says otherwise.
TAKEN = (
    "data",
    "sensor",
    "window_us",
    "dt_us",
    "steps",
    "downscale",
    "count_cap",
    "arch",
    "norm",
    "reset",
    "leak",
    "threshold",
    "mp_init",
    "width",
    "augment_shift",
    "augment_drop",
    "augment_flip",
    # What is held out must be what the run held out: only that it has not seen.
    "valid_fraction",
    "limit",
    "seed",
)


def add_from_argument(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--from",
        dest="from_run",
        metavar="RUN",
        help="go on from a run's network, one of 'edge-sast import', too: its layers, neurons, recordings, time steps "
        "and loss where no option says otherwise, and its parameters as with --init; with --epochs 0 only the finish "
        "in integers",
    )


def take_from_run(args: argparse.Namespace) -> None:
    """Fills in what --from says. Raises EdgeSastError for options that contradict it."""
    if args.from_run is None:
        return
    if args.init is not None:
        raise EdgeSastError("--init and --from both name a run to start from; give one of them")
    from trainer.run import checkpoint

    config = checkpoint.load(Path(args.from_run)).config
    if args.data is None and not config.data:
        raise EdgeSastError(
            f"--data is missing: {args.from_run} was imported, and names no recordings; give them here"
        )
    for name in ("arch", "reset", "leak"):
        if config.layers is not None and getattr(args, name) is not None:
            raise EdgeSastError(
                f"--{name} is {getattr(args, name)}, but the layers of --from {args.from_run} have rules of their own; "
                "leave it out"
            )
    for name in TAKEN:
        if getattr(args, name) is None:
            setattr(args, name, getattr(config, name))
    if args.loss is None and _takes_any_loss(args):
        args.loss = config.objective.kind
        if args.loss == "tet" and args.tet_lambda is None:
            args.tet_lambda = config.tet_lambda
    args.init, args.layers = args.from_run, config.layers


def _takes_any_loss(args: argparse.Namespace) -> bool:
    """Whether the gradient through time that was asked for, if any, goes with every loss."""
    from trainer.settings.methods import METHODS

    fixed = METHODS[args.method].fixed if args.method is not None else {}
    return (args.through_time or fixed.get("through_time", "bptt")) == "bptt"
