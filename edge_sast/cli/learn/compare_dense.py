"""`edge-sast compare-dense`: a spiking network beside a dense int8 CNN, on the same recordings and the same core."""

from __future__ import annotations

import argparse

from edge_sast.cli.options.newest import newest_run, run_or_model_in
from edge_sast.cli.options.parser import add_toolchain_argument
from edge_sast.cli.options.recordings import add_data_arguments
from edge_sast.signals import ended_by_ctrl_c

NAME = "compare-dense"
HELP = (
    "Say whether a dense int8 CNN would answer better or cheaper than a spiking network. The CNN sees one frame of "
    "event counts of each recording; it is trained here, unless one is named. Both are run on an emulated core."
)
EXAMPLES = (
    ("edge-sast compare-dense", "the newest run, on its test recordings"),
    (
        "edge-sast compare-dense runs/a --on cortex-m0 --out dense.safetensors --json compared.json",
        "another core; keeps the CNN, for: edge-sast compare-dense runs/b --dense dense.safetensors",
    ),
    (
        "edge-sast compare-dense MODEL --data DIR --arch 12c5s4p2-24c3s2p1-out --epochs 20",
        "a model file, and a CNN with layers of its own, trained on DIR's train split",
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run_dir",
        metavar="RUN",
        nargs="?",
        help="folder made by 'edge-sast train', or its checkpoint, a model file or its folder (default: the newest "
        "finished run in runs)",
    )
    add_data_arguments(
        parser.add_argument_group("recordings to judge by"), "data set, if not the one the run was trained on"
    )
    _dense_options(parser.add_argument_group("dense CNN (docs/dense.md)"))
    _device_options(parser.add_argument_group("device"))
    group = parser.add_argument_group("run")
    group.add_argument(
        "--threads",
        type=int,
        default=0,
        metavar="N",
        help="number of CPU threads, on which the training depends (default: 0, all)",
    )
    group.add_argument("--quiet", action="store_true", help="show no progress bar and no line for each epoch")
    group.add_argument("--json", metavar="FILE", help="write the figures of both")


def _dense_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--dense", metavar="MODEL", help="take a CNN that an earlier --out wrote; train none")
    group.add_argument(
        "--arch",
        metavar="LAYERS",
        help="layers of the CNN, written as those of 'edge-sast train' (default: those of the spiking network)",
    )
    group.add_argument(
        "--epochs", type=int, metavar="N", help="number of float epochs (default: as the run had, else 12)"
    )
    group.add_argument(
        "--qat-epochs",
        type=int,
        metavar="N",
        help="number of epochs in the device's int8 at the end (default: as the run had, else 3)",
    )
    group.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="seed of the CNN's weights, order and augmentation (default: the run's, else 0)",
    )
    group.add_argument("--out", metavar="FILE", help="keep the trained CNN in this file, for --dense")


def _device_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--on",
        default="cortex-m4",
        metavar="NAME",
        help="core that both run on, emulated: cortex-m0, cortex-m3, cortex-m4, cortex-m7, cortex-m33 or rv32",
    )
    group.add_argument(
        "--mhz", type=float, default=64.0, metavar="X", help="clock of the core, for the latency, MHz"
    )
    group.add_argument(
        "--counted",
        type=int,
        default=10,
        metavar="N",
        help="number of recordings whose instructions are counted, spread over the classes; accuracy is of all",
    )
    add_toolchain_argument(group)
    group.add_argument(
        "--flags",
        metavar="FLAGS",
        help="how to compile both, such as --flags=-Os (default: spiking -O2, dense -O3)",
    )


def fill(args: argparse.Namespace) -> None:
    """The newest run where none is named; the model file in a build folder."""
    args.run_dir = newest_run() if args.run_dir is None else run_or_model_in(args.run_dir)


def run(args: argparse.Namespace) -> int:
    with ended_by_ctrl_c():
        from edge_sast.cli.dense.run import compare

    return compare(args)
