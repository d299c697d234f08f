"""Which recordings of which data set, and how they are read: what --data and the options beside it say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.events.binning import MAX_COUNT, Binning
from edge_sast.events.recording import parse_sensor
from edge_sast.terminal import echo

if TYPE_CHECKING:
    from edge_sast.datasets.dataset import Dataset
    from edge_sast.datasets.reading import Reading


@dataclass(frozen=True)
class DataOptions:
    """data: folder, .zip or name of a data set. split: the one to read; None: test, or valid where there is no test.

    limit: recordings at most, spread over the classes. sensor: WxH where files do not say it. window_us: length of
    windows that recordings are cut into. download_dir: where downloaded sets are kept. skip_empty: leave out recordings
    without events. cache_dir: where binned recordings are kept.
    """

    data: str | None = None
    split: str | None = None
    limit: int | None = None
    sensor: str | None = None
    window_us: int | None = None
    download_dir: str | None = None
    skip_empty: bool = False
    cache_dir: str | None = None


@dataclass(frozen=True)
class Recordings:
    """Binned recordings; of files, nobody knows the class. name: what was read, for messages."""

    binned: BinnedEvents
    labelled: bool
    name: str


def open_split(options: DataOptions) -> tuple[Dataset, str]:
    """The data set that --data names, and the split to read of it.

    Raises EdgeSastError for an unknown data set and for a split that only --split can tell.
    """
    from edge_sast.datasets.open import open_dataset  # for what is read by name, none of it is needed

    if options.data is None:
        raise EdgeSastError(
            "--data is not given; name a folder of recordings, a .zip, or a data set such as digits"
        )
    sensor = parse_sensor(options.sensor) if options.sensor else None
    dataset = open_dataset(
        options.data, sensor=sensor, download_dir=options.download_dir, window_us=options.window_us
    )
    usual = [name for name in ("test", "valid") if name in dataset.splits]
    split = options.split or (usual or dataset.splits)[0]
    if not options.split and not usual and len(dataset.splits) > 1:
        raise EdgeSastError(
            f"--data {options.data}: splits are {', '.join(dataset.splits)}, neither test nor valid; name one with "
            "--split"
        )
    return dataset, split


def load_split(
    binning: Binning, classes: Sequence[str], options: DataOptions, reading: Reading | None = None
) -> Recordings:
    """The split that --data and --split name, binned as a model wants it, labelled by the model's classes.

    reading: as `load_binned` takes it.

    Raises EdgeSastError as open_split does, for an unknown split, and for classes the model does not have.
    """
    dataset, split = open_split(options)
    unknown = sorted(set(dataset.classes) - set(classes))
    if unknown:
        raise EdgeSastError(
            f"--data {options.data}: the model has no class {unknown[0]!r}, only {', '.join(classes)}; "
            "use recordings of the model's classes"
        )
    binned = bin_split(dataset, split, binning, options, reading)
    places = np.array([classes.index(name) for name in binned.classes], np.int64)
    binned = replace(binned, labels=places[binned.labels], classes=tuple(classes))
    return Recordings(binned, labelled=True, name=f"{options.data} {split}")


def load_sent(
    binning: Binning, classes: Sequence[str], options: DataOptions
) -> tuple[Recordings, BinnedEvents]:
    """Of load_split's recordings also all events that the sensor sent, repeats of an input in a step included.

    At most 255 of one input in a step; a warning on stderr says where there were so many.
    """
    found = load_split(replace(binning, count_cap=MAX_COUNT), classes, options)
    full = int(np.count_nonzero(found.binned.counts == MAX_COUNT))
    if full:
        echo(
            f"warning: {found.name}: {full} inputs have {MAX_COUNT} events or more in a step; "
            f"{MAX_COUNT} of each are sent",
            error=True,
        )
    return replace(found, binned=found.binned.capped(binning.count_cap)), found.binned


def read_split(grid: Binning, options: DataOptions) -> BinnedEvents:
    """The split that --data and --split name, binned by `grid`, with its own classes."""
    return bin_split(*open_split(options), grid, options)


def bin_split(
    dataset: Dataset, split: str, grid: Binning, options: DataOptions, reading: Reading | None = None
) -> BinnedEvents:
    """A split binned by `grid`, as --cache-dir, --limit and --skip-empty say. reading: as `load_binned` takes it."""
    from edge_sast.datasets.load import load_binned

    return load_binned(
        dataset,
        split,
        grid,
        cache_dir=options.cache_dir,
        limit=options.limit,
        skip_empty=options.skip_empty,
        reading=reading,
    )
