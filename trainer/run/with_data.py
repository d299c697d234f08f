"""Whether a run and its data set fit together, told before recordings are read."""

from __future__ import annotations

from edge_sast.datasets.dataset import Dataset
from edge_sast.errors import EdgeSastError
from trainer.settings.config import TrainConfig


def check_with_data(config: TrainConfig, dataset: Dataset) -> None:
    """Refuse what can be told before recordings are read: a bad --arch, a single class, names that no model can hold,
    options that the data set makes useless.
    """
    if len(dataset.classes) < 2:
        raise EdgeSastError(
            f"--data {config.data}: '{dataset.classes[0]}' is its only class; a classifier needs two or more: add "
            "recordings of others"
        )
    grid = config.binning(dataset.sensor)
    config.network(grid, len(dataset.classes))
    smaller = min(grid.height, grid.width)
    if config.augment_shift >= smaller and config.augment_shift != TrainConfig.augment_shift:
        raise EdgeSastError(
            f"--augment-shift is {config.augment_shift}; the input has {grid.width}x{grid.height} pixels: choose 0 to "
            f"{smaller - 1}"
        )
    if "valid" in dataset.splits and config.valid_fraction != TrainConfig.valid_fraction:
        raise EdgeSastError(
            f"--valid-fraction is {config.valid_fraction}, but --data {config.data} has a split 'valid', which is used "
            "whole; leave it out"
        )
    for name in dataset.classes:
        if not name.isprintable():
            raise EdgeSastError(
                f"--data {config.data}: class folder {name!r} is not printable text, which a model wants; rename it"
            )
