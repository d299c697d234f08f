"""What commands that talk to boards share: options, connections, progress, and how failures are reported."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from edge_sast.cli.options.parser import add_renamed
from edge_sast.terminal import printable

if TYPE_CHECKING:
    from edge_sast.hil.connection import Connection, PortOptions
    from edge_sast.hil.session import SessionResult
    from edge_sast.model.model import Model


def add_port_arguments(parser: argparse._ActionsContainer) -> None:
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


def port_options(args: argparse.Namespace) -> PortOptions:
    """What the options of add_port_arguments say. Raises EdgeSastError before anything is read or opened."""
    from edge_sast.hil.connection import PortOptions
    from edge_sast.link.ports import DEFAULT_BAUD

    baud = DEFAULT_BAUD if args.baud is None else args.baud
    return PortOptions(tuple(args.port), baud, args.stall_s, args.patience_s, args.wire_log)


@contextlib.contextmanager
def connected(options: PortOptions, model: Model) -> Iterator[list[Connection]]:
    """The boards that --port names, each asked who it is; closed in the end. Raises EdgeSastError as `connections`."""
    from edge_sast.hil.connection import connections
    from edge_sast.model.modelfile import model_hash
    from firmware_gen.c_plan.footprint import footprint
    from firmware_gen.c_plan.plan import CPlan

    with connections(options, model_hash(model), footprint(CPlan(model)).ram_bytes) as opened:
        yield opened


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
    if shown[1]:
        return text
    if shown[0].quantity == "steps":
        return f"{text} (what both computed is equal: the board ends recordings at another margin)"
    if shown[0].quantity == "crc":  # the step was found, and no neuron in it
        return (
            f"{text} (of all membranes, spikes and counters of that step; which of them differs cannot be said: the "
            "board shows no layers, as an FPGA does not, or none differed when the step was run again)"
        )
    return (
        f"{text} (run again with every step observed, no state differs: it does not repeat, or only a run without "
        "an observer shows it)"
    )


def why_incomplete(result: SessionResult) -> str:
    """The port and recording at which the session ended, and what happened."""
    if result.lost:
        port, reason = list(result.lost.items())[-1]
        return f"--port {port}: given up: {reason}"
    return f"{len(result.set_aside)} recordings failed too often, the first: {next(iter(result.set_aside.values()))}"
