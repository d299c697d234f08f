"""Recordings that a command runs a model on: files by name, or a split of a data set."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from edge_sast.errors import EdgeSastError

if TYPE_CHECKING:
    from edge_sast.datasets.reading import Reading
    from edge_sast.datasets.selection import DataOptions, Recordings
    from edge_sast.model.model import Model


def add_data_arguments(
    parser: argparse._ActionsContainer,
    which: str = "data set",
    usual: str = "test, or valid where there is no test",
) -> None:
    """The options that name a data set and how to read it.

    which: begins the help of --data. usual: the split that is read where none is named.
    """
    parser.add_argument(
        "--data", metavar="DATA", help=f"{which}: a folder or .zip, digits (built in), nmnist or dvsgesture"
    )
    parser.add_argument(
        "--split",
        metavar="NAME",
        help=f"split of --data to read (default: {usual})",
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


def data_options(args: argparse.Namespace) -> DataOptions:
    """What the options of add_data_arguments say."""
    from edge_sast.datasets.selection import DataOptions

    return DataOptions(**{field.name: getattr(args, field.name) for field in fields(DataOptions)})


def load_files(
    model: Model, paths: Sequence[str], args: argparse.Namespace, reading: Reading | None = None
) -> Recordings:
    """Recording files, binned as the model wants them; their labels mean nothing. reading: as read_events takes it."""
    from edge_sast.datasets.files import read_events
    from edge_sast.datasets.selection import Recordings
    from edge_sast.events.recording import parse_sensor

    sensor = parse_sensor(args.sensor) if args.sensor else None
    binned = read_events(*paths, binning=model.binning, sensor=sensor, reading=reading)
    return Recordings(binned, labelled=False, name=f"{len(binned)} files")
