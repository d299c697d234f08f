"""`edge-sast sweep`: many trainings, compared by accuracy, SynOps and flash."""

from __future__ import annotations

import argparse

from edge_sast.cli.learn.train import add_setting_arguments
from edge_sast.signals import ended_by_ctrl_c

NAME = "sweep"
HELP = "Train over a grid, or search, any options of 'train'; tells which trainings nothing else beats."
OBJECTIVES = ("accuracy", "synops", "flash", "ram")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_setting_arguments(parser, named=True)
    for action in parser._actions:  # an option in --grid or --search needs no value of its own
        action.required = False
    _sweep_options(parser.add_argument_group("sweep"))


def _sweep_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--out", required=True, help="folder of the sweep; the same command goes on there")
    group.add_argument(
        "--grid",
        action="append",
        default=[],
        metavar="OPTION=V,V",
        help="train with each of these values (method=sast,hard); repeated, with each combination; values that "
        "hold commas are separated by ;",
    )
    group.add_argument(
        "--search",
        action="append",
        default=[],
        metavar="OPTION=LOW:HIGH",
        help="draw values from a range (beta=1:10), on a log scale (lr=1e-4:1e-2:log), or from V,V",
    )
    group.add_argument("--trials", type=int, help="trainings of a --search, finished ones included (20)")
    group.add_argument(
        "--sampler", choices=("tpe", "random"), help="what draws the values of a --search (tpe)"
    )
    group.add_argument("--sampler-seed", type=int, help="of what the sampler draws (0)")
    group.add_argument(
        "--objective",
        default="accuracy,synops,flash",
        help=f"what counts, of {', '.join(OBJECTIVES)}: accuracy the more the better, the others the less",
    )
    group.add_argument(
        "--jobs", type=int, default=1, help="trainings at a time; above 1 each takes one thread, or --threads"
    )
    group.add_argument(
        "--storage", metavar="URL", help="database that machines share; default a file in --out"
    )
    group.add_argument("--retry-failed", action="store_true", help="run failed trials again")
    group.add_argument("--device", default="auto", help="cpu, cuda or auto")
    group.add_argument(
        "--threads", type=int, default=0, help="CPU threads of a training; 0 is all, or one with --jobs"
    )
    group.add_argument("--cache-dir", help="where binned recordings are kept")
    group.add_argument("--quiet", action="store_true", help="no line for each trial")
    group.add_argument("--json", metavar="FILE", help="write every trial and every figure")


def run(args: argparse.Namespace) -> int:
    with ended_by_ctrl_c():
        from edge_sast.cli.sweep.run import sweep

    return sweep(args)
