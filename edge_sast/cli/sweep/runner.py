"""Runs the trials of a sweep, each in a process of its own, as many at a time as is asked."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edge_sast.cli.sweep import report
from edge_sast.cli.sweep.study import BEAT_SECONDS, Held, Ledger
from edge_sast.cli.sweep.trial import NO_SPACE, read_figures
from edge_sast.errors import EdgeSastError
from edge_sast.terminal import echo

RUNS_NAME = "runs"
LOG_NAME = "log.txt"
TRIALS = 20  # of a search, where --trials does not say
MOST_REASON = 300  # characters
SAID = "edge-sast: "  # begins the line that says why a command ended


@dataclass(frozen=True)
class TrialStart:
    """How the process of a trial is begun, on this machine or by a worker of Ray on another."""

    threads: int  # 0: all
    device: str
    cache_dir: str | None

    def begin(self, argv: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
        """The process, which ends when its standard input does."""
        folder.mkdir(parents=True, exist_ok=True)
        words = [*argv, "--out", str(folder), "--threads", str(self.threads), "--device", self.device]
        words += [f"--cache-dir={self.cache_dir}"] if self.cache_dir else []
        threads = str(self.threads)
        alone = {"OMP_NUM_THREADS": threads, "NUMBA_NUM_THREADS": threads} if self.threads else {}
        with (folder / LOG_NAME).open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "edge_sast.cli.sweep.trial", *words],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=os.environ | alone,
                start_new_session=True,  # a terminal's interrupt is the sweep's to pass on
            )


class Runner:
    """Runs trials, `--jobs` at a time, until none is left to take."""

    def __init__(self, ledger: Ledger, folder: Path, args: argparse.Namespace) -> None:
        self._ledger, self._folder, self._args = ledger, folder, args
        self._jobs = args.jobs or 1
        self._most = args.trials or TRIALS
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._stopped = threading.Event()
        self._lock = threading.Lock()

    def run(self) -> None:
        """Raises what a worker raised, KeyboardInterrupt included."""
        beat = threading.Thread(target=self._beat, daemon=True)
        beat.start()
        self._run_all()
        self._stopped.set()
        beat.join()

    def _run_all(self) -> None:
        with ThreadPoolExecutor(self._jobs) as pool:
            workers = [pool.submit(self._work) for _ in range(self._jobs)]
            try:
                for worker in as_completed(workers):
                    worker.result()
            except BaseException:
                self.stop()
                raise

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
            held = self._ledger.take(self._most)
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
        threads = self._args.threads or (1 if self._jobs > 1 else 0)
        start = TrialStart(threads, self._args.device, self._args.cache_dir)
        with self._lock:
            if self._stopped.is_set():
                return 130
            process = start.begin(held.training.argv, folder)
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
            self._fail(held, _reason(folder / LOG_NAME, code))
            return
        if not self._args.quiet:
            echo(told)

    def _fail(self, held: Held, reason: str) -> None:
        self._ledger.fail(held, reason)
        if not self._args.quiet:
            echo(f"{held.training.name}: failed: {reason}")


def _reason(log: Path, code: int) -> str:
    """Why a trial's process failed: the last line it wrote."""
    if code < 0:
        return f"its process was ended by signal {-code} (out of memory?); see {log}"
    return (_last_line(log).removeprefix(SAID) or f"exit code {code}")[:MOST_REASON]


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else ""
