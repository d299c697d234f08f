"""`edge-sast evaluate`: surrogate, hard and integer accuracy of a trained network."""

from __future__ import annotations

import argparse

NAME = "evaluate"
HELP = "Accuracy, SynOps and spikes of a trained network: surrogate, hard, INT8, INT4."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_dir", metavar="RUN", help="folder made by 'edge-sast train', or its checkpoint")
    parser.add_argument("--data", help="another data set than the one it was trained on")
    parser.add_argument("--split", help="split to evaluate; default test, or valid where there is no test")
    parser.add_argument("--limit", type=int, help="use only this many recordings")
    parser.add_argument("--download-dir", help="where nmnist and dvsgesture are kept")
    parser.add_argument("--skip-empty", action="store_true", help="leave out recordings without events")
    parser.add_argument("--cache-dir", help="where binned recordings are kept")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 is all")
    parser.add_argument("--json", metavar="FILE", help="write the figures")


def run(args: argparse.Namespace) -> int:
    from trainer.command import evaluate

    return evaluate(args)
