"""`edge-sast verify --on PORT`: a build folder's known answers, and data, on a board that runs this build."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from edge_sast.cli.options.ports import connected, describe, progress, why_incomplete
from edge_sast.cli.options.recordings import data_options
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.terminal import echo

if TYPE_CHECKING:
    from edge_sast.events.binned import BinnedEvents
    from firmware_gen.build.opened import Build

PATIENCE_S = 60.0  # longest time that losses on the line may hold up one recording


def verify_on_port(args: argparse.Namespace) -> int:
    """Raises CheckFailedError (exit code 1) with the first difference; EdgeSastError where the board fails."""
    try:
        return _verify(args)
    except EdgeSastError as error:
        raise type(error)(_in_own_words(str(error), args.on)) from error


def _in_own_words(text: str, port: str) -> str:
    """What is said of a port in hil's options, in those of this command."""
    return text.replace(f"--port {port}", f"--on {port}").replace(", or give more --patience-s", "")


def _verify(args: argparse.Namespace) -> int:
    from edge_sast.cli.options.figures import write_figures
    from edge_sast.hil.connection import PortOptions
    from edge_sast.hil.figures import first_mismatch
    from edge_sast.hil.session import run_session
    from edge_sast.hil.worker import Plan
    from edge_sast.link.ports import DEFAULT_BAUD
    from edge_sast.report.steps import steps_figures, steps_line
    from edge_sast.runtime import Simulator
    from firmware_gen.build.folder import read_manifest
    from firmware_gen.build.opened import open_build
    from firmware_gen.verify.verify import VerifyReport, stored_answers

    if args.toolchain:
        raise EdgeSastError(
            f"--toolchain is {args.toolchain!r}, which is for emulated cores; a board runs what was flashed"
        )
    ports = PortOptions((args.on,), DEFAULT_BAUD if args.baud is None else args.baud, patience_s=PATIENCE_S)
    plan = Plan(retries=3)
    build = open_build(
        args.build, args.edited, read_manifest(args.build).target
    )  # a board's C, or an FPGA's core
    simulator = Simulator(build.model)
    stored = stored_answers(build, simulator)
    recordings = _recordings(args, build)
    with connected(ports, build.model) as connections, progress(len(recordings), 0) as (advance, say):
        result = run_session(
            simulator,
            recordings,
            connections,
            plan,
            on_outcome=lambda _: advance(),
            say=lambda line: say(_in_own_words(line, args.on)),
        )
    outcomes = list(result.outcomes.values())
    found = first_mismatch(outcomes)
    differing = stored.mismatches + sum(outcome.mismatch is not None for outcome in outcomes)
    first = stored.first or (found[0] if found else None)
    taken = [outcome.steps for outcome in outcomes]
    early = build.model.early_margin is not None
    spread = steps_figures(taken, build.model.binning.steps) if early else None
    report = VerifyReport(args.on, len(outcomes), sum(taken), differing, first, steps_per_sample=spread)
    write_figures(args, report.figures())
    if stored.first is not None:
        raise CheckFailedError(
            f"{args.build}: the known answers are out of date: {stored.first}; export again"
        )
    if found:
        raise CheckFailedError(f"{args.on}: {describe(result)}")
    if len(outcomes) < len(recordings):
        raise EdgeSastError(
            f"{why_incomplete(result)}; {len(outcomes)} of {len(recordings)} recordings agree"
        )
    echo(
        f"{report.target} ({outcomes[0].board}): {report.samples} recordings, {report.steps} steps, every output and "
        "counter equal without an observer, and with one every step's CRC of its membranes, spikes and counters"
        + (f"; {steps_line(spread, build.model.binning.steps)}" if spread else "")
    )
    return 0


def _recordings(args: argparse.Namespace, build: Build) -> BinnedEvents:
    """The known answers' recordings, and those of --data; classes do not matter here."""
    from dataclasses import replace

    import numpy as np

    from edge_sast.datasets.selection import read_split
    from edge_sast.events.binned import BinnedEvents

    sets = [build.answers.recordings]
    if args.data:
        sets.append(read_split(build.model.binning, data_options(args)))
    return BinnedEvents.concatenate(
        [replace(part, labels=np.zeros(len(part), np.int64), classes=build.model.classes) for part in sets]
    )
