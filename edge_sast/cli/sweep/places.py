"""What lies where the --data, --init and --teacher of a sweep point: compared by contents when a sweep goes on.

Finished trials keep their figures, so a sweep must not go on with other recordings under the same path; with the same
ones under another path it may.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from edge_sast.cli.sweep.space import Space, Training
from edge_sast.cli.sweep.study import Ledger
from edge_sast.datasets.open import open_dataset
from edge_sast.datasets.sources.windows import WindowedDataset
from edge_sast.errors import EdgeSastError
from edge_sast.terminal import echo
from trainer.run import checkpoint, teacher
from trainer.settings.checks import flag
from trainer.settings.config import PLACES, TrainConfig
from trainer.workers import workers as parallel

WHAT = {"data": "recordings", "init": "parameters", "teacher": "parameters"}


def compare(folder: Path, ledger: Ledger, space: Space, trainings: Sequence[Training]) -> bool:
    """Note what lies at the places of these trainings, or compare it with what was noted; whether something has moved.

    Where it has, `space` goes on to name trainings by the place that the sweep was begun with.

    Raises:
        EdgeSastError: a place that holds something else than when the sweep was begun.
    """
    noted, varied = ledger.contents(), {axis.name for axis in space.axes}
    for name in PLACES:
        before = noted.setdefault(name, {})
        for path, digest in _contents(name, space, trainings).items():
            home = path if path in before or name in varied else next(iter(before), path)
            if before.setdefault(home, digest) != digest:
                there = f"those of {home}" if home != path else "those it was begun with"
                raise EdgeSastError(
                    f"--out {folder}: the {WHAT[name]} of {flag(name)} {path} are not {there}, which its trials are "
                    "trained with; give those, or use another --out"
                )
            if home != path:
                space.known_as[name, path] = home
                echo(f"{flag(name)} {path}: holds what {home} held when {folder} was begun", error=True)
    ledger.note_contents(noted)
    return bool(space.known_as)


def _contents(name: str, space: Space, trainings: Sequence[Training]) -> dict[str, str]:
    """Path -> digest of what lies there, of all places that the trainings name."""
    configs = {getattr(training.config, name): training.config for training in trainings}
    digest = {"data": _recordings, "init": _parameters, "teacher": _teachers}[name]
    return {path: digest(config, space) for path, config in configs.items() if path is not None}


def _recordings(config: TrainConfig, space: Space) -> str:
    """Of what a training reads, whole, however the trainings cut and bin it."""
    download_dir = space.fixed.get("download_dir")
    dataset = open_dataset(config.data, download_dir=download_dir, window_us=config.window_us)
    if isinstance(dataset, WindowedDataset):
        dataset = dataset.whole
    read = [name for name in ("train", "valid") if name in dataset.splits] or dataset.splits[:1]
    return hashlib.sha256(repr([dataset.fingerprint(name) for name in read]).encode()).hexdigest()


def _parameters(config: TrainConfig, _space: Space) -> str:
    assert config.init is not None
    return parallel.digest(checkpoint.load(Path(config.init)).network().state_dict())


def _teachers(config: TrainConfig, _space: Space) -> str:
    return teacher.digest([checkpoint.load(Path(path)).network() for path in config.teachers])
