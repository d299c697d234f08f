"""The trials of a sweep in an Optuna study (T. Akiba et al. 2019, arXiv 1907.10902), shared by workers and machines.

A trial is waiting, running, complete or failed. Who runs one says every BEAT_SECONDS that it still does; a running
trial whose worker is gone is taken up by another, in place.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from edge_sast.cli.sweep.objectives import OBJECTIVES
from edge_sast.cli.sweep.space import Axis, Space, Training
from edge_sast.errors import EdgeSastError
from trainer.settings.checks import flag
from trainer.settings.config import PLACES

try:
    import optuna
    from optuna.distributions import (
        BaseDistribution,
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )
    from optuna.study import StudyDirection
    from optuna.trial import FrozenTrial, TrialState

    from edge_sast.cli.sweep.journal import SweepJournal
except ImportError as error:
    raise EdgeSastError("sweep: Optuna is not installed; run pip install 'edge-sast[sweep]'") from error

JOURNAL_NAME = "study.journal"
BEAT_SECONDS = 60.0
GRACE_SECONDS = 300.0  # several missed beats, and clocks of machines that differ


@dataclass(frozen=True)
class Held:
    """A trial that this process runs."""

    id: int
    number: int
    training: Training


class Ledger:
    """The trials of one sweep. Its methods may be called from several threads.

    Raises EdgeSastError where the storage cannot be opened, or holds a sweep with other settings.
    """

    def __init__(
        self, folder: Path, url: str | None, objectives: Sequence[str], space: Space, sampler: tuple[str, int]
    ) -> None:
        self._objectives, self._space, self._sampler = objectives, space, sampler
        self._lock = Lock()
        self._held: dict[int, int] = {}  # number -> id
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        directions = [StudyDirection[OBJECTIVES[name][1].upper()] for name in objectives]
        what = "--storage" if url else f"{folder / JOURNAL_NAME}"
        name = folder.resolve().name
        try:
            self._storage = _open_storage(folder, url)
            self._study = optuna.create_study(
                storage=self._storage, study_name=name, directions=directions, load_if_exists=True
            )
            self._id = self._storage.get_study_id_from_name(name)
            found = self._study.user_attrs.get("spec")
        except EdgeSastError:
            raise
        # Optuna, SQLAlchemy and database drivers raise whatever they raise; all of it means the same here.
        except Exception as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise EdgeSastError(
                f"{what}: the study cannot be opened ({reason}); check it, or use another --out"
            ) from error
        spec = space.spec() | {"--objective": ",".join(objectives)}
        if found is None:
            self._study.set_user_attr("spec", spec)
        else:
            # What a place holds is noted by a sweep of this version; it is then compared by that (sweep_places.py).
            noted = {flag(name) for name in PLACES if name in self.contents() and flag(name) in found}
            _check_same(folder, found, spec | {option: found[option] for option in noted & spec.keys()})

    def contents(self) -> dict[str, dict[str, str]]:
        """Setting that names a place -> path -> digest of what it held, as noted."""
        return dict(self._study.user_attrs.get("contents", {}))

    def note_contents(self, contents: dict[str, dict[str, str]]) -> None:
        self._study.set_user_attr("contents", contents)

    def trials(self) -> list[FrozenTrial]:
        """All trials that stand for a training, by number."""
        trials = self._storage.get_all_trials(self._id, deepcopy=False)
        return [t for t in trials if "name" in t.user_attrs and "duplicate" not in t.user_attrs]

    def add_missing(self, trainings: Sequence[Training]) -> None:
        """Let each training wait that no trial stands for yet."""
        known = {trial.user_attrs["name"] for trial in self.trials()}
        for training in trainings:
            if training.name not in known:
                attributes = {"name": training.name, "texts": training.texts}
                self._study.add_trial(optuna.create_trial(state=TrialState.WAITING, user_attrs=attributes))

    def retry_failed(self) -> None:
        """Let failed trials wait again, as new trials."""
        by_name: dict[str, list[FrozenTrial]] = {}
        for trial in self.trials():
            by_name.setdefault(trial.user_attrs["name"], []).append(trial)
        for name, trials in by_name.items():
            if all(trial.state == TrialState.FAIL for trial in trials):
                attributes = {"name": name, "texts": trials[-1].user_attrs["texts"], "again": True}
                again = optuna.create_trial(
                    state=TrialState.WAITING,
                    params=trials[-1].params,
                    distributions=trials[-1].distributions,
                    user_attrs=attributes,
                )
                self._study.add_trial(again)

    def take(self, most: int) -> Held | None:
        """The next trial to run: one that a dead worker left, else a waiting one, else (in a search of fewer than
        `most` trials) a new one. None where there is nothing to do.
        """
        with self._lock:
            while True:
                trial = (
                    self._abandoned()
                    or self._waiting()
                    or (self._draw(most) if self._space.searching else None)
                )
                if trial is None:
                    return None
                held = self._hold(trial)
                if held is not None:
                    return held

    def finish(self, held: Held, figures: dict[str, Any]) -> None:
        self._note(held.id, "figures", figures)
        self._tell(held, [figures[OBJECTIVES[name][0]] for name in self._objectives])

    def fail(self, held: Held, reason: str) -> None:
        self._note(held.id, "reason", reason)
        self._tell(held, None)

    def release(self, held: Held) -> None:
        """Leave a trial to whoever comes next."""
        with self._lock, database_errors():
            self._held.pop(held.number, None)
            self._note(held.id, "alive", 0.0)

    def beat(self) -> None:
        """Say that this process still runs what it holds."""
        with self._lock, database_errors():
            for trial_id in self._held.values():
                self._note(trial_id, "alive", time.time())

    def _note(self, trial_id: int, key: str, value: Any) -> None:
        # Another worker that took this one for dead may have finished the trial: its figures are the same.
        with suppress(optuna.exceptions.UpdateFinishedTrialError):
            self._storage.set_trial_user_attr(trial_id, key, value)

    def _tell(self, held: Held, values: list[float] | None) -> None:
        with self._lock:
            self._held.pop(held.number, None)
            state = TrialState.FAIL if values is None else None
            self._study.tell(held.number, values, state, skip_if_finished=True)

    def _abandoned(self) -> FrozenTrial | None:
        running = self._storage.get_all_trials(self._id, deepcopy=False, states=(TrialState.RUNNING,))
        return next((trial for trial in running if trial.number not in self._held and _dead(trial)), None)

    def _waiting(self) -> FrozenTrial | None:
        for trial in self._storage.get_all_trials(self._id, deepcopy=False, states=(TrialState.WAITING,)):
            trial_id = self._storage.get_trial_id_from_study_id_trial_number(self._id, trial.number)
            if self._storage.set_trial_state_values(trial_id, TrialState.RUNNING):
                return trial
        return None

    def _draw(self, most: int) -> FrozenTrial | None:
        drawn = sum("again" not in trial.user_attrs for trial in self.trials())
        if drawn >= most:
            return None
        name, seed = self._sampler
        kind = {"tpe": optuna.samplers.TPESampler, "random": optuna.samplers.RandomSampler}[name]
        # Seeded anew for each draw: an interrupted search draws what an uninterrupted one would have drawn.
        self._study.sampler = kind(seed=(seed + 7919 * drawn) % (1 << 32))
        number = self._study.ask({axis.name: _distribution(axis) for axis in self._space.axes}).number
        return self._storage.get_all_trials(self._id, deepcopy=False)[number]

    def _hold(self, trial: FrozenTrial) -> Held | None:
        """Make a trial this process's own; None where it turns out to need no run."""
        trial_id = self._storage.get_trial_id_from_study_id_trial_number(self._id, trial.number)
        self._note(trial_id, "worker", [socket.gethostname(), os.getpid()])
        self._note(trial_id, "alive", time.time())
        texts = trial.user_attrs.get("texts") or {name: str(value) for name, value in trial.params.items()}
        if texts.keys() != {axis.name for axis in self._space.axes}:  # its worker died while it was drawn
            self._study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
            return None
        self._note(trial_id, "texts", texts)
        try:
            training = self._space.training(texts)
        except EdgeSastError as error:
            self._note(trial_id, "name", trial.user_attrs.get("name", str(texts)))
            self._note(trial_id, "reason", str(error))
            self._study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
            return None
        self._note(trial_id, "name", training.name)
        if self._stands_twice(trial.number, training.name):
            self._note(trial_id, "duplicate", True)
            self._study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
            return None
        self._held[trial.number] = trial_id
        return Held(trial_id, trial.number, training)

    def _stands_twice(self, number: int, name: str) -> bool:
        """Whether two machines that began the same grid at once both added this training."""
        return not self._space.searching and any(
            trial.user_attrs["name"] == name and trial.number < number and trial.state != TrialState.FAIL
            for trial in self.trials()
        )


