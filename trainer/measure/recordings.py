"""Which recordings a trained run is judged by."""

from __future__ import annotations

from dataclasses import replace

from edge_sast.datasets.dataset import Dataset
from edge_sast.datasets.load import spread
from edge_sast.datasets.reading import Reading
from edge_sast.datasets.selection import DataOptions, Recordings, load_split, open_split
from edge_sast.errors import EdgeSastError
from trainer.data.recordings import check_named, open_data, training_data
from trainer.run.checkpoint import Standing
from trainer.settings.config import TrainConfig


def evaluation_data(stored: Standing, options: DataOptions, reading: Reading | None = None) -> Recordings:
    """What to report on for a run: the split asked for, else test, else valid, else what training held out.

    options: data, sensor and window_us are the run's where not given. reading: as load_binned takes it; what training
    held out is read as training reads it.
    Raises EdgeSastError, beside what reading raises, where the run's recordings are no longer those it was trained on:
    the part that was held out of those is not the part that would be held out of these.
    """
    config = stored.config
    held_out_of = _held_out_of(config, options)
    if held_out_of is not None:
        for option, value in (("--sensor", options.sensor), ("--window-us", options.window_us)):
            if value is not None:
                raise EdgeSastError(
                    f"{option} is {value}; what training held out is read as the run read it: leave it out, or add "
                    "--data"
                )
        data = training_data(held_out_of, config, options.cache_dir, options.skip_empty)
        now = data.train.digest(), data.valid.digest()
        if now != (stored.data, stored.valid or now[1]):  # older checkpoints do not say what was held out
            raise EdgeSastError(
                f"--data {config.data}: its recordings are not those that the run was trained on, so that the part it "
                "held out is unknown; restore them, or give --data"
            )
        held_out = data.valid.select(spread(data.valid.labels, options.limit))
        return Recordings(held_out, True, f"{config.data}, held out of {held_out_of.splits[0]}")
    return load_split(stored.binning, stored.classes, _with_given(config, options), reading)


def evaluation_source(config: TrainConfig, options: DataOptions) -> tuple[Dataset, str]:
    """The data set and its split that `evaluation_data` takes recordings from."""
    held_out_of = _held_out_of(config, options)
    if held_out_of is not None:
        return held_out_of, held_out_of.splits[0]
    return open_split(_with_given(config, options))


def _held_out_of(config: TrainConfig, options: DataOptions) -> Dataset | None:
    """The run's data set where only what training held out of it is left to judge by."""
    if options.data is not None or options.split is not None:
        return None
    dataset = open_data(config, options.download_dir)
    return None if {"test", "valid"} & set(dataset.splits) else dataset


def _with_given(config: TrainConfig, options: DataOptions) -> DataOptions:
    if options.data is None:
        check_named(config)
    names = ("data", "sensor", "window_us")
    own = {name: getattr(config, name) for name in names if getattr(options, name) is None}
    return replace(options, **own)
