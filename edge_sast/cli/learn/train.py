"""`edge-sast train`: recordings to a checkpoint."""

from __future__ import annotations

import argparse
from typing import Any

from edge_sast.cli.learn.train_defaults import leave_open
from edge_sast.cli.learn.train_from import add_from_argument
from edge_sast.cli.options.checks import RUN
from edge_sast.cli.options.flash_target import add_flash_target
from edge_sast.cli.options.prune_channels import add_prune_channels
from edge_sast.signals import ended_by_ctrl_c
from edge_sast.terminal import echo

NAME = "train"
HELP = (
    "Train a spiking network on recordings and keep its checkpoint and metrics in a folder. The spikes are smooth or "
    "hard while it learns, as --method says, and the last epochs run in the device's integers."
)
MAKES = RUN
EXAMPLES = (
    ("edge-sast train", "on the built-in digits, into a new folder in runs"),
    (
        "edge-sast train --data DIR --dt-us 60000 --steps 5 --out runs/a",
        "your recordings, five time steps of 60 ms",
    ),
    (
        "edge-sast train --data nmnist --dt-us 15000 --steps 20 --method hard --synops-target 65000 --out runs/b",
        "",
    ),
    (
        "edge-sast train --data DIR --dt-us 60000 --steps 5 --arch tiny --teacher runs/a --out runs/c",
        "a smaller network that learns from a larger one, too",
    ),
    (
        "edge-sast train --from runs/a --epochs 0 --qat-epochs 5 --out runs/d",
        "only the finish in integers, of a network of 'edge-sast import', too",
    ),
    (
        "edge-sast train --from runs/a --epochs 0 --qat-epochs 5 --flash-target 12K --out runs/e",
        "the same with a weight width for each layer, so that the tables fit 12 KiB",
    ),
    (
        "edge-sast train --from runs/a --epochs 8 --prune-channels 0.25 --out runs/f",
        "on with a quarter fewer channels in each hidden layer",
    ),
    ("edge-sast train --methods", "what each method is, and where it comes from"),
)
USUAL = (
    "data",
    "dt_us",
    "steps",
    "arch",
    "method",
    "methods",
    "rho",
    "synops_target",
    "epochs",
    "qat_epochs",
    "bits",
    "seed",
    "out",
    "resume",
    "json",
)  # what --help shows; --help-all shows the rest too


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edge_sast.cli.options.training import add_setting_arguments  # not for the list of commands

    add_setting_arguments(parser)
    leave_open(parser)
    taken = parser.add_argument_group("a run's network")
    add_from_argument(taken)
    add_flash_target(taken)
    add_prune_channels(taken)
    _run_options(parser.add_argument_group("run"))


class ListMethods(argparse.Action):
    """Prints what each method is, with its source and settings."""

    def __init__(self, option_strings: list[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from trainer.settings.methods import describe

        echo(*describe().splitlines())
        parser.exit()


def _run_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--methods", action=ListMethods, help="say what each method is, with its source, and exit"
    )
    group.add_argument(
        "--out",
        metavar="DIR",
        help="folder for checkpoint, settings and metrics (default: a new one, runs/DATE-TIME-METHOD)",
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="go on from the checkpoint in --out, or without --out in the newest unfinished run in runs, with the "
        "settings that it was begun with",
    )
    group.add_argument("--overwrite", action="store_true", help="start anew where --out already holds a run")
    group.add_argument("--device", default="auto", metavar="NAME", help="where to train: cpu, cuda or auto")
    group.add_argument(
        "--threads",
        type=int,
        default=0,
        metavar="N",
        help="number of CPU threads, on which results depend (default: 0, all)",
    )
    group.add_argument(
        "--workers",
        type=int,
        default=1,
        metavar="N",
        help="processes on this machine that share each batch, each with a GPU or a part of the threads; see Several "
        "processes in docs/method.md",
    )
    group.add_argument("--cache-dir", metavar="DIR", help="where binned recordings are kept")
    group.add_argument("--quiet", action="store_true", help="show no progress bar and no line for each epoch")
    group.add_argument(
        "--json", metavar="FILE", help="write the figures of the last epoch, or of the one kept"
    )


def run(args: argparse.Namespace) -> int:
    with ended_by_ctrl_c():
        from edge_sast.cli.learn.train_run import train

    return train(args)
