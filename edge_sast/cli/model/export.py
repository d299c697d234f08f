"""`edge-sast export`: a trained network, or a model file, to an integer model and its C."""

from __future__ import annotations

import argparse
from typing import Any

from edge_sast.cli.options.checks import BUILD, set_threads
from edge_sast.cli.options.fit import add_fit_arguments, asked_part, check_fit
from edge_sast.cli.options.newest import build_name, newest_run
from edge_sast.cli.options.recordings import (
    add_data_arguments,
    check_data_options,
    data_options,
    given_data_options,
)
from edge_sast.errors import EdgeSastError
from edge_sast.signals import ended_by_ctrl_c
from edge_sast.terminal import echo
from firmware_gen.targets import MODEL, TARGETS, check_target

NAME = "export"
HELP = "Turn a trained network, or a model file, into an integer model file and a folder of C that runs it."
MAKES = BUILD
EXAMPLES = (
    (
        "edge-sast export --bits 8",
        "of the newest run: the model file, C99, and known answers to verify it with",
    ),
    ("edge-sast export runs/a --fit stm32f103 --out build/a", "only if it fits that chip"),
    ("edge-sast export examples/nmnist-int8.safetensors --no-data --out build/b", "the C of a model file"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run_dir",
        metavar="RUN",
        nargs="?",
        help="folder made by 'edge-sast train', its checkpoint, or a model file, which needs no torch (default: the "
        "newest finished run in runs)",
    )
    parser.add_argument(
        "--bits",
        metavar="BITS",
        help="weight bits, 1 to 8: of all layers, or one for each layer with weights, such as 8,4,8 (default: those of "
        "the integer epochs, 8 where there were none)",
    )
    parser.add_argument(
        "--target",
        default="c",
        metavar=f"{{{','.join(TARGETS)}}}",
        help=f"what to write: {', or '.join(f'{name} ({what})' for name, what in TARGETS.items())}",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        help="folder to write, or with --target model the file (default: build/ and the run's or model's name)",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="write an earlier export's files anew, also those edited or damaged since",
    )
    parser.add_argument("--name", metavar="NAME", help="prefix of the generated C names (default: sast)")
    add_data_arguments(parser, "recordings for known answers and accuracy, if not those of the training")
    parser.add_argument(
        "--no-data",
        action="store_true",
        help="do not measure accuracy, and take random events for the known answers",
    )
    add_fit_arguments(parser)
    parser.add_argument(
        "--threads", type=int, default=0, metavar="N", help="number of CPU threads (default: 0, all)"
    )
    parser.add_argument("--json", metavar="FILE", help="write figures, what rounding cost among them")


def fill(args: argparse.Namespace) -> None:
    """The newest run, and a place below `build`, where none is named."""
    if args.run_dir is None:
        args.run_dir = newest_run()
    if args.out is None:
        args.out = build_name(args.run_dir, target=args.target)


def run(args: argparse.Namespace) -> int:
    from edge_sast.model.modelfile import is_model_file

    _check_taken(args)
    if is_model_file(args.run_dir):
        return _model_to_c(args)
    with ended_by_ctrl_c():
        from edge_sast.cli.model.export_run import export

    return export(args)


def _check_taken(args: argparse.Namespace) -> None:
    """Refuses options that have no effect beside others."""
    check_target(args.target)
    if args.target == MODEL and args.name is not None:
        raise EdgeSastError("--name is for the C; leave it out with --target model")
    if args.target == MODEL and args.overwrite:
        raise EdgeSastError("--overwrite is for a folder of C; leave it out with --target model")
    given = given_data_options(args)
    if args.no_data and given:
        raise EdgeSastError(f"{given[0]}: --no-data reads no recordings; leave one of them out")


def _model_to_c(args: argparse.Namespace) -> int:
    """The C of a model file; known answers from --data where it is given, else from random events."""
    from edge_sast.model import modelfile
    from edge_sast.report.tables import write_json
    from firmware_gen.build.folder import check_folder, write_folder
    from firmware_gen.targets import generator

    if args.target == MODEL:
        raise EdgeSastError(
            f"--target is {args.target!r}, but {args.run_dir} is a model file already; use --target c, or copy it"
        )
    check_data_options(args)
    if args.bits is not None:
        raise EdgeSastError(
            f"--bits is {args.bits}; {args.run_dir} has its widths: export the trained network again"
        )
    part, parallel = asked_part(args), set_threads(args.threads)
    check_folder(args.out, overwrite=args.overwrite)
    model = modelfile.load(args.run_dir)
    check_fit(model, part)
    figures: dict[str, Any] = {"model_hash": modelfile.model_hash(model)}
    binned = None
    if args.data:
        from edge_sast.datasets.selection import load_split
        from edge_sast.runtime import Simulator

        recordings = load_split(model.binning, model.classes, data_options(args))
        binned = recordings.binned
        accuracy = Simulator(model).run(binned, parallel=parallel).accuracy
        figures |= {"recordings": recordings.name, "samples": len(binned), "integer_accuracy": accuracy}
        echo(f"integer model {100 * accuracy:.2f} % on {len(binned)} recordings of {recordings.name}")
    write_folder(generator(args.target)(model, binned, args.name), args.out, overwrite=args.overwrite)
    echo(f"wrote {args.out} (model {figures['model_hash'][:16]})")
    write_json(args.json, figures)
    return 0
