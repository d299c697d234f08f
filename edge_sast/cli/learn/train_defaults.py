"""What `edge-sast train` takes where the user says nothing: data set and settings, time steps, a folder for the run."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING

from edge_sast.cli.learn.train_from import take_from_run
from edge_sast.cli.options.flash_target import check_flash_target
from edge_sast.cli.options.newest import RUNS, new_run, unfinished_run
from edge_sast.cli.options.prune_channels import check_prune_channels
from edge_sast.errors import EdgeSastError
from edge_sast.files import check_writable

if TYPE_CHECKING:
    from edge_sast.datasets.dataset import Dataset

DATA = "digits"
CHOSEN = ("data", "dt_us", "steps", "out")  # fields that are filled in
# Settings where no data set is named: 96 to 97 % of the built-in digits in INT8, 45 s of processor time once compiled.
RECIPE = {
    "method": "hard",
    "arch": "16c5s2p2-32c3s2p1-out",
    "epochs": 26,
    "batch_size": 32,
    "lr": 1e-2,
}


@dataclass
class Chosen:
    """What was chosen for the user.

    Attributes:
        told: the line that says it; empty where nothing was chosen.
        argv: the options that say it, for a process that is to take the same.
        dataset: opened to choose by; None where nothing had to be chosen by it.
    """

    told: str = ""
    argv: list[str] = field(default_factory=list)
    dataset: Dataset | None = None


def leave_open(parser: argparse.ArgumentParser) -> None:
    """Leaves settings None where they are not given, until `completed` knows what they are to be: the data set, a run
    or a target may say.
    """
    from trainer.settings.fields import Settings  # not for the list of commands

    usual, settings = {}, {field.name for field in fields(Settings)}
    for action in parser._actions:
        if action.dest in RECIPE:
            action.help = f"{action.help} (default: {action.default}; without --data {RECIPE[action.dest]})"
        if action.dest in settings and action.default is not None:
            if "(default: " not in str(action.help) and action.default is not False:
                action.help = f"{action.help} (default: {action.default})"
            usual[action.dest] = action.default
            action.default = None
    parser.set_defaults(usual_settings=usual)


def _settle(args: argparse.Namespace) -> list[str]:
    """Sets the options that were left open and not given; returns those that are the digits'."""
    recipe = {} if args.data is not None else {n: v for n, v in RECIPE.items() if getattr(args, n) is None}
    for name, value in (args.usual_settings | recipe).items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    return list(recipe)


@contextmanager
def completed(args: argparse.Namespace, *, alone: bool) -> Iterator[Chosen]:
    """Fills in what was not given; a new run's folder goes again if nothing is written there.

    alone: False for one of several workers that something else started: each would choose for itself.

    Raises:
        EdgeSastError: see choose_time_steps, unfinished_run, take_from_run, check_flash_target; --overwrite without
            --out; one of several workers.
    """
    check_flash_target(args, alone=alone)
    check_prune_channels(args, alone=alone)
    take_from_run(args)
    found = None
    if args.resume:
        if args.out is None and alone:
            found = args.out = unfinished_run()
        _take_begun(args)
    recipe = _settle(args)
    missing = [name for name in CHOSEN if getattr(args, name) is None]
    if not missing:
        yield Chosen() if found is None else Chosen(f"going on with {found}", [f"--out={found}"])
        return
    if not alone:
        flags = ", ".join("--" + name.replace("_", "-") for name in missing)
        raise EdgeSastError(
            f"{flags}: missing; workers that were started one by one must all be told the same"
        )
    if args.out is None and args.overwrite:
        raise EdgeSastError("--overwrite starts anew in a folder that holds a run; name it with --out")
    chosen = Chosen()
    args.data = DATA if args.data is None else args.data
    told = [f"on {args.data}"]
    if "data" in missing:
        told = [
            f"on the built-in {DATA}",
            f"method {args.method}",
            f"{args.epochs} + {args.qat_epochs} epochs",
        ]
    if {"dt_us", "steps"} & set(missing):
        chosen.dataset, reason = _choose_steps(args)
        told.append(f"{args.steps} steps of {args.dt_us} µs ({reason})")
    with _run_folder(args) as folder:
        args.out = folder
        told += [f"in {folder}"] if "out" in missing else []
        chosen.argv = [f"--{name.replace('_', '-')}={getattr(args, name)}" for name in (*recipe, *missing)]
        hint = "; your own recordings: --data DIR, see docs/data.md" if "data" in missing else ""
        chosen.told = f"training {', '.join(told)}{hint}"
        yield chosen


def _take_begun(args: argparse.Namespace) -> None:
    """Fills in what the run in --out was begun with. Without a checkpoint there nothing is, which is told elsewhere."""
    from trainer.run import checkpoint

    if args.out is None or not (Path(args.out) / checkpoint.FILE_NAME).exists():
        return
    args.begun = begun = checkpoint.load(Path(args.out)).config
    for name, value in (vars(begun) | {"teacher": list(begun.teachers) or None}).items():
        if getattr(args, name) is None:
            setattr(args, name, value)


def _choose_steps(args: argparse.Namespace) -> tuple[Dataset, str]:
    """Sets dt_us and steps; returns the data set, and why it is these."""
    from edge_sast.datasets.open import open_dataset
    from edge_sast.datasets.time_steps import choose_time_steps
    from edge_sast.events.recording import parse_sensor

    sensor = parse_sensor(args.sensor) if args.sensor else None
    dataset = open_dataset(args.data, sensor=sensor, download_dir=args.download_dir, window_us=args.window_us)
    split = "train" if "train" in dataset.splits else dataset.splits[0]
    found = choose_time_steps(dataset, split, args.dt_us, args.steps)
    args.dt_us, args.steps = found.dt_us, found.steps
    return dataset, found.reason


@contextmanager
def _run_folder(args: argparse.Namespace) -> Iterator[str]:
    if args.out is not None:
        yield args.out
    else:
        check_writable("--out", RUNS, folder=True)
        with new_run(args.method) as folder:
            yield str(folder)
