"""A model for the recordings of recordings.py, made by hand: it spikes, and needs no training."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge_sast.events.binning import Binning
from edge_sast.model import modelfile
from edge_sast.model.layers import Conv2d, Flatten, Integrator, Lif, Linear, OrPool
from edge_sast.model.model import Model
from tests.cli.recordings import DT_US, SIDE, STEPS

CLASSES = ("column", "diagonal", "row")


def line_model(classes: tuple[str, ...] = CLASSES) -> Model:
    """Conv 4x3x3, or_pool 4, linear 3; seeded random weights."""
    rng = np.random.default_rng(0)
    none = np.zeros(4, int)
    lif = Lif(np.full(4, 9), none, none, (3,), "zero", 8)
    conv = Conv2d(rng.integers(-4, 8, (3, 3, 2, 4)), 4, lif, stride=(2, 2), padding=(1, 1))
    zeros = np.zeros(len(classes), int)
    linear = Linear(rng.integers(-8, 8, (64, len(classes))), 4, Integrator(zeros, zeros, (), 16))
    grid = Binning(SIDE, SIDE, 0, DT_US, STEPS, 1)
    return Model(grid, (conv, OrPool(4), Flatten(), linear), classes, "tests")


def save_line_model(folder: Path, classes: tuple[str, ...] = CLASSES) -> str:
    path = folder / "model.safetensors"
    modelfile.save(line_model(classes), path)
    return str(path)
