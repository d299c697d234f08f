"""`edge-sast export`: a trained network to an integer model and its C."""

from __future__ import annotations

import argparse

from edge_sast.cli.recordings import add_data_arguments

NAME = "export"
HELP = "Turn a trained network into an integer model file and a folder of C that runs it."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_dir", metavar="RUN", help="folder made by 'edge-sast train', or its checkpoint")
    parser.add_argument(
        "--bits",
        help="weight bits, 1 to 8: of all layers, or one a layer with weights, such as 8,4,8; default: those of the "
        "integer epochs, 8 where there were none",
    )
    parser.add_argument("--target", default="c", help="c (a folder of C99), or model (the model file alone)")
    parser.add_argument("--out", required=True, help="folder for c, file for model")
    parser.add_argument("--name", default="sast", help="prefix of the generated C names")
    add_data_arguments(parser, "data for known answers and accuracy, if not those of the training")
    parser.add_argument(
        "--no-data", action="store_true", help="no accuracy; known answers from random events"
    )
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 is all")
    parser.add_argument("--json", metavar="FILE", help="write what rounding cost")


def run(args: argparse.Namespace) -> int:
    from trainer.command import export

    return export(args)
