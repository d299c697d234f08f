"""Recordings that a command runs a model on: files by name, or a split of a data set."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_sast.errors import EdgeSastError
from edge_sast.terminal import echo

if TYPE_CHECKING:
    from edge_sast.datasets.dataset import Dataset
    from edge_sast.events.to_bins import BinnedEvents, Binning
    from edge_sast.model.model import Model


@dataclass(frozen=True)
class Recordings:
    """Binned recordings; of files, nobody knows the class. name: what was read, for messages."""

    binned: BinnedEvents
    labelled: bool
    name: str


def add_data_arguments(parser: argparse._ActionsContainer, which: str = "data set") -> None:
    """The options that name a data set and how to read it; `which` begins the help of --data."""
    parser.add_argument(
        "--data", metavar="DATA", help=f"{which}: a folder or .zip, digits (built in), nmnist or dvsgesture"
    )
    parser.add_argument(
        "--split",
        metavar="NAME",
        help="split of --data to read (default: test, or valid where there is no test)",
    )
    parser.add_argument(
        "--limit",
        type=int,
        metavar="N",
        help="use only N recordings, spread over the classes (default: all)",
    )
    parser.add_argument(
        "--sensor", metavar="WxH", help="sensor size in pixels, where the files do not say it"
    )
    parser.add_argument("--window-us", type=int, metavar="N", help="cut every recording into windows of N µs")
    parser.add_argument("--download-dir", metavar="DIR", help="where nmnist and dvsgesture are kept")
    parser.add_argument("--skip-empty", action="store_true", help="leave out recordings without events")
    parser.add_argument("--cache-dir", metavar="DIR", help="where binned recordings are kept")


def check_data_options(args: argparse.Namespace, without: Sequence[str] = ()) -> None:
    """Refuses options that say how to read --data where it is not given; `without` names those that are for files too.

    Raises EdgeSastError naming the option.
    """
    given = [option for option in given_data_options(args) if option not in without]
    if args.data is None and given:
        raise EdgeSastError(f"{given[0]} has an effect only beside --data; add that one, or leave it out")


def given_data_options(args: argparse.Namespace) -> list[str]:
    """Those of add_data_arguments that were given, --data first."""
    names = ("data", "split", "limit", "sensor", "window_us", "download_dir", "skip_empty", "cache_dir")
    given = [name for name in names if getattr(args, name) is not None and getattr(args, name) is not False]
    return [f"--{name.replace('_', '-')}" for name in given]  # with 0, which is given, too


def open_split(args: argparse.Namespace) -> tuple[Dataset, str]:
    """The data set that --data names, and the split to read of it.

    Raises EdgeSastError for an unknown data set and for a split that only --split can tell.
    """
    from edge_sast.datasets.open import open_dataset
    from edge_sast.events.recording import parse_sensor

    sensor = parse_sensor(args.sensor) if args.sensor else None
    dataset = open_dataset(args.data, sensor=sensor, download_dir=args.download_dir, window_us=args.window_us)
    usual = [name for name in ("test", "valid") if name in dataset.splits]
    split = args.split or (usual or dataset.splits)[0]
    if not args.split and not usual and len(dataset.splits) > 1:
        raise EdgeSastError(
            f"--data {args.data}: splits are {', '.join(dataset.splits)}, neither test nor valid; name one with --split"
        )
    return dataset, split


def load_split(binning: Binning, classes: Sequence[str], args: argparse.Namespace) -> Recordings:
    """The split that --data and --split name, binned as a model wants it, labelled by the model's classes.

    Raises EdgeSastError as open_split does, for an unknown split, and for classes the model does not have.
    """
    from dataclasses import replace

    import numpy as np

    dataset, split = open_split(args)
    unknown = sorted(set(dataset.classes) - set(classes))
    if unknown:
        raise EdgeSastError(
            f"--data {args.data}: the model has no class {unknown[0]!r}, only {', '.join(classes)}; "
            "use recordings of the model's classes"
        )
    binned = bin_split(dataset, split, binning, args)
    places = np.array([classes.index(name) for name in binned.classes], np.int64)
    binned = replace(binned, labels=places[binned.labels], classes=tuple(classes))
    return Recordings(binned, labelled=True, name=f"{args.data} {split}")


def load_sent(
    binning: Binning, classes: Sequence[str], args: argparse.Namespace
) -> tuple[Recordings, BinnedEvents]:
    """Of load_split's recordings also all events that the sensor sent, repeats of an input in a step included.

    At most 255 of one input in a step; a warning on stderr says where there were so many.
    """
    from dataclasses import replace

    import numpy as np

    from edge_sast.events.binning import MAX_COUNT

    found = load_split(replace(binning, count_cap=MAX_COUNT), classes, args)
    full = int(np.count_nonzero(found.binned.counts == MAX_COUNT))
    if full:
        echo(
            f"warning: {found.name}: {full} inputs have {MAX_COUNT} events or more in a step; "
            f"{MAX_COUNT} of each are sent",
            error=True,
        )
    return replace(found, binned=found.binned.capped(binning.count_cap)), found.binned


def bin_split(dataset: Dataset, split: str, grid: Binning, args: argparse.Namespace) -> BinnedEvents:
    """A split binned by `grid`, as --cache-dir, --limit and --skip-empty say."""
    from edge_sast.datasets.load import load_binned

    return load_binned(
        dataset, split, grid, cache_dir=args.cache_dir, limit=args.limit, skip_empty=args.skip_empty
    )


def load_files(model: Model, paths: Sequence[str], args: argparse.Namespace) -> Recordings:
    """Recording files, binned as the model wants them; their labels mean nothing."""
    from edge_sast.datasets.files import read_events
    from edge_sast.events.recording import parse_sensor

    sensor = parse_sensor(args.sensor) if args.sensor else None
    binned = read_events(*paths, binning=model.binning, sensor=sensor)
    return Recordings(binned, labelled=False, name=f"{len(paths)} files")
