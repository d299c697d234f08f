"""What `edge-sast sweep` does: checks what is asked, lets the trials be run, and reports them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge_sast.cli.options.engine import engine_choice
from edge_sast.cli.options.figures import write_figures
from edge_sast.cli.sweep import places, plot, report
from edge_sast.cli.sweep.objectives import OBJECTIVES
from edge_sast.cli.sweep.on_ray import RayRunner
from edge_sast.cli.sweep.runner import RUNS_NAME, Runner
from edge_sast.cli.sweep.space import LeftOut, Space
from edge_sast.cli.sweep.study import Ledger, database_errors
from edge_sast.environment import MOST_THREADS
from edge_sast.errors import EdgeSastError
from edge_sast.files import check_writable
from edge_sast.signals import kill_interrupts
from edge_sast.terminal import echo
from trainer.run.machine import choose_device
from trainer.settings.checks import flag

PLOT_NAME = "pareto.png"


@database_errors()
def sweep(args: argparse.Namespace) -> int:
    """`edge-sast sweep`."""
    objectives = _check(args)
    choice = engine_choice(args)
    space = Space(args)
    trainings, left_out = space.check()
    folder = Path(args.out)
    folder.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(folder, args.storage, objectives, space, (args.sampler or "tpe", args.sampler_seed or 0))
    if places.compare(folder, ledger, space, trainings):
        trainings, left_out = space.check()
    if args.retry_failed:
        ledger.retry_failed()
    if not space.searching:
        ledger.add_missing(trainings)
    _tell_left_out(left_out, args)
    ray = choice.engine == "ray"
    runner = RayRunner(ledger, folder, args, choice) if ray else Runner(ledger, folder, args)
    try:
        with kill_interrupts():
            runner.run()
    except KeyboardInterrupt:
        runner.stop()
        done = sum(record.figures is not None for record in report.records(ledger.trials()))
        raise KeyboardInterrupt(
            f"interrupted; {folder} holds {done} finished trials, the same command goes on from there"
        ) from None
    return _report(ledger, folder, objectives, space, left_out, args)


def _check(args: argparse.Namespace) -> tuple[str, ...]:
    objectives = tuple(part.strip() for part in args.objective.split(","))
    for name in objectives:
        if name not in OBJECTIVES or objectives.count(name) > 1:
            raise EdgeSastError(
                f"--objective is {args.objective!r}; name each once, of {', '.join(OBJECTIVES)}"
            )
    for option, value, low, high in (
        ("trials", args.trials, 1, 1_000_000),
        ("threads", args.threads, 0, MOST_THREADS),
        ("sampler_seed", args.sampler_seed, 0, (1 << 32) - 1),
    ):
        if value is not None and not low <= value <= high:
            raise EdgeSastError(f"{flag(option)} is {value}; it must be {low} to {high}")
    if not args.search:
        for option in ("trials", "sampler", "sampler_seed"):
            if getattr(args, option) is not None:
                raise EdgeSastError(
                    f"{flag(option)} has an effect only beside --search, a --grid runs all; leave it out"
                )
    choose_device(args.device)
    check_writable("--out", args.out, folder=True)
    return objectives


def _tell_left_out(left_out: Sequence[LeftOut], args: argparse.Namespace) -> None:
    if args.grid and not args.quiet:
        for each in left_out:
            echo(f"left out: {report.named(each.texts)}: {each.reason}")


def _report(
    ledger: Ledger,
    folder: Path,
    objectives: Sequence[str],
    space: Space,
    left_out: Sequence[LeftOut],
    args: argparse.Namespace,
) -> int:
    names = [axis.name for axis in space.axes]
    records = report.records(ledger.trials())
    groups = report.groups(records, names, objectives)
    failed = [record for record in records if record.reason is not None]
    if not groups:
        reason = f"first {failed[0].name}: {failed[0].reason}" if failed else "others still run them"
        raise EdgeSastError(f"--out {folder}: none of {len(records)} trials is finished; {reason}")
    report.print_groups(groups, records, names, objectives)
    for record in failed:
        echo(f"failed: {record.name}: {record.reason}")
    unfinished = sum(record.figures is None and record.reason is None for record in records)
    if unfinished:
        echo(f"{unfinished} trials are still run by other processes; the same command tells them later")
    figures: dict[str, Any] = report.as_json(records, groups, objectives, folder / RUNS_NAME)
    figures["left_out"] = [{"settings": each.texts, "reason": each.reason} for each in left_out]
    if plot.available():
        plot.write(groups, objectives, folder / PLOT_NAME)
        echo(f"wrote {folder / PLOT_NAME}")
    write_figures(args, figures)
    return 0
