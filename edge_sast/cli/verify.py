"""`edge-sast verify`: a build folder's firmware against the runtime, bit for bit."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_sast.data.binning import BinnedEvents, Binning

NAME = "verify"
HELP = "Compile a build folder's C and compare every membrane, spike, counter and CRC with the runtime."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("build", metavar="BUILD", help="folder made by 'edge-sast export'")
    parser.add_argument("--on", default="host", metavar="TARGET", help="where it runs: host (this computer)")
    parser.add_argument("--data", metavar="DATA", help="replay this data set too, not only the known answers")
    parser.add_argument("--split", help="its split; default test, or valid where there is no test")
    parser.add_argument("--sensor", metavar="WxH", help="its sensor size, where the files do not say it")
    parser.add_argument("--limit", type=int, help="use only this many recordings")
    parser.add_argument(
        "--edited", action="store_true", help="verify sources that were changed since the export"
    )
    parser.add_argument("--download-dir", help="where nmnist and dvsgesture are kept")
    parser.add_argument("--skip-empty", action="store_true", help="leave out recordings without events")
    parser.add_argument("--cache-dir", help="where binned recordings are kept")
    parser.add_argument("--json", metavar="FILE", help="write the figures")


def run(args: argparse.Namespace) -> int:
    """Raises CheckFailedError (exit code 1) with the first difference."""
    from edge_sast.cli.output import write_json
    from edge_sast.errors import CheckFailedError, EdgeSastError
    from firmware_gen.verify import TARGETS, open_build, verify_host

    if args.on not in TARGETS:
        raise EdgeSastError(f"--on is {args.on!r}; this version verifies on {', '.join(TARGETS)}")
    grid = open_build(args.build, args.edited).model.binning
    binned = _load(args, grid) if args.data else None
    report = verify_host(args.build, binned, edited=args.edited, progress=True)
    write_json(args.json, report.figures())
    if report.first_mismatch is not None:
        raise CheckFailedError(
            f"{args.build}: {report.mismatches} values differ, the first: {report.first_mismatch}"
        )
    print(
        f"{report.target}: {report.samples} recordings, {report.steps} steps, "
        "every membrane, spike, counter and CRC equal"
    )
    return 0


def _load(args: argparse.Namespace, grid: Binning) -> BinnedEvents:
    """The recordings that --data names, binned as the model wants."""
    from edge_sast.data.events import parse_sensor
    from edge_sast.data.load import load_binned
    from edge_sast.data.sources import open_dataset

    sensor = parse_sensor(args.sensor) if args.sensor else None
    dataset = open_dataset(args.data, sensor=sensor, download_dir=args.download_dir)
    split = args.split or next((s for s in ("test", "valid") if s in dataset.splits), dataset.splits[0])
    return load_binned(
        dataset, split, grid, cache_dir=args.cache_dir, limit=args.limit, skip_empty=args.skip_empty
    )
