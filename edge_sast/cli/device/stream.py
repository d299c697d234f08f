"""`edge-sast stream`: a decision after every step of events that do not end."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

from edge_sast.cli.data.options import add_file_options, file_options
from edge_sast.cli.options.newest import model_in
from edge_sast.cli.options.running import add_running, check_leak
from edge_sast.signals import handled
from edge_sast.terminal import echo

if TYPE_CHECKING:
    from edge_sast.cli.device.stream_output import Output
    from edge_sast.streaming.session import Session, Wishes
    from edge_sast.streaming.sources import EventSource

NAME = "stream"
HELP = (
    "Decide on a stream of events after every step, as a device does. SOURCE is an event file, - for standard input, a "
    "named pipe, udp://HOST:PORT to listen at, or tcp://HOST:PORT to connect to. Windows of the model's steps follow "
    "one another from the first event on; --every lets them overlap, with --on-event each begins with an event, and "
    "with --running there are none: the network is never reset, and its read-out forgets. The decisions are those of "
    "sast_stream.h on a device, bit for bit: docs/streams.md."
)
EXAMPLES = (
    ("edge-sast stream examples/nmnist-int8.safetensors recording.bin", ""),
    ("faery input inivation camera output stdout | edge-sast stream MODEL - --every 5 --sensor 34x34", ""),
    (
        "edge-sast stream MODEL hours.raw --running --margin 300 --hold 5 --plot hours.png",
        "one network, never reset",
    ),
    ("edge-sast stream MODEL udp://0.0.0.0:3333 --packets spif --overload oldest", "what aestream sends"),
)
FORMS = ("live", "jsonl", "csv")
REACH_MS = 1000.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model", metavar="MODEL", help="integer model file, or a folder of 'edge-sast export'"
    )
    parser.add_argument(
        "source", metavar="SOURCE", help="file, named pipe, -, udp://HOST:PORT or tcp://HOST:PORT"
    )
    _add_windows(parser.add_argument_group("windows and answers").add_argument)
    _add_output(parser.add_argument_group("output").add_argument)
    _add_pace(parser.add_argument_group("pace").add_argument)
    # As on a device, the stream itself tells and counts what is late, outside the sensor or behind a jump.
    add_file_options(parser.add_argument_group("events"), policy="keep")


def _add_windows(add: Callable[..., object]) -> None:
    add("--every", type=int, metavar="N", help="a whole window's decision every N steps: windows overlap")
    add("--on-event", action="store_true", help="a window begins with an event, after a rest of any length")
    add_running(add)
    add(
        "--reach-ms",
        type=float,
        default=REACH_MS,
        metavar="N",
        help="a jump of time by more starts windows, or the running network, anew",
    )
    add("--margin", type=int, default=0, metavar="N", help="no answer where the largest output leads by less")
    add("--hold", type=int, default=1, metavar="N", help="the answer is what N decisions in a row said")


def _add_output(add: Callable[..., object]) -> None:
    add("--complete", action="store_true", help="write decisions over whole windows only")
    add("--form", choices=FORMS, help="how decisions are written (default: live on a terminal, else jsonl)")
    add("--out", metavar="FILE", help="write the decisions to a file (default: standard output)")
    add("--plot", metavar="FILE", help="draw outputs over time above the events (.png)")
    add("--json", metavar="FILE", help="write the figures of the whole stream")


def _add_pace(add: Callable[..., object]) -> None:
    add("--real-time", action="store_true", help="take events at the times at which they were recorded")
    add("--packets", choices=("spif", "faery", "faery32"), help="what UDP packets hold")
    add(
        "--overload",
        choices=("wait", "oldest", "newest", "thin"),
        help="what is dropped where events come faster than they are computed (default: oldest for udp://, else wait)",
    )
    add("--room", type=int, default=2_000_000, metavar="N", help="events that may wait")
    add(
        "--slack-ms",
        type=float,
        metavar="N",
        help="while no events come, a step is over so long after its end (default: 50 for udp:// and "
        "tcp://; else a step is over when a later event comes)",
    )
    add("--idle-s", type=float, metavar="N", help="end when nothing has come for N s")
    add("--for-s", type=float, metavar="N", help="end after N s")


def fill(args: argparse.Namespace) -> None:
    """The model file in a build folder."""
    args.model = model_in(args.model)


def run(args: argparse.Namespace) -> int:
    """Decide until the source ends, and say what was counted."""
    from edge_sast.cli.device.stream_output import output_of
    from edge_sast.cli.options.figures import write_figures
    from edge_sast.errors import EdgeSastError
    from edge_sast.files import check_writable
    from edge_sast.model.modelfile import load
    from edge_sast.model.running import read_out
    from edge_sast.streaming.pace import paced
    from edge_sast.streaming.session import Session
    from edge_sast.streaming.sources import open_source
    from edge_sast.streaming.windows import checked_sensor

    _check(args)
    for option, path in (("--out", args.out), ("--json", args.json)):
        if path:
            check_writable(option, path, folder=False)
    model, options = load(args.model), file_options(args)
    session = Session(model, _wishes(args))
    if args.running:
        echo(f"running state: {read_out(session.model)}", error=True)
    with open_source(args.source, options, args.packets) as source:
        checked_sensor(model, source.name, source.sensor)
        echo(*(f"{source.name}: {line}" for line in source.said if line), error=True)
        if args.real_time:
            source = paced(source)
        with output_of(args, model) as output:
            interrupted = _decide(session, source, output)
    counts = session.stream.counts
    ends = not (source.endless or source.prompt)
    if ends and not interrupted and not (counts.events or counts.late or counts.outside):
        raise EdgeSastError(f"{source.name}: holds no event; record it again")
    write_figures(args, session.figures())
    if args.plot:
        output.plot(args.plot)
    if interrupted and ends:
        raise KeyboardInterrupt  # a file ends by itself
    return 0


def _decide(session: Session, source: EventSource, output: Output) -> bool:
    """Whether Ctrl-C, or a polite kill, ended it."""
    interrupted = False

    def stop(_signal: int, _frame: object) -> None:
        nonlocal interrupted
        if interrupted:
            raise KeyboardInterrupt  # the second time
        interrupted = True
        session.stop()

    try:
        with handled(signal.SIGINT, stop), handled(signal.SIGTERM, stop):
            for answered in session.run(source):
                output.take(answered)
    finally:
        output.end()
        echo(*session.lines(), *source.found(), error=True)
    return interrupted


def _wishes(args: argparse.Namespace) -> Wishes:
    from edge_sast.streaming.session import Wishes

    return Wishes(
        every=args.every,
        on_event=args.on_event,
        running=args.running,
        leak=args.leak,
        reach_us=round(args.reach_ms * 1000),
        margin=args.margin,
        hold=args.hold,
        overload=args.overload,
        room=args.room,
        slack_us=None if args.slack_ms is None else round(args.slack_ms * 1000),
        idle_s=args.idle_s,
        for_s=args.for_s,
    )


def _check(args: argparse.Namespace) -> None:
    from edge_sast.errors import EdgeSastError
    from edge_sast.report.pictures import check_plot

    check_leak(args)
    for option, value in (
        ("--idle-s", args.idle_s),
        ("--for-s", args.for_s),
        ("--room", args.room),
        ("--reach-ms", args.reach_ms),
        ("--slack-ms", args.slack_ms),
    ):
        if value is not None and not 0 < value <= 1e9:
            raise EdgeSastError(f"{option} {value} is out of range; choose a number above 0 and up to 1e9")
    if args.form == "live" and args.out:
        raise EdgeSastError(
            f"--form live: is for a terminal, and --out {args.out} is none; choose jsonl or csv"
        )
    if args.real_time and args.source.startswith(("udp://", "tcp://")):
        raise EdgeSastError(
            f"--real-time: is for files and pipes, and {args.source} gives events as they come; leave it out"
        )
    check_plot("--plot", args.plot)
