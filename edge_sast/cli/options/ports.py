"""What commands that talk to boards share: options, connections, progress, and how failures are reported."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from edge_sast.cli.options.parser import add_renamed
from edge_sast.errors import EdgeSastError
from edge_sast.terminal import printable

if TYPE_CHECKING:
    from edge_sast.hil.connection import Connection
    from edge_sast.hil.session import SessionResult
    from edge_sast.hil.worker import Plan
    from edge_sast.model.model import Model


def add_port_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that say where boards are and how patient to be with them."""
    parser.add_argument(
        "--port",
        action="append",
        metavar="PORT",
        help="where the board is: a device such as /dev/ttyACM0 or COM3, socket://HOST:PORT or rfc2217://HOST:PORT; "
        "repeated, several boards share the recordings",
    )
    parser.add_argument("--baud", type=int, metavar="N", help="bits per second of a UART (default: 115200)")
    parser.add_argument(
        "--retries", type=int, default=5, metavar="N", help="failures in a row after which a port is given up"
    )
    parser.add_argument(
        "--stall-s",
        type=float,
        default=10.0,
        metavar="S",
        help="longest silence of a board within a recording, in seconds",
    )
    parser.add_argument(
        "--patience-s",
        type=float,
        default=60.0,
        metavar="S",
        help="seconds that losses on the line may hold up one recording before the port is given up",
    )
    parser.add_argument("--wire-log", metavar="FILE", help="write every frame on the wires, as text")
    add_renamed(parser, "--trace", "--wire-log")


def check_options(args: argparse.Namespace) -> Plan:
    """Refuses what cannot work before anything is read or opened, and fills in --baud.

    args: of add_port_arguments and --check.
    """
    from edge_sast.hil.worker import Plan
    from edge_sast.link.ports import DEFAULT_BAUD, check_names, require_pyserial

    require_pyserial()
    if args.baud is None:
        args.baud = DEFAULT_BAUD
    check_names(args.port, args.baud)
    for option, seconds in (("--stall-s", args.stall_s), ("--patience-s", args.patience_s)):
        if not 0 < seconds < float("inf"):
            raise EdgeSastError(f"{option} is {seconds}; give seconds above 0")
    return Plan(args.check, args.retries, getattr(args, "fail_fast", False))


@contextlib.contextmanager
def connected(args: argparse.Namespace, model: Model) -> Iterator[list[Connection]]:
    """The boards that --port names, each asked who it is; closed in the end.

    Raises EdgeSastError for a port that cannot be opened, one that no board answers on, and another model or protocol.
    """
    from edge_sast.hil.connection import Connection, WireLog
    from edge_sast.link.messages import LinkSettings
    from edge_sast.model import modelfile
    from firmware_gen.c_plan.footprint import footprint
    from firmware_gen.c_plan.plan import CPlan

    model_hash, memory_bytes = modelfile.model_hash(model), footprint(CPlan(model)).ram_bytes
    settings = LinkSettings(stall_s=args.stall_s, patience_s=args.patience_s)
    with contextlib.ExitStack() as stack:
        log = None
        if args.wire_log:
            log = WireLog(stack.enter_context(open(args.wire_log, "w", encoding="utf-8")))
        connections = []
        for name in args.port:
            trace = log.of(name) if log is not None else None
            connection = Connection(name, args.baud, model_hash, memory_bytes, settings, trace)
            stack.callback(connection.close)
            connection.open()
            connections.append(connection)
        yield connections


@contextlib.contextmanager
def progress(total: int, done: int) -> Iterator[tuple[Callable[[], object], Callable[[str], None]]]:
    """advance() after each recording, and say() for a line above the bar, which shows on terminals only."""
    import sys

    from tqdm import tqdm

    with tqdm(total=total, initial=done, desc="hil", unit=" recordings", disable=None) as bar:
        yield bar.update, lambda line: tqdm.write(printable(line), file=sys.stderr)


def describe(result: SessionResult) -> str:
    """How many recordings differ, and the first difference."""
    from edge_sast.hil.figures import first_mismatch

    outcomes = list(result.outcomes.values())
    count = sum(outcome.mismatch is not None for outcome in outcomes)
    shown = first_mismatch(outcomes)
    if shown is None:
        raise ValueError("no outcome differs")
    text = f"{count} of {len(outcomes)} recordings differ from the runtime, the first: {shown[0]}"
    if not shown[1]:
        text += (
            " (run again with every step observed, no state differs: it does not repeat, or only a run without "
            "an observer shows it)"
        )
    return text


def why_incomplete(result: SessionResult) -> str:
    """The port and recording at which the session ended, and what happened."""
    if result.lost:
        port, reason = list(result.lost.items())[-1]
        return f"--port {port}: given up: {reason}"
    return f"{len(result.set_aside)} recordings failed too often, the first: {next(iter(result.set_aside.values()))}"
