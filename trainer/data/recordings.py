"""Which recordings a run is trained on, which only watch it, and which it is judged by."""

from __future__ import annotations

from dataclasses import dataclass

from edge_sast.datasets.dataset import Dataset
from edge_sast.datasets.load import load_binned
from edge_sast.datasets.open import open_dataset
from edge_sast.datasets.split import stratified_split
from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.events.recording import parse_sensor
from trainer.settings.config import TrainConfig


def open_data(config: TrainConfig, download_dir: str | None = None) -> Dataset:
    """The data set of a run. Raises EdgeSastError, beside what opening raises, for an imported one that names none."""
    check_named(config)
    sensor = parse_sensor(config.sensor) if config.sensor else None
    return open_dataset(config.data, sensor=sensor, download_dir=download_dir, window_us=config.window_us)


def check_named(config: TrainConfig) -> None:
    """Raises EdgeSastError for a run that names no data set."""
    if not config.data:
        raise EdgeSastError(
            "--data is missing: the run was imported, and names no recordings; give it here, or to 'edge-sast import'"
        )


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


@dataclass(frozen=True)
class Data:
    """Training part, and the part that only watches."""

    train: BinnedEvents
    valid: BinnedEvents
