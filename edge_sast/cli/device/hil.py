"""`edge-sast hil`: recordings on a board, compared with the runtime, and timed by the board's own clock."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from edge_sast.cli.options.newest import model_in
from edge_sast.cli.options.parser import add_renamed
from edge_sast.cli.options.ports import (
    add_port_arguments,
    connected,
    describe,
    port_options,
    progress,
    why_incomplete,
)
from edge_sast.cli.options.recordings import add_data_arguments, data_options, given_data_options
from edge_sast.errors import EdgeSastError
from edge_sast.terminal import echo

if TYPE_CHECKING:
    from pathlib import Path

    from edge_sast.datasets.selection import Recordings
    from edge_sast.events.binned import BinnedEvents
    from edge_sast.hil.connection import Connection, PortOptions
    from edge_sast.hil.journal import Identity, Journal
    from edge_sast.hil.outcome import Outcome
    from edge_sast.hil.session import SessionResult
    from edge_sast.hil.worker import Plan
    from edge_sast.model.model import Model
    from edge_sast.runtime.simulator import Simulator

NAME = "hil"
HELP = (
    "Run recordings on boards over serial lines and compare them with the runtime bit for bit. Reports accuracy, "
    "latency, cycles and SynOps, and names the first neuron that differs."
)
EXAMPLES = (
    (
        "edge-sast hil build/a/model.safetensors --port /dev/ttyACM0 --data DIR --limit 500",
        "see 'edge-sast hil ports'",
    ),
    (
        "edge-sast hil build/a/model.safetensors --port socket://localhost:4444 --data digits --check result",
        "",
    ),
    (
        "edge-sast hil build/a/model.safetensors --port /dev/ttyACM0 --stream camera.csv --every 5",
        "a long file's windows, as 'edge-sast stream' decides on them",
    ),
    (
        "edge-sast hil build/r/model.safetensors --port /dev/ttyACM0 --stream camera.csv --running --check crc",
        "never reset, every step compared",
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "%(prog)s --port PORT --data DATA | --stream FILE [OPTION ...] MODEL"
    parser.add_argument(
        "model", metavar="MODEL", help="model file, or build folder, whose program is on the board"
    )
    add_renamed(parser, "--list", "'edge-sast hil ports'")
    add_port_arguments(parser.add_argument_group("port"))
    recordings = parser.add_argument_group("recordings")
    add_data_arguments(recordings)
    recordings.add_argument(
        "--stream",
        metavar="FILE",
        help="instead of --data: the windows of an event file, as 'edge-sast stream' decides on them; the board gets "
        "one after the other, as fast as it answers",
    )
    recordings.add_argument("--every", type=int, metavar="N", help="windows of --stream begin every N steps")
    recordings.add_argument(
        "--real-time",
        action="store_true",
        help="the board gets each window of --stream when it would have ended before the camera; says how late answers "
        "come; with --check result or crc",
    )
    recordings.add_argument(
        "--running",
        action="store_true",
        help="no windows of --stream, but all its steps as one recording (or the first --limit N of them); the model "
        "must be one of 'edge-sast export --running'",
    )
    parser.add_argument(
        "--check",
        default="both",
        metavar="WHAT",
        help="what to compare: result (outputs and counters, with the ticks of a run that nothing disturbs), crc "
        "(every membrane, spike and counter of every step, by CRC, which slows the board down), or both (each "
        "recording runs twice)",
    )
    parser.add_argument(
        "--unique-events",
        action="store_true",
        help="send an input's events of a step only as often as they count, not as often as the sensor sent them: "
        "fewer bytes, but ticks then leave out what the others cost a device",
    )
    parser.add_argument("--fail-fast", action="store_true", help="stop at the first mismatch")
    parser.add_argument(
        "--journal",
        metavar="FILE",
        help="keep each recording's outcome in FILE (default: one in the cache folder)",
    )
    parser.add_argument(
        "--resume",
        metavar="FILE",
        nargs="?",
        const=True,
        help="go on with an interrupted run from its journal, which is FILE or the one in the cache folder",
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures and each recording's outcome")


def fill(args: argparse.Namespace) -> None:
    """The model file in a build folder."""
    args.model = model_in(args.model)


def run(args: argparse.Namespace) -> int:
    """Raises CheckFailedError (exit code 1) where a board differs from the runtime."""
    if not args.port:
        raise EdgeSastError(
            "--port is missing; give one that 'edge-sast hil ports' shows, or socket://HOST:PORT"
        )
    _check_source(args)
    from edge_sast.cli.options.figures import write_figures
    from edge_sast.hil.figures import figures
    from edge_sast.hil.journal import Identity
    from edge_sast.hil.worker import Plan
    from edge_sast.model import modelfile
    from edge_sast.runtime import Simulator

    options = port_options(args)
    plan = Plan(args.check, args.retries, args.fail_fast)
    _check_events(args, plan)
    _check_journal(args)
    model = modelfile.load(args.model)
    plan = replace(plan, steps=model.binning.steps)
    recordings, sent, due = _load(args, model, plan)
    plan = replace(plan, due=due)
    binned = recordings.binned
    simulator = Simulator(replace(model, binning=binned.binning))  # in running state of other steps
    data, events = (binned.digest(), "unique") if sent is None else (sent.digest(), "sent")
    identity = Identity(modelfile.model_hash(model), data, plan.check, len(binned), events)
    with _opened(args, options, model, identity) as (connections, journal):
        result = _measure(simulator, recordings, sent, connections, plan, journal)
        found = figures(simulator, binned, identity, result, recordings.labelled, due)
        found = {**found, "model": str(args.model), "data": recordings.name, "journal": str(journal.path)}
    write_figures(args, found)
    _print(found)
    return _verdict(found, result, plan, journal)


def _check_source(args: argparse.Namespace) -> None:
    """One of --data and --stream, with options that are its own."""
    own = {"--every": args.every is not None, "--running": args.running, "--real-time": args.real_time}
    for option, given in own.items():
        if given and not args.stream:
            raise EdgeSastError(f"{option} has an effect only beside --stream; add that one, or leave it out")
    if not args.data and not args.stream:
        raise EdgeSastError(
            "--data is missing; give the recordings to run: folder, .zip, digits, nmnist or dvsgesture; or an event "
            "file by --stream"
        )
    if args.running and args.every is not None:
        raise EdgeSastError(f"--running and --every {args.every} do not go together; leave one out")
    if args.real_time and (args.running or args.resume):
        raise EdgeSastError(
            f"--real-time and {'--running' if args.running else '--resume'} do not go together; leave one out"
        )
    others = [option for option in given_data_options(args) if option not in ("--sensor", "--limit")]
    if args.stream and others:
        raise EdgeSastError(f"--stream and {others[0]} do not go together; leave one out")
    if args.stream and args.limit is not None and args.limit < 1:
        what = "steps" if args.running else "windows"
        raise EdgeSastError(f"--limit {args.limit} is out of range; choose 1 or more {what}")


def _check_events(args: argparse.Namespace, plan: Plan) -> None:
    if args.unique_events and plan.check == "crc":
        raise EdgeSastError(
            "--unique-events: observed runs get no other events; leave it out beside --check crc"
        )


def _load(
    args: argparse.Namespace, model: Model, plan: Plan
) -> tuple[Recordings, BinnedEvents | None, tuple[float, ...]]:
    """The recordings, all their events as the sensor sent them where the board gets these, and when they are due."""
    from edge_sast.datasets.selection import load_sent, load_split

    if args.stream:
        recordings, all_sent, due = _load_windows(args, model)
        return recordings, None if args.unique_events or plan.check == "crc" else all_sent, due
    if args.unique_events or plan.check == "crc":
        return load_split(model.binning, model.classes, data_options(args)), None, ()
    return *load_sent(model.binning, model.classes, data_options(args)), ()


def _load_windows(
    args: argparse.Namespace, model: Model
) -> tuple[Recordings, BinnedEvents, tuple[float, ...]]:
    """The windows of --stream, or all its steps as one recording, and all events of theirs that the sensor sent.

    And for --real-time when each ends, in seconds after the first begins.
    """
    from edge_sast.datasets.selection import Recordings
    from edge_sast.events.recording import parse_sensor
    from edge_sast.formats.source import FileOptions
    from edge_sast.streaming.windows import running_recording, stream_windows

    options = FileOptions(sensor=parse_sensor(args.sensor) if args.sensor else None)
    due: tuple[float, ...] = ()
    if args.running:
        sent = running_recording(model, args.stream, options, args.limit)
        name = f"{sent.binning.steps} steps of {args.stream}"
    else:
        sent, begins = stream_windows(model, args.stream, options, args.every, args.limit)
        length = model.binning.steps * model.binning.dt_us
        if args.real_time:
            due = tuple((begin - begins[0] + length) * 1e-6 for begin in begins)
        name = f"windows of {args.stream}"
    return Recordings(sent.capped(model.binning.count_cap), labelled=False, name=name), sent, due


def _check_journal(args: argparse.Namespace) -> None:
    """Before anything is read or opened: two journals, or one that is there and must not be begun anew."""
    from pathlib import Path

    if args.resume is not None and args.journal is not None:
        raise EdgeSastError("--resume FILE and --journal FILE: give one of the two")
    if args.journal is not None and Path(args.journal).exists():
        raise EdgeSastError(
            f"--journal {args.journal}: exists; go on with it by --resume {args.journal}, or name another file"
        )


@contextlib.contextmanager
def _opened(
    args: argparse.Namespace, options: PortOptions, model: Model, identity: Identity
) -> Iterator[tuple[list[Connection], Journal]]:
    """The boards, and the journal.

    One to go on with is opened before the ports: that it is of another run is told whether a board is there or not.
    A new one after them: it takes the place of an earlier one, which no board that is silent may cost.
    """
    from edge_sast.hil.journal import Journal

    given = args.resume if isinstance(args.resume, str) else args.journal
    path = given or _default_journal(identity)
    with contextlib.ExitStack() as stack:
        journal = None if args.resume is None else stack.enter_context(Journal.resume(path, identity))
        connections = stack.enter_context(connected(options, model))
        yield connections, journal or stack.enter_context(Journal.create(path, identity))


def _default_journal(identity: Identity) -> Path:
    from edge_sast.places import default_cache_dir

    name = f"{identity.model[:16]}-{identity.data[:16]}-{identity.check}-{identity.events}.jsonl"
    return default_cache_dir() / "hil" / name


def _measure(
    simulator: Simulator,
    recordings: Recordings,
    sent: BinnedEvents | None,
    connections: list[Connection],
    plan: Plan,
    journal: Journal,
) -> SessionResult:
    """The session, with a progress bar; an interrupt says what is kept."""
    from edge_sast.hil.session import run_session

    total = len(recordings.binned)
    with progress(total, len(journal.done)) as (advance, say):

        def keep(outcome: Outcome) -> None:
            journal.append(outcome)
            advance()
            if outcome.mismatch is not None and outcome.located:
                say(f"mismatch: {outcome.mismatch}")

        try:
            return run_session(simulator, recordings.binned, connections, plan, journal.done, keep, say, sent)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"interrupted: {journal.kept()} of {total} recordings are kept in {journal.path}; "
                f"go on with --resume {journal.path}"
            ) from None


def _print(found: dict[str, Any]) -> None:
    from edge_sast.report.hil_tables import board_table, layer_table, tick_table
    from edge_sast.report.steps import steps_line
    from edge_sast.report.tables import print_table

    n, of = found["compared"], found["recordings"]
    count = f"{n} recordings" if n == of else f"{n} of {of} recordings"
    accuracy = ""
    if found["accuracy"] is not None:
        accuracy = (
            f"accuracy {100 * found['accuracy']:.2f} %, runtime {100 * found['runtime_accuracy']:.2f} %; "
        )
    echo(f"{found['data']}: {count}, {accuracy}{found['mismatches']} mismatches, checked: {found['check']}")
    if found.get("steps") is not None:
        echo(steps_line(found["steps"], len(found["steps"]["histogram"])))
    if found["late_s"] is not None:
        echo(
            "real time: answers came {mean:.1f} ms after the end of their window in the mean, 99 % within {p99:.1f}, "
            "the longest {max:.1f}".format(**{name: 1000 * value for name, value in found["late_s"].items()})
            + f"; {found['behind']} came when the next window was over"
        )
    for rows, headers in (board_table(found), tick_table(found), layer_table(found)):
        if rows:
            echo()
            print_table(rows, headers)


def _verdict(found: dict[str, Any], result: SessionResult, plan: Plan, journal: Journal) -> int:
    """Exit code 0, or the error that says what is wrong; with mismatches in an incomplete run, both."""
    from edge_sast.errors import CheckFailedError

    missing = _missing(found, result, plan, journal)
    if found["mismatches"]:
        raise CheckFailedError("; ".join([describe(result), *([missing] if missing else [])]))
    if missing:
        raise EdgeSastError(missing)
    return 0


def _missing(found: dict[str, Any], result: SessionResult, plan: Plan, journal: Journal) -> str:
    """Why recordings have no outcome, and what to do; empty where all have one, or were not wanted."""
    if found["complete"] or (plan.fail_fast and found["mismatches"]):
        return ""
    kept = f"{found['compared']} of {found['recordings']} recordings are kept"
    return f"{why_incomplete(result)}; {kept}, go on with --resume {journal.path}"
