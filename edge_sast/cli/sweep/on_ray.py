"""The trials of a sweep on Ray's workers: each starts the same process that a sweep without Ray starts here."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edge_sast.bulk.choice import EngineChoice
from edge_sast.cli.sweep.runner import RUNS_NAME, Runner, TrialStart
from edge_sast.cli.sweep.study import Held, Ledger
from edge_sast.cli.sweep.trial import NO_SPACE, read_figures
from edge_sast.errors import EdgeSastError
from edge_sast.signals import kill_interrupts


@dataclass(frozen=True)
class Task:
    """A trial as it goes to a worker. folder: whole path, which every machine of a cluster must have."""

    held: Held
    folder: Path

    def __str__(self) -> str:
        return self.held.training.name


@dataclass(frozen=True)
class RunTrial:
    """What a worker does with it; the exit code. The process ends with its worker, as its standard input does."""

    start: TrialStart

    def __call__(self, task: Task) -> int:
        if read_figures(task.folder) is not None:
            return 0
        process = self.start.begin(task.held.training.argv, task.folder)
        code = process.wait()
        if process.stdin:
            process.stdin.close()
        return code


class RayRunner(Runner):
    """Runs trials on as many workers as --jobs says, or Ray has room for."""

    def __init__(self, ledger: Ledger, folder: Path, args: argparse.Namespace, choice: EngineChoice) -> None:
        super().__init__(ledger, folder, args)
        self._choice = choice
        self._taken: dict[int, Held] = {}

    def _run_all(self) -> None:
        """A trial whose worker is killed goes on from its last epoch on another."""
        threads = self._args.threads or 1
        work = RunTrial(TrialStart(threads, self._args.device, self._args.cache_dir))
        try:
            # Ray has a handler of its own for a polite kill, from its start on.
            with self._choice.open(threads) as engine, kill_interrupts():
                for task, outcome in engine.as_done(work, self._tasks()):
                    del self._taken[task.held.number]
                    if outcome.error is not None:
                        self._fail(task.held, str(outcome.error))
                        continue
                    code = outcome.get()
                    if code == NO_SPACE:
                        self._taken[task.held.number] = task.held
                        self._tell_full(task.held)
                    self._settle(task.held, code)
        finally:
            self._stopped.set()
            for held in self._taken.values():
                with suppress(EdgeSastError):  # then it is taken from a dead worker
                    self._ledger.release(held)

    def _tasks(self) -> Iterator[Task]:
        while not self._stopped.is_set():
            held = self._ledger.take(self._most)
            if held is None:
                return
            self._taken[held.number] = held
            yield Task(held, (self._folder / RUNS_NAME / held.training.name).resolve())
