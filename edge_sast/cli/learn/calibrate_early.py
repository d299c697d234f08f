"""What `edge-sast calibrate --early` does: a model file with a margin at which its answer is clear enough."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge_sast.cli.options.checks import set_threads
from edge_sast.cli.options.figures import write_figures
from edge_sast.cli.options.recordings import data_options
from edge_sast.datasets.load import spread
from edge_sast.datasets.selection import DataOptions, Recordings, load_split, open_split
from edge_sast.errors import EdgeSastError
from edge_sast.evaluation.early import choose_margin, step_answers
from edge_sast.files import check_writable
from edge_sast.model import modelfile
from edge_sast.model.model import Model
from edge_sast.report.steps import steps_figures, steps_line
from edge_sast.report.tables import print_table
from edge_sast.runtime import RunResult, Simulator
from edge_sast.terminal import echo

SPLIT = "valid"


def calibrate_early(args: argparse.Namespace) -> int:
    """Chooses the margin, writes the model with it, tells what it costs and saves."""
    set_threads(args.threads)
    out = Path(args.out)
    check_writable("--out", out, folder=False)
    if out.exists() and not modelfile.is_model_file(out):
        raise EdgeSastError(f"--out {out}: exists and is no model file; name another, or remove it")
    model, recordings = _of_model(args) if modelfile.is_model_file(args.run_dir) else _of_run(args)
    answers = step_answers(model, recordings.binned)
    if not (answers.leads[:, :-1] > 0).any():
        raise EdgeSastError(
            f"--early {args.early:g}: no output leads before the last step in any of {len(recordings.binned)} "
            f"recordings of {recordings.name}; train the network first, or use more or longer --steps"
        )
    margin = choose_margin(answers, args.early)
    if margin is None:
        raise EdgeSastError(
            f"--early {args.early:g}: no margin keeps that on {len(recordings.binned)} recordings of "
            f"{recordings.name}; allow a larger loss, or take more recordings"
        )
    whole, early = replace(model, early_margin=None), replace(model, early_margin=margin)
    results = [Simulator(each).run(recordings.binned, parallel=True) for each in (whole, early)]
    modelfile.save(early, out)
    figures = _figures(args, early, recordings, results)
    _print(figures, model.binning.steps)
    echo(f"wrote {out} (model {figures['model_hash'][:16]}): answers early, margin {margin}")
    write_figures(args, figures)
    return 0


def _of_model(args: argparse.Namespace) -> tuple[Model, Recordings]:
    model = modelfile.load(args.run_dir)
    return model, load_split(model.binning, model.classes, _options(args))


def _of_run(args: argparse.Namespace) -> tuple[Model, Recordings]:
    """A run's integer model, and by default what watched its training: never test recordings."""
    from trainer.data.recordings import open_data, training_data
    from trainer.measure.figures import build_model, trained_bits
    from trainer.run import checkpoint

    stored = checkpoint.load(Path(args.run_dir))
    config = stored.config
    model = build_model(stored.network(), stored, trained_bits(config))
    if args.data is not None or args.split is not None:
        options = _options(args, config.data)
        return model, load_split(model.binning, model.classes, options)
    for option in ("sensor", "window_us"):
        if getattr(args, option) is not None:
            raise EdgeSastError(
                f"--{option.replace('_', '-')} has an effect only beside --data; add that one, or leave it out"
            )
    valid = training_data(open_data(config, args.download_dir), config, args.cache_dir, args.skip_empty).valid
    chosen = valid.select(spread(valid.labels, args.limit))
    part = "which watched the training" if config.imported is None else "held out"
    return model, Recordings(chosen, True, f"{config.data}, {part}")


def _options(args: argparse.Namespace, data: str | None = None) -> DataOptions:
    """With the split `valid`, or the only one, where none is named: what judges a model must not choose its margin."""
    options = data_options(args)
    options = replace(options, data=options.data or data)
    if options.split is not None:
        return options
    dataset, _ = open_split(replace(options, split=SPLIT))  # opens it, whatever splits it has
    only = dataset.splits[0] if len(dataset.splits) == 1 else SPLIT
    if only == "test" or only not in dataset.splits:
        raise EdgeSastError(
            f"--data {options.data}: has no split {SPLIT!r}, only {', '.join(dataset.splits)}; name with --split the "
            "one to choose the margin on, and judge the model by another"
        )
    return replace(options, split=only)


def _figures(
    args: argparse.Namespace, model: Model, recordings: Recordings, results: list[RunResult]
) -> dict[str, Any]:
    rows = [
        {
            "accuracy": result.accuracy,
            "steps_per_sample": float(result.steps.mean()),
            "synops_per_sample": float(result.synops.sum(axis=1).mean()),
        }
        for result in results
    ]
    return {
        "model": str(args.run_dir),
        "recordings": recordings.name,
        "samples": len(recordings.binned),
        "allowed_points": args.early,
        "margin": model.early_margin,
        "model_hash": modelfile.model_hash(model),
        "all_steps": rows[0],
        "early": rows[1],
        "steps": steps_figures(results[1].steps, model.binning.steps),
    }


def _print(figures: dict[str, Any], steps: int) -> None:
    echo(f"{figures['samples']} recordings of {figures['recordings']}")
    rows = []
    for name, key in (("all steps", "all_steps"), (f"margin {figures['margin']}", "early")):
        row = figures[key]
        accuracy, taken = f"{100 * row['accuracy']:.2f}", f"{row['steps_per_sample']:.2f}"
        rows.append([name, accuracy, taken, f"{row['synops_per_sample']:,.0f}"])
    print_table(rows, ["answer after", "accuracy %", "steps/sample", "SynOps/sample"])
    echo(steps_line(figures["steps"], steps))
