"""`edge-sast data denoise`: the field's usual noise filters."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge_sast.cli.data.options import add_file_options, file_options
from edge_sast.terminal import echo

NAME = "denoise"
HELP = (
    "Filter noise out of an event file. Hot pixels, refractory period and background activity, in this order, in "
    "integers that a device can compute too: docs/formats.md defines them. Only the filters that are named are applied."
)
EXAMPLES = (
    ("edge-sast data denoise camera.raw clean.npz --background-us 5000", ""),
    ("edge-sast data denoise camera.raw clean.npz --hot-pixels 20 --refractory-us 500 --hot-out hot.csv", ""),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help="event file of any format that is read")
    parser.add_argument("out", metavar="OUT", help="file to write; its ending says the form")
    parser.add_argument(
        "--background-us",
        type=int,
        default=0,
        metavar="N",
        help="keep an event only if one of its 8 neighbours had one in the last N µs",
    )
    parser.add_argument(
        "--support", type=int, default=1, metavar="N", help="neighbours that must have had one, 1 to 8"
    )
    parser.add_argument(
        "--refractory-us",
        type=int,
        default=0,
        metavar="N",
        help="a pixel's events less than N µs after its last go",
    )
    parser.add_argument(
        "--hot-pixels",
        type=int,
        metavar="N",
        help="all events of pixels with more than N times the median of their 8 neighbours go (reads the file twice)",
    )
    parser.add_argument("--hot-out", metavar="FILE", help="write the hot pixels as CSV: x,y,events")
    add_file_options(parser)


def run(args: argparse.Namespace) -> int:
    """Filter a file and say what went."""
    from edge_sast.errors import EdgeSastError
    from edge_sast.events.denoise import Denoise
    from edge_sast.files import check_outputs, write_atomic
    from edge_sast.formats.denoise_file import denoise_file, find_hot_pixels
    from edge_sast.formats.registry import writer_for

    if not (args.background_us or args.refractory_us or args.hot_pixels is not None):
        raise EdgeSastError("no filter is named; pass --background-us, --refractory-us or --hot-pixels")
    if args.hot_out and args.hot_pixels is None:
        raise EdgeSastError(f"--hot-out {args.hot_out}: no hot pixels are looked for; pass --hot-pixels too")
    if args.support != 1 and not args.background_us:
        raise EdgeSastError(
            f"--support {args.support}: is of the background filter; pass --background-us too"
        )
    options, source = file_options(args), Path(args.source)
    writer = writer_for(Path(args.out).suffix)
    outputs = {"OUT": args.out} | ({"--hot-out": args.hot_out} if args.hot_out else {})
    check_outputs(outputs, [source])
    filters = Denoise(args.background_us, args.refractory_us, args.support)
    hot = None
    if args.hot_pixels is not None:
        if args.hot_pixels < 1:
            raise EdgeSastError(f"--hot-pixels {args.hot_pixels} is out of range; choose 1 or more")
        hot = find_hot_pixels(source, options, args.hot_pixels)
    done = denoise_file(source, args.out, writer, options, filters, hot)
    if args.hot_out and hot is not None:
        write_atomic(
            args.hot_out, ("x,y,events\n" + "".join(f"{x},{y},{n}\n" for x, y, n in hot.tolist())).encode()
        )
    echo(done.converted.line(args.out))
    removed = done.removed
    counts = (
        ("hot pixels", removed.hot),
        ("refractory", removed.refractory),
        ("background", removed.background),
    )
    echo(
        ", ".join(f"{name}: {count:,} of {done.read:,} events taken out" for name, count in counts if count)
        or "nothing was taken out"
    )
    return 0
