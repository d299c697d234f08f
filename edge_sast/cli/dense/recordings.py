"""The recordings of a comparison in each form that one of the networks takes, and those that the CNN is trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edge_sast.datasets.dataset import Dataset
from edge_sast.datasets.load import load_binned, spread
from edge_sast.datasets.selection import DataOptions, load_split, open_split
from edge_sast.dense.frames import frame_binning
from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.events.binning import Binning
from edge_sast.model import modelfile
from edge_sast.model.model import Model

if TYPE_CHECKING:
    from trainer.run.checkpoint import Checkpoint

TRAIN = "train"


@dataclass(frozen=True)
class Judged:
    """What both networks are judged by. name: what was read; binned and frames: the same recordings in the same order;
    dataset, split: where they come from.
    """

    name: str
    binned: BinnedEvents
    frames: BinnedEvents
    dataset: Dataset
    split: str

    def counted(self, most: int) -> tuple[BinnedEvents, BinnedEvents, list[NDArray[np.void]]]:
        """Some, spread over the classes: binned, as frames, and all events that the sensor sent."""
        rows = spread(self.binned.labels, most)
        wanted = {self.binned.sources[i] for i in rows}
        load = {ref.source: ref.load for ref in self.dataset.recordings(self.split) if ref.source in wanted}
        sent = [load[self.binned.sources[i]]().events for i in rows]
        return self.binned.select(rows), self.frames.select(rows), sent


@dataclass(frozen=True)
class Spiking:
    """A spiking network to compare. run: its checkpoint, None of a model file."""

    model: Model
    run: Checkpoint | None

    @staticmethod
    def load(path: str) -> Spiking:
        """A model file, or a run's integer model of the widths that it was trained with."""
        if modelfile.is_model_file(path):
            return Spiking(modelfile.load(path), None)
        from trainer.measure.figures import build_model, trained_bits
        from trainer.run import checkpoint

        stored = checkpoint.load(Path(path))
        return Spiking(build_model(stored.network(), stored, trained_bits(stored.config)), stored)


def judged(spiking: Spiking, options: DataOptions) -> Judged:
    """The split asked for, else test, else valid; of a run without either what its training held out.

    Raises EdgeSastError as reading and binning do.
    """
    model = spiking.model
    if spiking.run is None:
        recordings = load_split(model.binning, model.classes, options)
        dataset, split = open_split(options)
    else:
        from trainer.measure.recordings import evaluation_data, evaluation_source

        recordings = evaluation_data(spiking.run, options)
        dataset, split = evaluation_source(spiking.run.config, options)
    frames = _frames(dataset, split, model.binning, recordings.binned, options)
    return Judged(recordings.name, recordings.binned, frames, dataset, split)


def training_frames(spiking: Spiking, found: Judged, options: DataOptions) -> BinnedEvents:
    """The recordings that the run was trained on, of a model file the train split of --data, as frames.

    Raises EdgeSastError where there is no such split, or the recordings are no longer those.
    """
    model = spiking.model
    if spiking.run is None:
        if TRAIN not in found.dataset.splits or found.split == TRAIN:
            raise EdgeSastError(
                f"--data {options.data}: has no split {TRAIN!r} beside the one to judge by, to train the CNN on; name "
                "a set with both, or a trained CNN with --dense"
            )
        binned = load_split(model.binning, model.classes, replace(options, split=TRAIN, limit=None)).binned
        return _frames(found.dataset, TRAIN, model.binning, binned, options)
    from trainer.data.recordings import open_data, training_data

    config = spiking.run.config
    dataset = open_data(config, options.download_dir)
    data = training_data(dataset, config, options.cache_dir, options.skip_empty)
    if data.train.digest() != spiking.run.data:
        raise EdgeSastError(
            f"--data {config.data}: its recordings are not those that the run was trained on; restore them, or name a "
            "trained CNN with --dense"
        )
    split = TRAIN if TRAIN in dataset.splits else dataset.splits[0]
    return _frames(dataset, split, model.binning, data.train, options)


def _frames(
    dataset: Dataset, split: str, binning: Binning, binned: BinnedEvents, options: DataOptions
) -> BinnedEvents:
    """The recordings of `binned`, which are some of a split, as frames with the same labels."""
    found = load_binned(
        dataset, split, frame_binning(binning), cache_dir=options.cache_dir, skip_empty=options.skip_empty
    )
    place = {source: i for i, source in enumerate(found.sources)}
    rows = np.array([place[source] for source in binned.sources], np.int64)
    return replace(found.select(rows), labels=binned.labels, classes=binned.classes)