def _open_storage(folder: Path, url: str | None) -> optuna.storages.BaseStorage:
    if url:
        return optuna.storages.RDBStorage(url)
    return optuna.storages.JournalStorage(SweepJournal(folder / JOURNAL_NAME))


@contextmanager
def database_errors() -> Iterator[None]:
    """A database that cannot be written, or reached, as EdgeSastError."""
    try:
        yield
    except optuna.exceptions.StorageInternalError as error:
        reason = " ".join(str(error.__cause__ or error).split())
        raise EdgeSastError(f"--storage: {reason}; mend it, then the same command goes on") from error


def _check_same(folder: Path, found: dict[str, str], spec: dict[str, str]) -> None:
    for option in [*found, *spec]:
        before, now = found.get(option), spec.get(option)
        if before != now:
            begun = f"without {option}" if before is None else f"with {option} {before}"
            asked = "not without it" if now is None else "not with it" if before is None else f"not {now}"
            raise EdgeSastError(
                f"--out {folder}: this sweep was begun {begun}, {asked}; use the same options, or another --out"
            )


def _dead(trial: FrozenTrial) -> bool:
    """Whether the worker of a running trial is gone: its process, or its beat."""
    begun = trial.datetime_start.timestamp() if trial.datetime_start else 0.0
    if time.time() - trial.user_attrs.get("alive", begun) > GRACE_SECONDS:
        return True
    host, process = trial.user_attrs.get("worker", (None, 0))
    if host != socket.gethostname() or os.name != "posix":
        return False
    if process == os.getpid():
        return True  # an earlier process of that number: what this one runs, it knows
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


def _distribution(axis: Axis) -> BaseDistribution:
    if not axis.scale:
        return CategoricalDistribution(axis.texts)
    low, high = axis.texts
    if axis.whole:
        return IntDistribution(int(low), int(high), log=axis.scale == "log")
    return FloatDistribution(float(low), float(high), log=axis.scale == "log")
