"""`edge-sast data info`: count, measure and check recordings."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_sast.cli.data.options import add_file_options, file_options
from edge_sast.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge_sast.datasets.dataset import Dataset
    from edge_sast.datasets.summary import SplitSummary

NAME = "info"
HELP = (
    "Count, measure and check recordings. Of a data set it shows each split's recordings and classes, events and "
    "durations (least, median, most), which --dt-us and --steps of 'edge-sast train' go by; of event files what they "
    "say, how many events they hold, their rate over time, hot pixels and defects."
)
EXAMPLES = (
    ("edge-sast data info DIR", ""),
    ("edge-sast data info recordings.zip --split train --json data.json", ""),
    ("edge-sast data info camera.raw events.csv", ""),
)
SPLIT_HEADERS = (
    "split",
    "recordings",
    "classes",
    "events min/median/max",
    "ms min/median/max",
    "events/s",
    "ON",
    "empty",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "sources",
        metavar="SOURCE",
        nargs="+",
        help="data set: a folder or .zip, digits (built in), nmnist or dvsgesture; or event files, or a folder of them",
    )
    parser.add_argument("--split", metavar="NAME", help="look at this split only (default: all)")
    parser.add_argument("--download-dir", metavar="DIR", help="where nmnist and dvsgesture are kept")
    parser.add_argument("--window-us", type=int, metavar="N", help="cut every recording into windows of N µs")
    parser.add_argument("--json", metavar="FILE", help="write the figures")
    add_file_options(parser, policy="keep")


def run(args: argparse.Namespace) -> int:
    """Print the figures; raises EdgeSastError at the end where a recording is damaged."""
    wants_set = args.window_us is not None or args.split is not None
    files = None if wants_set and len(args.sources) == 1 else _event_files(args.sources)
    return _run_set(args) if files is None else _run_files(args, files)


def _event_files(sources: Sequence[str]) -> list[Path] | None:
    """The event files that are meant; None where it is a data set."""
    from edge_sast.errors import EdgeSastError

    if len(sources) == 1:
        only = Path(sources[0])
        if only.is_dir():
            return _flat(only)
        if not only.exists() or only.suffix.lower() == ".zip":
            return None
    for source in sources:
        if not Path(source).exists() or Path(source).is_dir():
            what = "is a folder" if Path(source).is_dir() else "does not exist"
            raise EdgeSastError(f"{source}: {what}; give event files, or one folder or data set by itself")
    return [Path(source) for source in sources]


def _flat(folder: Path) -> list[Path] | None:
    """The files of a folder that holds no folders or zips, and so is no data set."""
    from edge_sast.datasets.sources.listing import is_ignored
    from edge_sast.formats.registry import known_suffixes

    inside = [path for path in sorted(folder.iterdir()) if not is_ignored(path.name)]
    if any(path.is_dir() or path.suffix.lower() == ".zip" for path in inside):
        return None
    suffixes = known_suffixes()
    return [path for path in inside if path.suffix.lower() in suffixes] or None


def _run_files(args: argparse.Namespace, paths: list[Path]) -> int:
    from edge_sast.cli.options.figures import write_figures
    from edge_sast.errors import EdgeSastError
    from edge_sast.formats.file_summary import FileSummary, summarise_file

    for option, value in (("--split", args.split), ("--window-us", args.window_us)):
        if value is not None:
            raise EdgeSastError(f"{option} is for one data set, and {paths[0]} is a file; leave it out")
    options = file_options(args)
    found: list[FileSummary] = []
    bad: list[str] = []
    for path in paths:
        try:
            found.append(summarise_file(path, options))
        except EdgeSastError as error:
            bad.append(str(error))
            echo(f"{path}: cannot be read to its end, see below")
            continue
        echo(*found[-1].lines())
        bad += found[-1].complaints()
    write_figures(args, {"files": [summary.figures() for summary in found], "bad": bad})
    if bad:
        more = f" ({len(bad)} such lines, this is the first)" if len(bad) > 1 else ""
        raise EdgeSastError(f"{bad[0]}{more}")
    return 0


def _run_set(args: argparse.Namespace) -> int:
    from edge_sast.cli.options.figures import write_figures
    from edge_sast.datasets.open import open_dataset
    from edge_sast.datasets.summary import summarise
    from edge_sast.errors import EdgeSastError
    from edge_sast.events.recording import parse_sensor
    from edge_sast.report.tables import print_table

    for option, value, usual in (
        ("--format", args.format, None),
        ("--columns", args.columns, None),
        ("--time-unit", args.time_unit, None),
        ("--defects", args.defects, "keep"),
        ("--max-gap-s", args.max_gap_s, None),
    ):
        if value != usual:
            raise EdgeSastError(
                f"{option} {value}: is for event files, and {args.sources[0]} is a data set; leave it out"
            )
    sensor = parse_sensor(args.sensor) if args.sensor else None
    dataset = open_dataset(
        args.sources[0], sensor=sensor, download_dir=args.download_dir, window_us=args.window_us
    )
    splits = (args.split,) if args.split else dataset.splits
    summaries = [summarise(dataset, split) for split in splits]
    width, height = dataset.sensor
    own = [f"{name} {value}" for name, value in vars(dataset.time).items() if value is not None]
    said = f"; of itself it says {', '.join(own)}" if own else ""
    echo(f"{dataset.name}: {len(dataset.classes)} classes, sensor {width}x{height}{said}")
    print_table([_row(summary) for summary in summaries], SPLIT_HEADERS)
    for summary in summaries:
        for line in _remarks(dataset, summary):
            echo(line)
    figures: dict[str, Any] = {summary.split: summary.figures() for summary in summaries}
    write_figures(args, {"data": dataset.name, "sensor": [width, height], "splits": figures})
    bad = [message for summary in summaries for message in summary.bad]
    if bad:
        total = sum(summary.recordings for summary in summaries)
        raise EdgeSastError(f"{bad[0]} ({len(bad)} of {total} recordings are damaged, this is the first)")
    return 0


def _row(summary: SplitSummary) -> tuple[str, ...]:
    figures = summary.figures()
    rate, on = figures["rate_events_per_s"], figures["on_fraction"]
    return (
        summary.split,
        str(summary.recordings),
        str(len(summary.per_class)),
        _points(figures["events_per_recording"], "{:.0f}"),
        _points(figures["duration_ms"], "{:.1f}"),
        f"{rate:.0f}" if rate is not None else "-",
        f"{on:.3f}" if on is not None else "-",
        str(len(summary.empty)),
    )


def _points(points: object, form: str) -> str:
    return "/".join(form.format(value) for value in points.values()) if isinstance(points, dict) else "-"


def _remarks(dataset: Dataset, summary: SplitSummary) -> list[str]:
    counts = ", ".join(f"{name}: {count}" for name, count in summary.per_class.items())
    lines = [f"{summary.split}: recordings per class: {counts}"]
    unknown = [name for name in summary.per_class if name not in dataset.classes]
    if unknown:
        lines.append(f"{summary.split}: classes that train does not have: {', '.join(unknown)}")
    if summary.empty:
        lines.append(
            f"{summary.split}: {len(summary.empty)} recordings with 0 events, first {summary.empty[0]}"
        )
    return lines + [f"{summary.split}: {sentence}" for sentence in (*summary.left_out, *summary.assumed)]
