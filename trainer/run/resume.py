"""Whether a stored run may go on with what is given now: the same settings, recordings and first parameters.

Where they lie is no setting: recordings and parameters are compared by their contents.
"""

from __future__ import annotations

from pathlib import Path

from edge_sast.errors import EdgeSastError
from trainer.run.checkpoint import Checkpoint, Standing
from trainer.settings.checks import flag
from trainer.settings.config import PLACES


def check_same(folder: Path, stored: Checkpoint, now: Standing) -> list[str]:
    """One line for each place that has moved; `now` is what a checkpoint written now would say, whatever its epoch.

    Raises:
        EdgeSastError: naming what differs.
    """
    moved = _check_settings(folder, stored, now)
    if stored.binning != now.binning or stored.classes != now.classes:
        raise EdgeSastError(
            f"--resume: the data of {folder} had another sensor or classes; use the same data"
        )
    place, before = now.config.data, stored.config.data
    remedy = "restore them" if place == before else f"those were at {before}: give them with --data"
    for what, there, here in (
        ("recordings", stored.data, now.data),
        ("validation recordings", stored.valid, now.valid),
    ):
        if there and there != here:
            raise EdgeSastError(
                f"--resume: the {what} of --data {place} are not those that {folder} was trained on; {remedy}, or use "
                "another --out"
            )
    if stored.init and stored.init != now.init:
        raise EdgeSastError(
            f"--resume: --init {now.config.init} no longer holds the parameters that {folder} began with, those of "
            f"{stored.config.init} then; restore that run, or use another --out"
        )
    if stored.teacher != now.teacher:
        raise EdgeSastError(
            f"--resume: --teacher {now.config.teacher} no longer holds the parameters that taught {folder}, those of "
            f"{stored.config.teacher} then; restore what it held, or use another --out"
        )
    return moved


def _check_settings(folder: Path, stored: Checkpoint, now: Standing) -> list[str]:
    moved = []
    if now.config.layers != stored.config.layers:
        raise EdgeSastError(
            f"--resume: {folder} was begun with other layers, with rules of their own (--from "
            f"{stored.config.init}); give the same --from, or use another --out"
        )
    for name, value in vars(now.config).items():
        before = getattr(stored.config, name)
        if value == before:
            continue
        # Older checkpoints do not say what lay at --init.
        known = {"init": stored.init, "teacher": stored.teacher}.get(name, stored.data)
        if name not in PLACES or not (known and value and before):
            raise EdgeSastError(
                f"--resume: {flag(name)} is {value!r}, the checkpoint in {folder} was trained with {before!r}; use the "
                "same settings or another --out"
            )
        moved.append(f"{flag(name)} {value}: holds what {before} held when {folder} was trained")
    return moved
