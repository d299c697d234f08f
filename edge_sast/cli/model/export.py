"""`edge-sast export`: a trained network, or a model file, to an integer model and its C or its event core."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge_sast.cli.options.checks import BUILD, set_threads
from edge_sast.cli.options.fit import add_fit_arguments, asked_part, check_fit
from edge_sast.cli.options.newest import build_name, model_in, newest_run, run_or_model_in
from edge_sast.cli.options.recordings import (
    add_data_arguments,
    check_data_options,
    data_options,
    given_data_options,
)
from edge_sast.cli.options.running import add_running, check_leak
from edge_sast.errors import EdgeSastError
from edge_sast.files import check_writable
from edge_sast.signals import ended_by_ctrl_c
from edge_sast.terminal import echo
from firmware_gen.targets import FILES, FOLDERS, MODEL, NIR, TARGETS, VERILOG, Options, check_target

NAME = "export"
HELP = (
    "Turn a trained network, or a model file, into an integer model file and a folder of C that runs it. Or into a "
    "folder for FPGAs, with --target verilog."
)
MAKES = BUILD
EXAMPLES = (
    (
        "edge-sast export --bits 8",
        "of the newest run: the model file, C99, and known answers to verify it with",
    ),
    ("edge-sast export runs/a --fit stm32f103 --out build/a", "only if it fits that chip"),
    ("edge-sast export examples/nmnist-int8.safetensors --no-data --out build/b", "the C of a model file"),
    (
        "edge-sast export examples/nmnist-int8.safetensors --no-data --target verilog --lanes 4 --out build/f",
        "its event core for an FPGA, four membranes at once",
    ),
    (
        "edge-sast export examples/nmnist-int8.safetensors --no-data --target nir --for-tool norse --out net.nir",
        "for another tool; 'edge-sast import net.nir' gives the same model again",
    ),
    (
        "edge-sast export examples/nmnist-int8.safetensors --no-data --running --out build/r",
        "for a stream that is never reset: its read-out forgets",
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run_dir",
        metavar="RUN",
        nargs="?",
        help="folder made by 'edge-sast train', its checkpoint, or a model file or build folder, which needs no torch "
        "(default: the newest finished run in runs)",
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
        help="folder to write, or with --target model or nir the file (default: build/ and the run's or model's name, "
        "with -running for --running and -verilog for that target)",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="write the files of an earlier export's folder anew, also those edited or damaged since; an earlier model "
        "or NIR file is always replaced",
    )
    parser.add_argument(
        "--no-early",
        action="store_true",
        help="leave out the margin of a model file that answers early: all steps are computed (default: keep it)",
    )
    parser.add_argument("--name", metavar="NAME", help="prefix of the generated C names (default: sast)")
    parser.add_argument(
        "--for-tool",
        choices=("snntorch", "sinabs", "norse", "spikingjelly"),
        help="tool that is to read the NIR file, whose numbers are then as it takes them; with --target nir (default: "
        "as NIR defines them, a step being the model's in seconds)",
    )
    add_running(
        parser.add_argument,
        "give the read-out a leak, for a network that is never reset: sast_stream.h with SAST_RUNNING_STATE, an event "
        "core that answers after each step, 'edge-sast stream --running'",
    )
    _add_recordings(parser.add_argument_group("known answers and accuracy"))
    add_fit_arguments(parser.add_argument_group("microcontroller"))
    _add_fpga_arguments(parser.add_argument_group(f"FPGA, with --target {VERILOG}"))
    parser.add_argument(
        "--threads", type=int, default=0, metavar="N", help="number of CPU threads (default: 0, all)"
    )
    parser.add_argument("--json", metavar="FILE", help="write figures, what rounding cost among them")


def _add_recordings(data: argparse._ArgumentGroup) -> None:
    add_data_arguments(data, "recordings for them, if not those of the training")
    data.add_argument(
        "--no-data",
        action="store_true",
        help="do not measure accuracy, and take random events for the known answers",
    )


def _add_fpga_arguments(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--lanes",
        type=int,
        metavar="N",
        help="membranes that an FPGA works on at once: 1, 2, 4, 8 or 16 (default: 8)",
    )
    parser.add_argument(
        "--word-bits",
        type=int,
        metavar="N",
        help="word width of the memories in tables/, 1 to 1024 (default: as wide as the entries of each)",
    )
    parser.add_argument(
        "--registers",
        action="store_true",
        help="give an FPGA's core registers: state, counters and answers over its link",
    )
    parser.add_argument(
        "--loadable",
        action="store_true",
        help="let 'edge-sast fpga load' put other models into the FPGA's core without a new synthesis; has registers",
    )
    parser.add_argument(
        "--fits", nargs="+", metavar="MODEL", help="make room in it for these models too; with --loadable"
    )
    parser.add_argument(
        "--spare-bits",
        type=int,
        metavar="N",
        help="bits of thresholds, biases, start values and membranes beyond what the models need; with --loadable "
        "(default: 1)",
    )
    parser.add_argument(
        "--spare-words",
        type=int,
        metavar="N",
        help="percent of words of tables and membranes beyond what the models need; with --loadable (default: 0)",
    )
    parser.add_argument(
        "--spram",
        action="store_true",
        help="keep the weights in the large RAM of an iCE40 UP5K, which is empty until 'edge-sast fpga load'; with "
        "--loadable",
    )


def fill(args: argparse.Namespace) -> None:
    """The newest run, and a place below `build`, where none is named."""
    args.run_dir = newest_run() if args.run_dir is None else run_or_model_in(args.run_dir)
    if args.out is None:
        args.out = build_name(args.run_dir, target=args.target, running=args.running)


def run(args: argparse.Namespace) -> int:
    from edge_sast.model.modelfile import is_model_file

    _check_taken(args)
    check_writable("--out", args.out, folder=args.target not in FILES)  # before recordings are run
    if args.target == MODEL and Path(args.out).is_file() and not is_model_file(args.out):
        raise EdgeSastError(f"--out {args.out}: exists and is no model file; name another, or remove it")
    if is_model_file(args.run_dir):
        return _model_to_folder(args)
    if args.no_early:
        raise EdgeSastError(
            f"--no-early has no effect on {args.run_dir}: a run has no margin, which 'edge-sast calibrate --early' "
            "gives to a model file; leave it out"
        )
    with ended_by_ctrl_c():
        from edge_sast.cli.model.export_run import export

    return export(args, target_options(args))


def _check_taken(args: argparse.Namespace) -> None:
    """Refuses options that have no effect beside others."""
    check_target(args.target, target_options(args))
    check_leak(args)
    if args.target in FILES and args.overwrite:
        raise EdgeSastError(f"--overwrite is for a folder; leave it out with --target {args.target}")
    for option in ("fit", "flash", "ram", "core"):
        if args.target in (VERILOG, NIR) and getattr(args, option) is not None:
            raise EdgeSastError(f"--{option} is for the C; leave it out with --target {args.target}")
    given = given_data_options(args)
    if args.no_data and given:
        raise EdgeSastError(f"{given[0]}: --no-data reads no recordings; leave one of them out")


def target_options(args: argparse.Namespace) -> Options:
    """Those that only some targets take."""
    return Options(
        args.name,
        args.lanes,
        args.word_bits,
        args.registers or None,
        args.loadable or None,
        None if args.fits is None else [model_in(named) for named in args.fits],
        args.spare_bits,
        args.spare_words,
        args.spram or None,
        args.running,
        args.for_tool,
    )


def _model_to_folder(args: argparse.Namespace) -> int:
    """The folder of a model file; known answers from --data where it is given, else from random events."""
    from edge_sast.cli.options.figures import write_figures
    from edge_sast.model import modelfile
    from edge_sast.model.running import read_out, running_model
    from firmware_gen.build.folder import check_folder, write_folder
    from firmware_gen.targets import generator, notes, write_file

    if args.target == MODEL and not (args.running or args.no_early):
        raise EdgeSastError(
            f"--target is {args.target!r}, but {args.run_dir} is a model file already; use --target "
            f"{', '.join(FOLDERS)} or {NIR}, or copy it"
        )
    check_data_options(args)
    if args.bits is not None:
        raise EdgeSastError(
            f"--bits is {args.bits}; {args.run_dir} has its widths: export the trained network again"
        )
    part, parallel = asked_part(args), set_threads(args.threads)
    if args.target not in FILES:
        check_folder(args.out, overwrite=args.overwrite)
    model = modelfile.load(args.run_dir)
    if args.no_early:
        if model.early_margin is None:
            raise EdgeSastError(
                f"--no-early has no effect on {args.run_dir}: the model has no margin; leave it out"
            )
        model = replace(model, early_margin=None)
    written = running_model(model, args.leak) if args.running else model  # accuracy is that of windows
    check_fit(written, part)
    figures: dict[str, Any] = {"model_hash": modelfile.model_hash(written)}
    binned = None
    if args.data:
        from edge_sast.datasets.selection import load_split
        from edge_sast.runtime import Simulator

        recordings = load_split(model.binning, model.classes, data_options(args))
        binned = recordings.binned
        accuracy = Simulator(model).run(binned, parallel=parallel).accuracy
        figures |= {"recordings": recordings.name, "samples": len(binned), "integer_accuracy": accuracy}
        echo(f"integer model {100 * accuracy:.2f} % on {len(binned)} recordings of {recordings.name}")
    if args.target in FILES:
        told = write_file(args.target, written, args.out, target_options(args))
    else:
        files = generator(args.target)(written, binned, target_options(args))
        write_folder(files, args.out, overwrite=args.overwrite)
        told = notes(args.target, files)
    if args.running:
        told = [f"running state: {read_out(written)}", *told]
    echo(f"wrote {args.out} (model {figures['model_hash'][:16]})", *told)
    write_figures(args, figures)
    return 0
