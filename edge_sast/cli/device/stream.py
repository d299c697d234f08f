"""`edge-sast stream`: a decision after every step of events that do not end."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from edge_sast.cli.data.options import add_file_options, file_options
from edge_sast.terminal import echo

if TYPE_CHECKING:
    from edge_sast.model.model import Model
    from edge_sast.streaming.session import Session
    from edge_sast.streaming.sources import EventSource

NAME = "stream"
HELP = (
    "Decide on a stream of events after every step, as a device does. SOURCE is an event file, - for standard input, a "
    "named pipe, udp://HOST:PORT to listen at, or tcp://HOST:PORT to connect to. Windows of the model's steps follow "
    "one another from the first event on; --every lets them overlap, and with --on-event each begins with an event. "
    "The answers are those of sast_stream.h on a device, bit for bit: docs/streams.md."
)
EXAMPLES = (
    ("edge-sast stream examples/nmnist-int8.safetensors recording.bin", ""),
    ("faery input inivation camera output stdout | edge-sast stream MODEL - --every 5 --sensor 34x34", ""),
    ("edge-sast stream MODEL udp://0.0.0.0:3333 --packets spif --overload oldest", "what aestream sends"),
)
FORMS = ("live", "jsonl", "csv")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("model", metavar="MODEL", help="integer model file, or a folder of 'edge-sast export'")
    add("source", metavar="SOURCE", help="file, named pipe, - , udp://HOST:PORT or tcp://HOST:PORT")
    windows = parser.add_argument_group("windows")
    windows.add_argument(
        "--every", type=int, metavar="N", help="a whole window's decision every N steps: windows overlap"
    )
    windows.add_argument(
        "--on-event", action="store_true", help="a window begins with an event, after a rest of any length"
    )
    windows.add_argument(
        "--reach-ms", type=float, default=1000, metavar="N", help="a jump of time by more starts windows anew"
    )
    answers = parser.add_argument_group("answers")
    answers.add_argument(
        "--margin", type=int, default=0, metavar="N", help="no answer where the largest output leads by less"
    )
    answers.add_argument(
        "--hold", type=int, default=1, metavar="N", help="the answer is what N decisions in a row said"
    )
    answers.add_argument("--complete", action="store_true", help="decisions over whole windows only")
    output = parser.add_argument_group("output")
    output.add_argument(
        "--form", choices=FORMS, help="how decisions are written (default: live on a terminal, else jsonl)"
    )
    output.add_argument(
        "--out", metavar="FILE", help="write the decisions to a file (default: standard output)"
    )
    output.add_argument("--plot", metavar="FILE", help="draw outputs over time above the events (PNG)")
    output.add_argument("--json", metavar="FILE", help="write the figures of the whole stream")
    pace = parser.add_argument_group("pace")
    pace.add_argument(
        "--real-time", action="store_true", help="give a file's events at the times they were recorded at"
    )
    pace.add_argument("--packets", choices=("spif", "faery", "faery32"), help="what UDP packets hold")
    pace.add_argument(
        "--overload",
        choices=("wait", "oldest", "newest", "thin"),
        help="what is dropped where events come faster than they are computed (default: oldest where live, else wait)",
    )
    pace.add_argument("--room", type=int, default=2_000_000, metavar="N", help="events that may wait")
    pace.add_argument("--idle-s", type=float, metavar="N", help="end when nothing has come for N s")
    pace.add_argument("--for-s", type=float, metavar="N", help="end after N s")
    add_file_options(parser.add_argument_group("events"), policy="drop")


def run(args: argparse.Namespace) -> int:
    """Decide until the source ends, and say what was counted."""
    from edge_sast.cli.device.stream_output import output_of
    from edge_sast.model.modelfile import load
    from edge_sast.report.tables import write_json
    from edge_sast.streaming.session import Session, Wishes, paced
    from edge_sast.streaming.sources import open_source

    _check(args)
    model, options = load(args.model), file_options(args)
    wishes = Wishes(
        every=args.every,
        on_event=args.on_event,
        reach_us=round(args.reach_ms * 1000),
        margin=args.margin,
        hold=args.hold,
        overload=args.overload,
        room=args.room,
        idle_s=args.idle_s,
        for_s=args.for_s,
    )
    session = Session(model, wishes)
    with open_source(args.source, options, args.packets) as source:
        _check_sensor(source, model)
        for line in source.said:
            echo(f"{source.name}: {line}", error=True)
        if args.real_time and not source.paces:
            source = paced(source)
        with output_of(args, model) as output:
            try:
                for answered in session.run(source):
                    output.write(answered)
            except KeyboardInterrupt:
                if not source.paces:
                    raise  # a file ends by itself
    _report(session)
    write_json(args.json, session.figures())
    if args.plot:
        output.plot(args.plot)
    return 0


def _check(args: argparse.Namespace) -> None:
    from importlib.util import find_spec

    from edge_sast.errors import EdgeSastError
    from edge_sast.files import check_writable

    for option, value in (("--idle-s", args.idle_s), ("--for-s", args.for_s), ("--room", args.room)):
        if value is not None and not 0 < value <= 1e9:
            raise EdgeSastError(f"{option} {value} is out of range; choose a number above 0 and up to 1e9")
    if not 0 < args.reach_ms <= 1e7:
        raise EdgeSastError(
            f"--reach-ms {args.reach_ms} is out of range; choose milliseconds above 0 and up to 1e7"
        )
    if args.form == "live" and args.out:
        raise EdgeSastError(
            f"--form live: is for a terminal, and --out {args.out} is none; choose jsonl or csv"
        )
    if args.plot:
        if find_spec("matplotlib") is None:
            raise EdgeSastError(
                "--plot: Matplotlib is not installed; pip install 'edge-sast[plots]', or leave it out"
            )
        check_writable("--plot", args.plot, folder=False)


def _check_sensor(source: EventSource, model: Model) -> None:
    from edge_sast.errors import EdgeSastError

    wanted = model.binning.sensor_width, model.binning.sensor_height
    if source.sensor not in (None, wanted):
        width, height = source.sensor or (0, 0)
        raise EdgeSastError(
            f"{source.name}: sensor {width}x{height} is not the model's {wanted[0]}x{wanted[1]}; where that is wrong, "
            f"pass --sensor {wanted[0]}x{wanted[1]}"
        )


def _report(session: Session) -> None:
    for line in session.lines():
        echo(line, error=True)
