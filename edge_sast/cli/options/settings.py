"""The settings that the options of a training ask for."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

from trainer.settings.config import TrainConfig


def training_config(args: argparse.Namespace) -> TrainConfig:
    """The settings that the options of `edge-sast train` ask for."""
    values = {f.name: getattr(args, f.name) for f in fields(TrainConfig) if f.name != "method"}
    for name in ("data", "init"):
        if values[name] is not None and Path(values[name]).exists():
            values[name] = str(Path(values[name]).resolve())
    return TrainConfig.of(args.method, **{n: v for n, v in values.items() if v is not None})
