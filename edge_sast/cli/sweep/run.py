"""What `edge-sast sweep` does: runs the trials of a sweep, each in a process of its own, and reports them."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge_sast.cli.options.figures import write_figures
from edge_sast.cli.sweep import places, plot, report
from edge_sast.cli.sweep.objectives import OBJECTIVES
from edge_sast.cli.sweep.space import LeftOut, Space
from edge_sast.cli.sweep.study import BEAT_SECONDS, Held, Ledger, database_errors
from edge_sast.cli.sweep.trial import NO_SPACE, read_figures
from edge_sast.errors import EdgeSastError
from edge_sast.files import check_writable
from edge_sast.signals import kill_interrupts
from edge_sast.terminal import echo
from trainer.run.machine import MOST_THREADS, choose_device
from trainer.settings.checks import flag

RUNS_NAME = "runs"
LOG_NAME = "log.txt"
PLOT_NAME = "pareto.png"
MOST_JOBS = 1024
TRIALS = 20  # of a search, where --trials does not say
MOST_REASON = 300  # characters
SAID = "edge-sast: "  # begins the line that says why a command ended


@database_errors()
def sweep(args: argparse.Namespace) -> int:
    """`edge-sast sweep`."""
    objectives = _check(args)
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
    runner = Runner(ledger, folder, args)
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
        ("jobs", args.jobs, 1, MOST_JOBS),
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


class Runner:
    """Runs trials, `--jobs` at a time, until none is left to take."""

    def __init__(self, ledger: Ledger, folder: Path, args: argparse.Namespace) -> None:
        self._ledger, self._folder, self._args = ledger, folder, args
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._stopped = threading.Event()
        self._lock = threading.Lock()

    def run(self) -> None:
        """Raises what a worker raised, KeyboardInterrupt included."""
        beat = threading.Thread(target=self._beat, daemon=True)
        beat.start()
        with ThreadPoolExecutor(self._args.jobs) as pool:
            workers = [pool.submit(self._work) for _ in range(self._args.jobs)]
            try:
                for worker in as_completed(workers):
                    worker.result()
            except BaseException:
                self.stop()
                raise
        self._stopped.set()
        beat.join()

    def stop(self) -> None:
        """End the trainings under way; each keeps its last epoch, and its trial can be taken up."""
        self._stopped.set()
        with self._lock:
            for process in self._processes:
                process.terminate()

    def _beat(self) -> None:
        while not self._stopped.wait(BEAT_SECONDS):
            # A full disk: who writes next tells it, unless there is space again.
            with suppress(EdgeSastError):
                self._ledger.beat()

    def _work(self) -> None:
        while not self._stopped.is_set():
            held = self._ledger.take(self._args.trials or TRIALS)
            if held is None:
                return
            code = self._train(held)
            if code == NO_SPACE or (self._stopped.is_set() and code != 0):
                with suppress(EdgeSastError):  # then it is taken from a dead worker
                    self._ledger.release(held)
                if code == NO_SPACE:
                    self._tell_full(held)
                return
            self._settle(held, code)

    def _train(self, held: Held) -> int:
        """Run the trial's process to its end; returns its exit code."""
        folder = self._folder / RUNS_NAME / held.training.name
        if read_figures(folder) is not None:
            return 0
        folder.mkdir(parents=True, exist_ok=True)
        threads = self._args.threads or (1 if self._args.jobs > 1 else 0)
        words = [*held.training.argv, "--out", str(folder), "--threads", str(threads)]
        words += ["--device", self._args.device]
        words += [f"--cache-dir={self._args.cache_dir}"] if self._args.cache_dir else []
        alone = {"OMP_NUM_THREADS": str(threads), "NUMBA_NUM_THREADS": str(threads)} if threads else {}
        command = [sys.executable, "-m", "edge_sast.cli.sweep.trial", *words]
        with (folder / LOG_NAME).open("ab") as log:
            with self._lock:
                if self._stopped.is_set():
                    return 130
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    env=os.environ | alone,
                    start_new_session=True,  # a terminal's interrupt is the sweep's to pass on
                )
                self._processes.add(process)
            code = process.wait()
            with self._lock:
                self._processes.discard(process)
            if process.stdin:
                process.stdin.close()
        return code

    def _tell_full(self, held: Held) -> None:
        """A full disk is no fault of the trial's settings: it stays to be run.

        Raises EdgeSastError, which ends the sweep.
        """
        folder = self._folder / RUNS_NAME / held.training.name
        last = _last_line(folder / LOG_NAME)
        said = last.startswith(SAID)  # the log lies on the same disk
        reason = last.removeprefix(SAID) if said else f"{folder}: no space left on the disk; free space"
        raise EdgeSastError(f"{reason}; the same command then goes on")

    def _settle(self, held: Held, code: int) -> None:
        folder = self._folder / RUNS_NAME / held.training.name
        told = f"{held.training.name}: "
        figures = read_figures(folder) if code == 0 else None
        if figures is not None:
            self._ledger.finish(held, figures)
            told += report.one_line(figures)
        else:
            reason = _reason(folder / LOG_NAME, code)
            self._ledger.fail(held, reason)
            told += f"failed: {reason}"
        if not self._args.quiet:
            echo(told)


def _reason(log: Path, code: int) -> str:
    """Why a trial's process failed: the last line it wrote."""
    if code < 0:
        return f"its process was ended by signal {-code} (out of memory?); see {log}"
    return (_last_line(log).removeprefix(SAID) or f"exit code {code}")[:MOST_REASON]


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else ""


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
