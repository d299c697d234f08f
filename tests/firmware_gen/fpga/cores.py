"""Folders with the Verilog of a model, and how tests run it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

import firmware_gen
from edge_sast.events.binned import BinnedEvents
from edge_sast.model.model import Model
from firmware_gen.fpga.simulate import simulation
from firmware_gen.rtl_gen.plan import RtlPlan
from firmware_gen.verify.core import Core, compare_core
from firmware_gen.verify.verify import Tally
from tests.strategies import random_input

RTL = Path(firmware_gen.__file__).parent / "rtl"


def write_rtl(model: Model, lanes: int, folder: Path) -> Path:
    """The core, its constants and its tables, in a new folder."""
    plan = RtlPlan(model, lanes)
    shutil.copytree(RTL, folder)
    (folder / "sast_params.vh").write_text(plan.vh())
    for image in plan.images:
        digits = -(-image.width // 4)
        (folder / f"{image.name}.mem").write_text("".join(f"{word:0{digits}x}\n" for word in image.words))
    return folder


def differences(rtl: Path, simulator: str, model: Model, recordings: BinnedEvents, **build) -> Tally:
    """What a simulation of `rtl` and the runtime disagree in, undisturbed and disturbed."""
    tally = Tally()
    with simulation(rtl, simulator, **build) as simulated:
        compare_core(Core.of(simulated, simulator, model), recordings, tally)
    return tally


def make_inputs(model: Model, seed: int, streams: int, most: int = 400) -> list[np.ndarray]:
    """Counts [T, H, W, 2]: none, every input at its cap, and random ones; of `most` events a step, about, at most."""
    rng = np.random.default_rng([seed, 1])
    grid = model.binning
    shape = (grid.steps, grid.height, grid.width, 2)
    crowded = np.full(shape, grid.count_cap, np.uint8)
    inputs = [np.zeros(shape, np.uint8), crowded, *(random_input(rng, model) for _ in range(streams))]
    return [_thinned(rng, counts, most) for counts in inputs]


def _thinned(rng: np.random.Generator, counts: np.ndarray, most: int) -> np.ndarray:
    share = most * len(counts) / max(int(counts.sum(dtype=np.int64)), 1)
    return counts if share >= 1 else np.where(rng.random(counts.shape) < share, counts, np.uint8(0))
