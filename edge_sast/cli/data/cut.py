"""`edge-sast data cut`: long recordings to a data set of short ones."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edge_sast.cli.data.options import add_file_options, file_options
from edge_sast.terminal import echo

if TYPE_CHECKING:
    from edge_sast.datasets.cutting.cut import Cut, Result, Source

NAME = "cut"
HELP = (
    "Cut long recordings into the folder of short ones that training reads: <split>/<class>/<recording>. Windows are "
    "of one length in time, of one number of events, or the lines of a CSV of labels (class,start_us,end_us, also a "
    "column file). Neighbouring windows look alike: splits are by time (the first 60 % train, then 20 % valid, then "
    "20 % test) or by whole recordings, never by shuffled windows."
)
EXAMPLES = (
    (
        "edge-sast data cut recordings/ --window-ms 300 --out windows/",
        "the class is a file's or its folder's name",
    ),
    ("edge-sast data cut trial.aedat4 --labels trial.csv --out gestures/", "as DVS Gesture is labelled"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "sources",
        metavar="SOURCE",
        nargs="+",
        help="event files, or a folder or .zip of them: <class>.<suffix> or <class>/<recording>",
    )
    parser.add_argument("--out", metavar="DIR", required=True, help="folder to make; it must not exist")
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--window-ms", type=float, metavar="N", help="consecutive windows of N ms")
    how.add_argument("--window-events", type=int, metavar="N", help="consecutive windows of N events")
    how.add_argument("--labels", metavar="CSV", help="one recording for each line of a CSV")
    parser.add_argument(
        "--split",
        choices=("time", "recording", "none"),
        default="time",
        help="how train, valid and test are split",
    )
    parser.add_argument(
        "--class",
        dest="label",
        metavar="NAME",
        help="class of all windows (default: the file's or its folder's name)",
    )
    parser.add_argument("--to", metavar="SUFFIX", default=".npz", help="form of the files that are written")
    parser.add_argument("--keep-empty", action="store_true", help="write windows without events too")
    add_file_options(parser)


def run(args: argparse.Namespace) -> int:
    """Cut the recordings and say what was made."""
    from edge_sast.datasets.cutting.cut import cut_files
    from edge_sast.formats.registry import writer_for

    sources = _sources(args.sources, args.label)
    result = cut_files(sources, Path(args.out), _cut(args), writer_for(args.to), file_options(args))
    _report(args.out, result)
    return 0


def _cut(args: argparse.Namespace) -> Cut:
    from edge_sast.datasets.cutting.cut import Cut
    from edge_sast.datasets.cutting.labels import read_labels
    from edge_sast.errors import EdgeSastError
    from edge_sast.events.binning import MAX_DT_US

    window_us = None
    if args.window_ms is not None:
        if not 1e-3 <= args.window_ms <= MAX_DT_US / 1000:
            raise EdgeSastError(
                f"--window-ms {args.window_ms} is out of range; choose 0.001..{MAX_DT_US / 1000:.0f}"
            )
        window_us = round(args.window_ms * 1000)
    if args.window_events is not None and args.window_events < 1:
        raise EdgeSastError(f"--window-events {args.window_events} is out of range; choose 1 or more")
    labels = read_labels(Path(args.labels)) if args.labels else None
    return Cut(window_us, args.window_events, labels, args.split, args.keep_empty)


def _sources(names: list[str], label: str | None) -> list[Source]:
    """Files with their classes, in order of their names."""
    from edge_sast.cli.data.recordings import event_files, holds_files
    from edge_sast.datasets.cutting.cut import Source

    found = []
    for path in map(Path, names):
        if holds_files(path):
            found += [Source(file.path, label or file.label) for file in event_files(path)]
        else:
            found.append(Source(path, label or path.stem))
    return found


def _report(out: str, result: Result) -> None:
    from edge_sast.report.tables import print_table

    splits = list(dict.fromkeys(split for split, _ in result.counts))
    classes = sorted({label for _, label in result.counts})
    rows = [[label, *(str(result.counts[split, label]) for split in splits)] for label in classes]
    print_table(rows, ("class", *(split or "windows" for split in splits)))
    for line in result.remarks:
        echo(line)
    size = "{}x{}".format(*result.sensor) if result.sensor else "?"
    empty = f"; {result.empty} windows without events left out" if result.empty else ""
    echo(
        f"{out}: {result.counts.total()} recordings, sensor {size}{empty}; next: edge-sast train --data {out}"
    )
