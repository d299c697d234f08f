"""`edge-sast evaluate`: surrogate, hard and integer accuracy of a trained network."""

from __future__ import annotations

import argparse

from edge_sast.cli.recordings import add_data_arguments

NAME = "evaluate"
HELP = "Accuracy, SynOps and spikes of a trained network: surrogate, hard, INT8, INT4."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_dir", metavar="RUN", help="folder made by 'edge-sast train', or its checkpoint")
    add_data_arguments(parser, "another data set than the one it was trained on")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 is all")
    parser.add_argument("--json", metavar="FILE", help="write the figures")


def run(args: argparse.Namespace) -> int:
    from trainer.command import evaluate

    return evaluate(args)
