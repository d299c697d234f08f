"""The settings that the options of a training ask for."""

from __future__ import annotations

import argparse
import os
from dataclasses import fields, replace
from pathlib import Path

from edge_sast.errors import EdgeSastError
from trainer.settings.config import TrainConfig


def training_config(args: argparse.Namespace) -> TrainConfig:
    """The settings that the options of `edge-sast train` ask for."""
    values = {f.name: getattr(args, f.name) for f in fields(TrainConfig) if f.name != "method"}
    for name in ("data", "init"):
        values[name] = resolved(values[name])
    if values["teacher"] is not None:
        values["teacher"] = _joined(values["teacher"])
    given = {name: value for name, value in values.items() if value is not None}
    begun: TrainConfig | None = getattr(args, "begun", None)  # with --resume
    return (
        TrainConfig.of(args.method, **given) if begun is None else replace(begun, method=args.method, **given)
    )


def _joined(teachers: list[str]) -> str:
    """Raises EdgeSastError for a name that cannot be told from two."""
    for path in teachers:
        if os.pathsep in path:
            raise EdgeSastError(
                f"--teacher {path}: has a {os.pathsep!r} in its name, which parts several runs; rename the folder"
            )
    return os.pathsep.join(str(resolved(path)) for path in teachers)


def resolved(path: str | None) -> str | None:
    """A path from the root where something lies at it: a run may be gone on with from elsewhere."""
    return str(Path(path).resolve()) if path is not None and Path(path).exists() else path
