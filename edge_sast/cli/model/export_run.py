"""What 'edge-sast export' does with a trained network."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from edge_sast.cli.options.figures import write_figures
from edge_sast.cli.options.fit import asked_part, check_fit
from edge_sast.cli.options.recordings import data_options
from edge_sast.terminal import echo
from firmware_gen.build.folder import check_folder, write_folder
from firmware_gen.targets import FILES, Options, generator, notes, write_file
from trainer.measure.figures import build_model, trained_bits
from trainer.measure.recordings import evaluation_data
from trainer.run import checkpoint
from trainer.run.machine import set_threads
from trainer.run.one_pass import evaluate as evaluate_pass
from trainer.settings.bits import bits_name, parse_bits


def export(args: argparse.Namespace, options: Options) -> int:
    """`edge-sast export`."""
    from edge_sast.model import modelfile
    from edge_sast.model.running import read_out, running_model
    from edge_sast.runtime import Simulator

    part = asked_part(args)
    set_threads(args.threads)
    if args.target not in FILES:
        check_folder(args.out, overwrite=args.overwrite)
    stored = checkpoint.load(Path(args.run_dir))
    network = stored.network()
    bits = trained_bits(stored.config)
    if args.bits is not None:
        bits = parse_bits(args.bits, len(bits))
    model = build_model(network, stored, bits)
    written = running_model(model, args.leak) if args.running else model  # accuracy is that of windows
    check_fit(written, part)
    figures: dict[str, Any] = {"bits": list(bits), "model_hash": modelfile.model_hash(written)}
    binned = None
    if not args.no_data:
        recordings = evaluation_data(stored, data_options(args))
        binned = recordings.binned
        hard = evaluate_pass(network, binned, stored.config.spike(hard=True)).accuracy
        integer = Simulator(model).run(binned, parallel=True).accuracy
        figures |= {
            "recordings": recordings.name,
            "samples": len(binned),
            "hard_accuracy": hard,
            "integer_accuracy": integer,
        }
        echo(
            f"float, hard spikes {100 * hard:.2f} %, {bits_name(bits)} {100 * integer:.2f} % "
            f"({100 * (integer - hard):+.2f} points) on {len(binned)} recordings of {recordings.name}"
        )
    out = Path(args.out)
    if args.target in FILES:
        told = write_file(args.target, written, out, options)
    else:
        files = generator(args.target)(written, binned, options)
        write_folder(files, out, overwrite=args.overwrite)
        told = notes(args.target, files)
    if args.running:
        told = [f"running state: {read_out(written)}", *told]
    echo(f"wrote {out} (model {figures['model_hash'][:16]})", *told)
    write_figures(args, figures)
    return 0
