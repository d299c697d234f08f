"""`edge-sast data view`: a recording as a picture."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edge_sast.cli.data.options import add_file_options, file_options
from edge_sast.cli.data.played import check_size, read_played
from edge_sast.terminal import echo

if TYPE_CHECKING:
    import numpy as np

    from edge_sast.events.census import Census
    from edge_sast.formats.contract import Sensor
    from edge_sast.formats.convert import Span
    from edge_sast.formats.source import FileOptions
    from edge_sast.report.events.player import NetworkView

NAME = "view"
HELP = (
    "Show a recording. The ending of --out says how: .png is a contact sheet with the rate of events over time, .gif "
    "moves, .html is a page that plays it in a browser, with a network's spikes and outputs beside it where --model "
    "names one."
)
EXAMPLES = (
    ("edge-sast data view camera.raw --out camera.png", ""),
    ("edge-sast data view digit.bin --model examples/nmnist-int8.safetensors --out digit.html", ""),
)
ENDINGS = (".png", ".gif", ".html")
MOST_FRAMES = 1000
MOST_BYTES = 1 << 30  # of frames in memory


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help="event file of any format that is read")
    parser.add_argument("--out", metavar="FILE", required=True, help="picture to write: .png, .gif or .html")
    parser.add_argument(
        "--frames",
        type=int,
        metavar="N",
        help="frames of a .png or .gif (default: 12 of a .png, 60 of a .gif)",
    )
    parser.add_argument(
        "--frame-ms", type=int, default=50, metavar="N", help="how long a frame of a .gif is shown"
    )
    parser.add_argument("--from-s", type=float, metavar="N", help="begin N s after the first event")
    parser.add_argument("--until-s", type=float, metavar="N", help="end N s after the first event")
    parser.add_argument(
        "--model", metavar="MODEL", help="integer model file, or build folder, whose spikes a .html shows"
    )
    add_file_options(parser, policy="keep")


def run(args: argparse.Namespace) -> int:
    """Draw the picture and say what is in it."""
    from edge_sast.errors import EdgeSastError
    from edge_sast.files import write_atomic
    from edge_sast.formats.convert import Span

    ending = Path(args.out).suffix.lower()
    if ending not in ENDINGS:
        raise EdgeSastError(
            f"--out {args.out}: is no picture by its ending; choose one of {', '.join(ENDINGS)}"
        )
    _check(args, ending)
    options, span = file_options(args), Span.of_seconds(args.from_s, args.until_s)
    draw = _page if ending == ".html" else _frames
    picture, said = draw(args, Path(args.source), options, span, ending)
    write_atomic(args.out, picture)
    echo(f"{args.out}: {said}")
    return 0


def _check(args: argparse.Namespace, ending: str) -> None:
    from importlib.util import find_spec

    from edge_sast.errors import EdgeSastError

    if args.model and ending != ".html":
        raise EdgeSastError(
            f"--model {args.model}: a network's spikes are shown in a .html only; leave it out"
        )
    if args.frames is not None and not (1 <= args.frames <= MOST_FRAMES and ending != ".html"):
        raise EdgeSastError(
            f"--frames {args.frames}: a .png or .gif has 1..{MOST_FRAMES}; choose another number"
        )
    if not 10 <= args.frame_ms <= 10_000:
        raise EdgeSastError(f"--frame-ms {args.frame_ms} is out of range; choose 10..10000")
    if ending != ".html" and find_spec("matplotlib") is None:
        raise EdgeSastError(
            f"--out {args.out}: Matplotlib is not installed; pip install 'edge-sast[plots]', or choose .html"
        )


def _frames(
    args: argparse.Namespace, source: Path, options: FileOptions, span: Span, ending: str
) -> tuple[bytes, str]:
    """A contact sheet or moving picture: one pass to know how long the recording is, one to count its events."""
    import numpy as np

    from edge_sast.errors import EdgeSastError
    from edge_sast.formats.file_summary import summarise_file
    from edge_sast.formats.source import open_events
    from edge_sast.report.events.frames import count_frames
    from edge_sast.report.events.sheet import contact_sheet, moving_picture

    census = summarise_file(source, options).census
    if not census.events:
        raise EdgeSastError(f"{source}: 0 events to show; check it with 'edge-sast data info {source}'")
    begin, end = _part(source, census, span)
    frames = args.frames or (12 if ending == ".png" else 60)
    with open_events(source, options) as file:
        sensor = file.sensor or tuple(place + 1 for place in census.last_pixel)
        check_size(source, sensor)
        size = frames * sensor[0] * sensor[1] * 8
        if size > MOST_BYTES:
            raise EdgeSastError(
                f"--frames {frames} of {sensor[0]}x{sensor[1]} pixels take {size >> 20} MB; choose fewer"
            )
        counted = count_frames(file.chunks, (sensor[0], sensor[1]), begin, end, frames)
        remarks = file.remarks()
    said = f"{frames} frames of {counted.frame_us / 1000:.4g} ms, {int(counted.counts.sum()):,} events"
    told = "; ".join([said, *remarks])
    if ending == ".gif":
        return moving_picture(counted, args.frame_ms), told
    title = f"{source.name}, {said}"
    rates = census.rates()
    edges = census.begin_us - census.first_us + np.arange(len(rates) + 1) * census.bin_us
    return contact_sheet(counted, rates, edges, census.first_us, title), told


def _part(source: Path, census: Census, span: Span) -> tuple[int, int]:
    """(time of the first, of the last) µs of the span. Raises EdgeSastError where it begins behind all events."""
    from edge_sast.errors import EdgeSastError

    begin = census.first_us + span.from_us if span.from_us else census.least_us
    end = census.last_us
    if span.until_us is not None:
        end = min(end, census.first_us + span.until_us - 1)
    if begin > end:
        raise EdgeSastError(
            f"--from-s {span.from_us * 1e-6:.6g}: {source} lasts {(census.last_us - census.first_us) * 1e-6:.6g} s; "
            "begin earlier"
        )
    return begin, end


def _page(
    args: argparse.Namespace, source: Path, options: FileOptions, span: Span, _ending: str
) -> tuple[bytes, str]:
    played = read_played(source, options, span)
    network = _network(args.model, played.events, played.sensor, source) if args.model else None
    return played.page(network), played.said


def _network(name: str, events: np.ndarray, sensor: Sensor, source: Path) -> NetworkView:
    """What the model makes of the events, window after window."""
    from edge_sast.cli.options.newest import model_in
    from edge_sast.model.modelfile import load
    from edge_sast.streaming.view import watch

    return watch(load(model_in(name)), events, sensor, str(source))
