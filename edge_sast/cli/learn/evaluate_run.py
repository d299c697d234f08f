"""What `edge-sast evaluate` does: figures of each run, their summary over seeds, and the tables printed of them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

from edge_sast.bulk.engine import Engine, Serial
from edge_sast.cli.learn.evaluate_parts import CORRUPTIONS_KEY, Measure, Run
from edge_sast.cli.options.engine import LeftOut, engine_choice, workers
from edge_sast.cli.options.figures import write_figures
from edge_sast.cli.options.recordings import data_options
from edge_sast.datasets.reading import Reading
from edge_sast.errors import EdgeSastError
from edge_sast.evaluation.corrupt import CORRUPTIONS, MAX_SEVERITY
from edge_sast.evaluation.early import check_loss
from edge_sast.report import evaluation_tables, intervals
from edge_sast.report.confusion import KEY
from edge_sast.terminal import echo
from trainer.measure.energy_prices import read_prices
from trainer.measure.recordings import evaluation_data
from trainer.run.machine import set_threads
from trainer.settings.checks import MAX_REAL, flag

# Options that have an effect only beside another one.
BESIDE = {
    "corruptions": ("severities", "corruption_pass", "corruption_seed"),
    "sharpness": ("rho", "sharpness_recordings"),
    "energy": ("energy_table",),
}


def evaluate(args: argparse.Namespace) -> int:
    """`edge-sast evaluate`."""
    set_threads(args.threads)
    _check_options(args)
    choice, left_out = engine_choice(args), LeftOut(args.keep_going)
    threads = args.threads if choice.serial else args.threads or 1
    measure = Measure(tuple(args.runs), threads, data_options(args), args)
    runs = measure.runs
    check_seeds(runs)
    for run in runs:
        _check_rho(run, args)
        _check_energy(run, args)
    read_prices(args.energy_table)  # a mistake is told before anything is measured
    with workers(choice, threads) as engine:
        each = _figures(measure, engine, left_out)
    summary = (
        intervals.summarise([_without_confusion(figures) for figures in each]) if len(runs) > 1 else None
    )
    for figures in each:
        _add_wilson(figures)
    named = [{"run": run.path, "seed": run.config.seed, **f} for run, f in zip(runs, each, strict=True)]
    names = dict.fromkeys(str(figures["recordings"]) for figures in each)
    judged = f"{each[0]['samples']} recordings of {', '.join(names)}"
    trained = f"{runs[0].config.method}, {runs[0].stored.epoch} epochs"
    what = f"{trained if runs[0].config.imported is None else 'imported'}; {judged}"
    more = {"left_out": left_out.texts()} if args.keep_going else {}
    layers = [layer.name for layer in runs[0].network.weighted() if layer.spiking]
    if summary is None:
        echo(f"{runs[0].path}: {what}")
        evaluation_tables.show(each[0], layers)
        write_figures(args, named[0] | more)
        left_out.check()
        return 0
    echo(f"{what}; seeds {', '.join(str(run.config.seed) for run in runs)}: mean ± 95 %")
    evaluation_tables.show(summary, layers)
    write_figures(args, {"runs": named, "summary": summary} | more)
    left_out.check()
    return 0


def check_seeds(runs: Sequence[Run]) -> None:
    """Raises EdgeSastError for runs that differ in more than their seed, or that share one."""
    first, *others = runs
    seeds = {first.config.seed: first.path}
    for run in others:
        for name, value in vars(first.config).items():
            own = getattr(run.config, name)
            if name != "seed" and own != value:
                raise EdgeSastError(
                    f"{run.path}: trained with {flag(name)} {own}, {first.path} with {value}; runs that are evaluated "
                    "together may differ only in their seed"
                )
        if run.stored.epoch != first.stored.epoch:
            raise EdgeSastError(
                f"{run.path}: holds epoch {run.stored.epoch}, {first.path} epoch {first.stored.epoch}; go on with "
                "'edge-sast train --resume', or evaluate it by itself"
            )
        if run.config.seed in seeds:
            raise EdgeSastError(
                f"{run.path}: has --seed {run.config.seed}, as {seeds[run.config.seed]} has; an interval over seeds "
                "wants each once"
            )
        seeds[run.config.seed] = run.path


def _check_options(args: argparse.Namespace) -> None:
    if args.early is not None:
        check_loss(args.early)
    for option, names in BESIDE.items():
        for name in names:
            if getattr(args, name) is not None and getattr(args, option) in (None, False):
                raise EdgeSastError(f"{flag(name)} has an effect only beside {flag(option)}; add that one")
    for kind in args.corruptions or ():
        if kind not in CORRUPTIONS:
            raise EdgeSastError(f"--corruptions: {kind!r} is unknown; choose from {', '.join(CORRUPTIONS)}")
    for severity in args.severities or ():
        if not 1 <= severity <= MAX_SEVERITY:
            raise EdgeSastError(f"--severities is {severity}; it must be 1 to {MAX_SEVERITY}")
    if args.corruption_seed is not None and args.corruption_seed < 0:
        raise EdgeSastError(f"--corruption-seed is {args.corruption_seed}; it must be 0 or more")
    if args.sharpness_recordings is not None and args.sharpness_recordings < 1:
        raise EdgeSastError(f"--sharpness-recordings is {args.sharpness_recordings}; it must be 1 or more")


def _check_rho(run: Run, args: argparse.Namespace) -> None:
    if not args.sharpness:
        return
    if args.rho is None and not run.config.rho:
        raise EdgeSastError(f"--sharpness: {run.path} was trained without a rho; give the radius with --rho")
    if args.rho is not None and not 0 < args.rho <= MAX_REAL:
        raise EdgeSastError(f"--rho is {args.rho}; it must be above 0, and at most {MAX_REAL:g}")


def _check_energy(run: Run, args: argparse.Namespace) -> None:
    if args.energy and run.config.threshold == "adaptive-step":
        raise EdgeSastError(
            f"--energy: {run.path} was trained with --threshold adaptive-step, which has no integer model to count; "
            "leave --energy out"
        )


def _figures(measure: Measure, engine: Engine | None, left_out: LeftOut) -> list[dict[str, Any]]:
    """All that is asked of each run; left_out: is told which recordings are, by --keep-going."""
    measure.reading = Reading(engine, left_out.tell)
    if engine is not None:  # all workers together; each then finds them in the cache
        read = (evaluation_data(run.stored, measure.options, measure.reading) for run in measure.runs)
        measure.sizes = tuple(len(recordings.binned) for recordings in read)
    parts = [part for i in range(len(measure.runs)) for part in measure.parts(i)]
    each: list[dict[str, Any]] = [{} for _ in measure.runs]
    with tqdm(total=len(parts), desc="evaluating", disable=True if len(parts) == 1 else None) as bar:
        outcomes = (engine or Engine(Serial())).map(measure, parts, done=lambda _: bar.update())
        for part, outcome in zip(parts, outcomes, strict=True):
            if part.what == CORRUPTIONS_KEY:
                each[part.run].setdefault(CORRUPTIONS_KEY, []).append(outcome.get())
            else:
                each[part.run] |= outcome.get()
    for figures in each:
        if CORRUPTIONS_KEY in figures:
            (name, clean), *cases = figures[CORRUPTIONS_KEY]
            summary = measure.suite.summary(clean, [accuracy for _, accuracy in cases])
            figures[CORRUPTIONS_KEY] = {"pass": name, **summary}
    return each


def _without_confusion(figures: dict[str, Any]) -> dict[str, Any]:
    """Counts of single pairs of classes say nothing of seeds."""
    return {
        name: {key: value for key, value in each.items() if key != KEY} if isinstance(each, dict) else each
        for name, each in figures.items()
    }


def _add_wilson(figures: dict[str, Any]) -> None:
    count = figures["samples"]
    for each in figures.values():
        if isinstance(each, dict) and "synops_per_sample" in each:
            each["accuracy_interval"] = list(intervals.wilson(round(each["accuracy"] * count), count))
