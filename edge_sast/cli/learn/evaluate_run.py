"""What `edge-sast evaluate` does: figures of each run, their summary over seeds, and the tables printed of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from edge_sast.cli.options.figures import write_figures
from edge_sast.cli.options.recordings import data_options
from edge_sast.datasets.load import spread
from edge_sast.datasets.selection import Recordings
from edge_sast.errors import EdgeSastError
from edge_sast.evaluation import robustness
from edge_sast.evaluation.corrupt import CORRUPTIONS, MAX_SEVERITY
from edge_sast.evaluation.early import check_loss, choose_margin, step_answers
from edge_sast.evaluation.robustness import Suite
from edge_sast.events.binned import BinnedEvents
from edge_sast.model.layers import Lif
from edge_sast.model.model import Model
from edge_sast.report import evaluation_tables, intervals
from edge_sast.report.confusion import KEY
from edge_sast.report.steps import steps_figures
from edge_sast.runtime import Simulator
from edge_sast.terminal import echo
from trainer.data.recordings import open_data, training_data
from trainer.measure import diagnose
from trainer.measure import energy as energy_account
from trainer.measure import sharpness as sharp_measures
from trainer.measure.energy_prices import read_prices
from trainer.measure.figures import build_model, measure, trained_bits
from trainer.measure.recordings import evaluation_data, evaluation_source
from trainer.measure.sharpness import Landscape
from trainer.network.network import Network
from trainer.run import checkpoint
from trainer.run.machine import set_threads
from trainer.run.one_pass import evaluate as evaluate_pass
from trainer.settings.bits import bits_name
from trainer.settings.checks import MAX_REAL, flag
from trainer.settings.config import TrainConfig

SHARPNESS_RECORDINGS = 512
# Options that have an effect only beside another one.
BESIDE = {
    "corruptions": ("severities", "corruption_pass", "corruption_seed"),
    "sharpness": ("rho", "sharpness_recordings"),
    "energy": ("energy_table",),
}


@dataclass(frozen=True)
class Run:
    """One trained network. path: as it was named."""

    path: str
    stored: checkpoint.Checkpoint

    @cached_property
    def network(self) -> Network:
        return self.stored.network()

    @property
    def config(self) -> TrainConfig:
        return self.stored.config


def evaluate(args: argparse.Namespace) -> int:
    """`edge-sast evaluate`."""
    set_threads(args.threads)
    _check_options(args)
    runs = [Run(path, checkpoint.load(Path(path))) for path in args.runs]
    check_seeds(runs)
    for run in runs:
        _check_rho(run, args)
        _check_energy(run, args)
    read_prices(args.energy_table)  # a mistake is told before anything is measured
    each = [_figures(run, args) for run in runs]
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
    layers = [layer.name for layer in runs[0].network.weighted() if layer.spiking]
    if summary is None:
        echo(f"{runs[0].path}: {what}")
        evaluation_tables.show(each[0], layers)
        write_figures(args, named[0])
        return 0
    echo(f"{what}; seeds {', '.join(str(run.config.seed) for run in runs)}: mean ± 95 %")
    evaluation_tables.show(summary, layers)
    write_figures(args, {"runs": named, "summary": summary})
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


def _figures(run: Run, args: argparse.Namespace) -> dict[str, Any]:
    """All that is asked of one run."""
    stored, network, config = run.stored, run.network, run.config
    recordings = evaluation_data(stored, data_options(args))
    binned, smooth = recordings.binned, config.spike(hard=False)
    figures = {"recordings": recordings.name, **measure(network, stored, binned)}
    if args.early is not None:
        bits = trained_bits(config)
        figures[f"{bits_name(bits)}, early"] = _early(run, binned, build_model(network, stored, bits), args)
    if args.corruptions is not None:
        figures["corruptions"] = _corruptions(run, recordings, args)
    if args.sharpness:
        figures["sharpness"] = _sharpness(run, args)
    if args.gradients:
        figures["gradients"] = diagnose.gradient_norms(network, binned, smooth, config.objective)
    if args.contraction:
        figures["contraction"] = diagnose.contraction(network, binned, smooth)
    if args.energy:
        figures["energy"] = _energy(run, binned, args)
    return figures


def _early(run: Run, binned: BinnedEvents, model: Model, args: argparse.Namespace) -> dict[str, Any]:
    """Of the integer model with a margin: figures as those of every pass, the margin, and how many steps it took."""
    config = run.config
    watched = training_data(
        open_data(config, args.download_dir), config, args.cache_dir, args.skip_empty
    ).valid
    if watched.digest() == binned.digest():
        raise EdgeSastError(
            f"--early: {run.path} is judged by the recordings that the margin is chosen on, those that watched its "
            "training; name others with --data or --split"
        )
    margin = choose_margin(step_answers(model, watched), args.early)
    if margin is None:
        raise EdgeSastError(
            f"--early {args.early:g}: no margin keeps that of {run.path}; allow a larger loss"
        )
    result = Simulator(replace(model, early_margin=margin)).run(binned, parallel=True)
    shapes, taken = model.shapes(), float(result.steps.mean())
    spiking = [(k, i) for k, (i, layer) in enumerate(model.weighted()) if isinstance(layer.neuron, Lif)]
    return {
        "accuracy": result.accuracy,
        "synops_per_sample": float(result.synops.sum(1).mean()),
        "spikes_per_sample": float(result.spikes.sum(1).mean()),
        "firing_rates": [
            float(result.spikes[:, k].mean()) / (shapes[i + 1].neurons * taken) for k, i in spiking
        ],
        "margin": margin,
        "steps": steps_figures(result.steps, model.binning.steps),
    }


def _corruptions(run: Run, recordings: Recordings, args: argparse.Namespace) -> dict[str, Any]:
    suite = Suite(
        tuple(dict.fromkeys(args.corruptions)) or tuple(CORRUPTIONS),
        tuple(sorted(set(args.severities or robustness.SEVERITIES))),
        args.corruption_seed or 0,
    )
    usual = "hard" if run.config.threshold == "adaptive-step" else "trained"
    name, accuracy = _judge(run, args.corruption_pass or usual)
    source, split = evaluation_source(run.config, data_options(args))
    return {"pass": name, **suite.measure(source, split, recordings.binned, accuracy)}


def _judge(run: Run, name: str) -> tuple[str, Callable[[BinnedEvents], float]]:
    """A pass by name, and what gives its accuracy: integer ones run in the runtime."""
    if name in ("surrogate", "hard"):
        spike = run.config.spike(hard=name == "hard")
        return name, lambda binned: evaluate_pass(run.network, binned, spike).accuracy
    bits = trained_bits(run.config)
    if name != "trained":
        bits = (int(name.removeprefix("int")),) * len(bits)
    simulator = Simulator(build_model(run.network, run.stored, bits))
    return bits_name(bits), lambda binned: simulator.run(binned, parallel=True).accuracy


def _sharpness(run: Run, args: argparse.Namespace) -> dict[str, Any]:
    config = run.config
    dataset = open_data(config, args.download_dir)
    train = training_data(dataset, config, args.cache_dir, args.skip_empty).train
    chosen = train.select(spread(train.labels, args.sharpness_recordings or SHARPNESS_RECORDINGS))
    spike = config.spike(hard=not config.smooth_trained)
    landscape = Landscape(run.stored.network(), chosen, spike, config.objective)
    return sharp_measures.measure(landscape, args.rho or config.rho)


def _energy(run: Run, binned: BinnedEvents, args: argparse.Namespace) -> dict[str, Any]:
    config = run.config
    spike = config.train_spike if config.epochs else config.spike(hard=True)
    trained = None if config.through_time == "online" else (spike, config.objective)
    integer = config.integer(trained_bits(config))
    return energy_account.measure(run.network, binned, trained, integer, read_prices(args.energy_table))


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
