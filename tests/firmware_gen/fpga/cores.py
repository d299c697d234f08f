"""Folders with the Verilog of a model, and what its simulation and the runtime disagree in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edge_sast.events.binned import BinnedEvents
from edge_sast.model.model import Model
from firmware_gen.build.folder import write_folder
from firmware_gen.fpga.simulate import simulation
from firmware_gen.fpga.tables import parameter
from firmware_gen.rtl_gen.target import Room, generate
from firmware_gen.verify.core import Core, compare_core
from firmware_gen.verify.verify import Tally
from tests.strategies import random_input


def export_core(model: Model, folder: Path, lanes: int, count: int = 3, running: bool = False) -> Path:
    write_folder(generate(model, None, lanes, count=count, room=Room(running=running)), folder)
    return folder


def differences(build: Path, simulator: str, model: Model, recordings: BinnedEvents, **how: Any) -> Tally:
    """Undisturbed and disturbed. how: see simulation(). Recordings of other steps are for a core in running state."""
    tally, running = Tally(), parameter(build / "rtl", "RUNNING") != 0
    with simulation(build / "rtl", simulator, **how) as simulated:
        model = replace(model, binning=recordings.binning)
        compare_core(Core.of(simulated, simulator, model, running), recordings, tally)
    return tally


def make_inputs(model: Model, seed: int, streams: int, most: int = 400) -> list[np.ndarray]:
    """Counts [T, H, W, 2]: none, all inputs at their cap, random ones; of `most` events in a step, about, at most."""
    rng = np.random.default_rng([seed, 1])
    grid = model.binning
    shape = (grid.steps, grid.height, grid.width, 2)
    crowded = np.full(shape, grid.count_cap, np.uint8)
    inputs = [np.zeros(shape, np.uint8), crowded, *(random_input(rng, model) for _ in range(streams))]
    return [_thinned(rng, counts, most) for counts in inputs]


def _thinned(rng: np.random.Generator, counts: np.ndarray, most: int) -> np.ndarray:
    share = most * len(counts) / max(int(counts.sum(dtype=np.int64)), 1)
    return counts if share >= 1 else np.where(rng.random(counts.shape) < share, counts, np.uint8(0))
