"""`edge-sast sweep`: many trainings, compared by accuracy, SynOps and flash."""

from __future__ import annotations

import argparse

from edge_sast.cli.options.engine import add_engine_arguments
from edge_sast.cli.sweep.objectives import OBJECTIVES
from edge_sast.signals import ended_by_ctrl_c

NAME = "sweep"
HELP = (
    "Train with many settings and tell which trainings nothing else beats. Takes, beside its own options, any option "
    "of 'edge-sast train' that settles what is trained; those that vary stand in --grid or --search."
)
EXAMPLES = (
    (
        "edge-sast sweep --data DIR --dt-us 30000 --steps 10 --grid method=sast,hard --grid seed=0,1,2 --out sweeps/a",
        "six trainings, two methods with three seeds each",
    ),
    (
        "edge-sast sweep --data digits --dt-us 10000 --steps 10 --search lr=1e-4:1e-2:log --trials 30 --out sweeps/b",
        "",
    ),
)
USUAL = (
    "out",
    "grid",
    "search",
    "trials",
    "sampler",
    "sampler_seed",
    "objective",
    "jobs",
    "engine",
    "ray_address",
    "storage",
    "retry_failed",
    "device",
    "threads",
    "cache_dir",
    "quiet",
    "json",
)  # its own options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edge_sast.cli.options.training import add_setting_arguments  # not for the list of commands

    add_setting_arguments(parser, named=True)
    for action in parser._actions:  # an option in --grid or --search needs no value of its own
        action.required = False
    group = parser.add_argument_group("sweep (plus any option of 'edge-sast train')")
    _study_options(group)
    _run_options(group)


def _study_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--out", required=True, metavar="DIR", help="folder of the sweep; the same command goes on there"
    )
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
    group.add_argument(
        "--trials",
        type=int,
        metavar="N",
        help="number of trainings of a --search, finished ones included (default: 20)",
    )
    group.add_argument(
        "--sampler", choices=("tpe", "random"), help="how the values of a --search are drawn (default: tpe)"
    )
    group.add_argument(
        "--sampler-seed", type=int, metavar="N", help="seed of what the sampler draws (default: 0)"
    )
    group.add_argument(
        "--objective",
        default="accuracy,synops,flash",
        metavar="NAME,NAME",
        help=f"figures to compare by, of {', '.join(OBJECTIVES)}: the most accuracy, the least of the others",
    )


def _run_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        help="number of trainings at a time; above 1, and with --engine ray, each takes one thread, or --threads "
        "(default: 1; with --engine ray as many as there are CPUs)",
    )
    add_engine_arguments(
        group,
        "one training after the other, --jobs at a time on this machine, or Ray's workers",
        None,
        "processes",
    )
    group.add_argument(
        "--storage", metavar="URL", help="database that machines share (default: a file in --out)"
    )
    group.add_argument("--retry-failed", action="store_true", help="run failed trials again")
    group.add_argument("--device", default="auto", metavar="NAME", help="where to train: cpu, cuda or auto")
    group.add_argument(
        "--threads",
        type=int,
        default=0,
        metavar="N",
        help="number of CPU threads per training (default: 0, all; with several --jobs 1)",
    )
    group.add_argument("--cache-dir", metavar="DIR", help="where binned recordings are kept")
    group.add_argument("--quiet", action="store_true", help="show no line for each trial")
    group.add_argument("--json", metavar="FILE", help="write every trial and every figure")


def run(args: argparse.Namespace) -> int:
    with ended_by_ctrl_c():
        from edge_sast.cli.sweep.run import sweep

    return sweep(args)
