"""Which recordings a run is trained on, which only watch it, and which it is judged by."""

from __future__ import annotations

import argparse

from edge_sast.cli.options.recordings import Recordings, load_split, open_split
from edge_sast.datasets.dataset import Dataset
from edge_sast.datasets.load import load_binned, spread
from edge_sast.datasets.open import open_dataset
from edge_sast.datasets.split import stratified_split
from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import parse_sensor
from trainer.run.checkpoint import Standing
from trainer.run.loop import Data
from trainer.settings.config import TrainConfig


def open_data(config: TrainConfig, download_dir: str | None = None) -> Dataset:
    """The data set of a run."""
    sensor = parse_sensor(config.sensor) if config.sensor else None
    return open_dataset(config.data, sensor=sensor, download_dir=download_dir, window_us=config.window_us)


def training_data(
    dataset: Dataset, config: TrainConfig, cache_dir: str | None = None, skip_empty: bool = False
) -> Data:
    """Training part, and the valid split or a stratified part of the training split. Test data stays unread."""
    binning = config.binning(dataset.sensor)
    main_split = "train" if "train" in dataset.splits else dataset.splits[0]
    if main_split != "train" and (len(dataset.splits) > 1 or main_split in ("test", "valid")):
        raise EdgeSastError(
            f"--data {config.data}: has no split 'train', only {', '.join(dataset.splits)}; rename or add one"
        )
    train_part = load_binned(
        dataset, main_split, binning, limit=config.limit, cache_dir=cache_dir, skip_empty=skip_empty
    )
    labels = set(train_part.labels.tolist())
    if len(labels) < 2:
        raise EdgeSastError(
            f"--data {config.data}: every recording to train on is of class "
            f"'{train_part.classes[labels.pop()]}'; a classifier needs two classes or more: add recordings, or raise "
            "--limit where it is given"
        )
    if "valid" in dataset.splits:
        return Data(
            train_part, load_binned(dataset, "valid", binning, cache_dir=cache_dir, skip_empty=skip_empty)
        )
    kept, held_out = stratified_split(
        train_part.labels, config.valid_fraction, config.seed, train_part.classes
    )
    return Data(train_part.select(kept), train_part.select(held_out))


def evaluation_data(stored: Standing, args: argparse.Namespace) -> Recordings:
    """What to report on for a run: the split asked for, else test, else valid, else what training held out.

    args: as options/recordings.add_data_arguments makes them; data and sensor are the run's where not given.
    Raises EdgeSastError, beside what reading raises, where the run's recordings are no longer those it was trained on:
    the part that was held out of those is not the part that would be held out of these.
    """
    config = stored.config
    held_out_of = _held_out_of(config, args)
    if held_out_of is not None:
        for option, value in (("--sensor", args.sensor), ("--window-us", args.window_us)):
            if value is not None:
                raise EdgeSastError(
                    f"{option} is {value}; what training held out is read as the run read it: leave it away, or add "
                    "--data"
                )
        data = training_data(held_out_of, config, args.cache_dir, args.skip_empty)
        now = data.train.digest(), data.valid.digest()
        if now != (stored.data, stored.valid or now[1]):  # older checkpoints do not say what was held out
            raise EdgeSastError(
                f"--data {config.data}: its recordings are not those that the run was trained on, so that the part it "
                "held out is unknown; restore them, or give --data"
            )
        held_out = data.valid.select(spread(data.valid.labels, args.limit))
        return Recordings(held_out, True, f"{config.data}, held out of {held_out_of.splits[0]}")
    return load_split(stored.binning, stored.classes, _with_given(config, args))


def evaluation_source(config: TrainConfig, args: argparse.Namespace) -> tuple[Dataset, str]:
    """The data set and its split that `evaluation_data` takes recordings from."""
    held_out_of = _held_out_of(config, args)
    if held_out_of is not None:
        return held_out_of, held_out_of.splits[0]
    return open_split(_with_given(config, args))


def _held_out_of(config: TrainConfig, args: argparse.Namespace) -> Dataset | None:
    """The run's data set where only what training held out of it is left to judge by."""
    if args.data is not None or args.split is not None:
        return None
    dataset = open_data(config, args.download_dir)
    return None if {"test", "valid"} & set(dataset.splits) else dataset


def _with_given(config: TrainConfig, args: argparse.Namespace) -> argparse.Namespace:
    own = {
        name: getattr(config, name) for name in ("data", "sensor", "window_us") if getattr(args, name) is None
    }
    return argparse.Namespace(**(vars(args) | own))
