"""`edge-sast data`: look at recordings before anything is trained on them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from edge_sast.cli.options.parser import add_command
from edge_sast.terminal import echo

if TYPE_CHECKING:
    from edge_sast.datasets.dataset import Dataset
    from edge_sast.datasets.summary import SplitSummary

NAME = "data"
HELP = "Look at event recordings and check them."
EXAMPLES = (("edge-sast data info DIR", "classes, durations and events of a folder"),)
INFO = (
    "Count, measure and check every recording of a data set. Shows each split's recordings and classes, events and "
    "durations (least, median, most), which --dt-us and --steps of 'edge-sast train' go by."
)

HEADERS = (
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
    """Add the subcommands of `data`."""
    commands = parser.add_subparsers(dest="data_command", required=True, metavar="COMMAND")
    examples = (
        ("edge-sast data info DIR", ""),
        ("edge-sast data info recordings.zip --split train --json data.json", ""),
    )
    info = add_command(commands, "info", INFO, examples)
    info.add_argument(
        "spec", metavar="DATA", help="data set: a folder or .zip, digits (built in), nmnist or dvsgesture"
    )
    info.add_argument("--split", metavar="NAME", help="look at this split only (default: all)")
    info.add_argument("--sensor", metavar="WxH", help="sensor size in pixels, where the files do not say it")
    info.add_argument("--download-dir", metavar="DIR", help="where nmnist and dvsgesture are kept")
    info.add_argument("--window-us", type=int, metavar="N", help="cut every recording into windows of N µs")
    info.add_argument("--json", metavar="FILE", help="write the figures")
    info.set_defaults(run_data=run_info)


def run(args: argparse.Namespace) -> int:
    """Run the chosen subcommand of `data`."""
    return args.run_data(args)


def run_info(args: argparse.Namespace) -> int:
    """Print the figures of every split; raises EdgeSastError at the end where a recording is damaged."""
    from edge_sast.datasets.open import open_dataset
    from edge_sast.datasets.summary import summarise
    from edge_sast.errors import EdgeSastError
    from edge_sast.events.recording import parse_sensor
    from edge_sast.report.tables import print_table, write_json

    sensor = parse_sensor(args.sensor) if args.sensor else None
    dataset = open_dataset(args.spec, sensor=sensor, download_dir=args.download_dir, window_us=args.window_us)
    splits = (args.split,) if args.split else dataset.splits
    summaries = [summarise(dataset, split) for split in splits]
    width, height = dataset.sensor
    own = [f"{name} {value}" for name, value in vars(dataset.time).items() if value is not None]
    said = f"; of itself it says {', '.join(own)}" if own else ""
    echo(f"{dataset.name}: {len(dataset.classes)} classes, sensor {width}x{height}{said}")
    print_table([_row(summary) for summary in summaries], HEADERS)
    for summary in summaries:
        for line in _remarks(dataset, summary):
            echo(line)
    figures = {summary.split: summary.figures() for summary in summaries}
    write_json(args.json, {"data": dataset.name, "sensor": [width, height], "splits": figures})
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
    return lines
