"""What `edge-sast evaluate` measures of each run, part by part: any worker can measure any part."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from edge_sast.datasets.load import spread
from edge_sast.datasets.reading import Reading
from edge_sast.datasets.selection import DataOptions, Recordings
from edge_sast.errors import EdgeSastError
from edge_sast.evaluation import robustness
from edge_sast.evaluation.corrupt import CORRUPTIONS
from edge_sast.evaluation.early import choose_margin, step_answers
from edge_sast.evaluation.robustness import Suite
from edge_sast.events.binned import BinnedEvents
from edge_sast.model.layers import Lif
from edge_sast.report.steps import steps_figures
from edge_sast.runtime import Simulator
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
from trainer.settings.config import TrainConfig

Judge = tuple[str, Callable[[BinnedEvents], float]]  # the name of a pass, and what gives its accuracy

SHARPNESS_RECORDINGS = 512
CORRUPTIONS_KEY = "corruptions"


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

    @cached_property
    def judges(self) -> dict[str, Judge]:
        """Those that were made, by the pass that was asked for: of all corruptions it is the same."""
        return {}

    def judge(self, name: str) -> Judge:
        """Of a pass by name."""
        if name not in self.judges:
            self.judges[name] = _judge(self, name)
        return self.judges[name]


@dataclass(frozen=True)
class Part:
    """Measured at a time. run: which of the runs. what: key of its figures. case: kind and severity of a corruption,
    None for the clean recordings beside them.
    """

    run: int
    what: str
    case: tuple[str, int] | None = None

    def __str__(self) -> str:
        return " ".join([f"run {self.run + 1}", self.what, *map(str, self.case or ())])


@dataclass
class Measure:
    """Measures parts; what it has loaded for the last one is kept for the next.

    paths: of the runs. threads: of a worker. options, args: the command's. reading: how recordings are read here; a
    worker leaves out quietly what the command has told. sizes: recordings of each run, as the command read
    them; none: not looked at.
    """

    paths: tuple[str, ...]
    threads: int
    options: DataOptions
    args: argparse.Namespace
    reading: Reading = field(default_factory=Reading)
    sizes: tuple[int, ...] = ()
    # Of the run that was measured last.
    _kept: tuple[int, Recordings] | None = field(default=None, init=False)

    def __reduce__(self) -> tuple[Any, ...]:
        reading = Reading(unreadable=_quiet if self.args.keep_going else None, quiet=True)
        return Measure, (self.paths, self.threads, self.options, self.args, reading, self.sizes)

    @cached_property
    def runs(self) -> list[Run]:
        """The trained networks."""
        set_threads(self.threads)
        return [Run(path, checkpoint.load(Path(path))) for path in self.paths]

    @cached_property
    def suite(self) -> Suite:
        """The corruptions that are asked for."""
        return Suite(
            tuple(dict.fromkeys(self.args.corruptions)) or tuple(CORRUPTIONS),
            tuple(sorted(set(self.args.severities or robustness.SEVERITIES))),
            self.args.corruption_seed or 0,
        )

    def parts(self, run: int) -> list[Part]:
        """All that is asked of a run, in the order of its figures."""
        args, parts = self.args, [Part(run, "passes")]
        if args.early is not None:
            parts.append(Part(run, "early"))
        if args.corruptions is not None:
            parts += [Part(run, CORRUPTIONS_KEY, case) for case in (None, *self.suite.cases)]
        return parts + [Part(run, name) for name in PARTS if getattr(args, name)]

    def __call__(self, part: Part) -> Any:
        """The part's figures by their keys; of a corruption the pass and its accuracy."""
        run, recordings = self.runs[part.run], self._recordings_of(part.run)
        if part.what == "passes":
            return {
                "recordings": recordings.name,
                **measure(run.network, run.stored, recordings.binned),
            }
        if part.what == "early":
            return _early(run, recordings.binned, self.args)
        if part.what == CORRUPTIONS_KEY:
            return self._corrupted(part, recordings)
        return {part.what: PARTS[part.what](run, recordings.binned, self.args)}

    def _recordings_of(self, run: int) -> Recordings:
        """Of one run at a time: those of all would be too many."""
        if self._kept is None or self._kept[0] != run:
            self._kept = None  # before others are read
            found = evaluation_data(self.runs[run].stored, self.options, self.reading)
            if self.sizes and len(found.binned) != self.sizes[run]:
                raise EdgeSastError(
                    f"{self.paths[run]}: a worker could read {len(found.binned)} of the {self.sizes[run]} recordings "
                    "that the command read; look at the disk, then run it again"
                )
            self._kept = run, found
        return self._kept[1]

    def _corrupted(self, part: Part, recordings: Recordings) -> tuple[str, float]:
        run = self.runs[part.run]
        usual = "hard" if run.config.threshold == "adaptive-step" else "trained"
        name, accuracy = run.judge(self.args.corruption_pass or usual)
        if part.case is None:
            return name, accuracy(recordings.binned)
        source, split = evaluation_source(run.config, self.options)
        return name, accuracy(self.suite.recordings(source, split, recordings.binned, *part.case))


def _quiet(_: EdgeSastError) -> None:
    """The command has told it."""


def _early(run: Run, binned: BinnedEvents, args: argparse.Namespace) -> dict[str, Any]:
    """Of the integer model with a margin: figures as those of every pass, the margin, and how many steps it took."""
    config, bits = run.config, trained_bits(run.config)
    model = build_model(run.network, run.stored, bits)
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
    figures = {
        "accuracy": result.accuracy,
        "synops_per_sample": float(result.synops.sum(1).mean()),
        "spikes_per_sample": float(result.spikes.sum(1).mean()),
        "firing_rates": [
            float(result.spikes[:, k].mean()) / (shapes[i + 1].neurons * taken) for k, i in spiking
        ],
        "margin": margin,
        "steps": steps_figures(result.steps, model.binning.steps),
    }
    return {f"{bits_name(bits)}, early": figures}


def _judge(run: Run, name: str) -> Judge:
    """A pass by name, and what gives its accuracy: integer ones run in the runtime."""
    if name in ("surrogate", "hard"):
        spike = run.config.spike(hard=name == "hard")
        return name, lambda binned: evaluate_pass(run.network, binned, spike).accuracy
    bits = trained_bits(run.config)
    if name != "trained":
        bits = (int(name.removeprefix("int")),) * len(bits)
    simulator = Simulator(build_model(run.network, run.stored, bits))
    return bits_name(bits), lambda binned: simulator.run(binned, parallel=True).accuracy


def _sharpness(run: Run, _binned: BinnedEvents, args: argparse.Namespace) -> dict[str, Any]:
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
    trained = None if config.through_time != "bptt" else (spike, config.objective)
    integer = config.integer(trained_bits(config))
    return energy_account.measure(run.network, binned, trained, integer, read_prices(args.energy_table))


def _gradients(run: Run, binned: BinnedEvents, _args: argparse.Namespace) -> dict[str, Any]:
    return diagnose.gradient_norms(run.network, binned, run.config.spike(hard=False), run.config.objective)


def _contraction(run: Run, binned: BinnedEvents, _args: argparse.Namespace) -> list[dict[str, Any]]:
    return diagnose.contraction(run.network, binned, run.config.spike(hard=False))


PARTS: dict[str, Callable[[Run, BinnedEvents, argparse.Namespace], Any]] = {
    "sharpness": _sharpness,
    "gradients": _gradients,
    "contraction": _contraction,
    "energy": _energy,
}
