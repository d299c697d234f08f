"""Random models and events: the core, simulated, equals the runtime in every value, whatever disturbs it."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest

from edge_sast.events.binning import Binning
from edge_sast.model.layers import Flatten
from edge_sast.model.model import Model
from edge_sast.model.running import running_model
from firmware_gen.fpga.simulate import ICARUS, VERILATOR
from firmware_gen.verify.core import twice
from tests.firmware_gen.builds import everything_model
from tests.firmware_gen.fpga.cores import differences, export_core, make_inputs
from tests.firmware_gen.rtl_gen.edges import EDGES
from tests.firmware_gen.rtl_gen.shapes import conv, grouped, network
from tests.strategies import binned, random_model

LANES = (1, 2, 4, 8, 16)
SEEDS = (0, 5, 11, 12, 16, 21, 27, 33, 38, 44)
RUNNING = ((9, 2, 1), (5, 1, 14), (11, 4, 3), (39, 8, 5), (38, 16, 2))  # seed, lanes, leak
RUNNING_NETWORKS = 40
NETWORKS = 300
# What those models have not, and the lanes with which they have it.
GRID = Binning(3, 3, 0, 1000, 2, 2)
SHAPES = {
    "chunks, wide membranes in the last layer": (
        network(lambda shape: conv(shape, 4), grouped(2, 5), grid=GRID),
        2,
    ),
    "chunks, lanes in the table": (network(lambda shape: conv(shape, 6, (2, 2)), grouped(2), grid=GRID), 4),
    "recurrent, of several words": (network(Flatten(), -9, 11, grid=GRID), 8),
    "runs shorter than the banks are many": (network(Flatten(), 3, grid=GRID), 16),
    "rows of several words, the last not whole": (
        network(lambda shape: conv(shape, 11, padding=(1, 1)), grid=GRID),
        8,
    ),
}


def check(
    model: Model, lanes: int, seed: int, folder, simulator: str, streams: int, running: bool = False, **how
) -> None:
    """running: a core that ends no recording; each is followed by itself."""
    build = export_core(model, folder / "build", lanes, count=1, running=running)
    recordings = binned(model, make_inputs(model, seed, streams, most=100))
    recordings = twice(recordings) if running else recordings
    assert differences(build, simulator, model, recordings, **how).first is None


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize(("seed", "lanes"), list(zip(SEEDS, LANES * 2, strict=True)))
def test_random_models(tmp_path, seed, lanes):
    check(random_model(np.random.default_rng(seed)), lanes, seed, tmp_path, ICARUS, streams=1)


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("name", SHAPES)
def test_shapes(tmp_path, name):
    check(*SHAPES[name], 1, tmp_path, ICARUS, streams=1)


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize(("seed", "lanes", "leak"), RUNNING)
def test_random_models_in_running_state(tmp_path, seed, lanes, leak):
    model = running_model(random_model(np.random.default_rng(seed)), leak)
    check(model, lanes, seed, tmp_path, ICARUS, streams=1, running=True)


@pytest.mark.needs("verilator", "g++", "make")
def test_one_of_everything(tmp_path):
    check(everything_model(), 8, 1, tmp_path, VERILATOR, streams=6, optimise="-O0")


@pytest.mark.needs("iverilog")
def test_membranes_narrower_than_weights(tmp_path):
    check(EDGES["a membrane of 5 bits, weights of 8"], 2, 1, tmp_path, ICARUS, streams=1)


@pytest.mark.quality
@pytest.mark.needs("iverilog")
@pytest.mark.parametrize(("name", "lanes"), list(zip(EDGES, cycle(LANES), strict=False)))
def test_models_at_the_bounds(tmp_path, name, lanes):
    check(EDGES[name], lanes, 1, tmp_path, ICARUS, streams=2)


def random_network(seed: int, folder: Path, simulator: str, keep: Path | None = None) -> int:
    """Network `seed`, with its lanes, in one simulator; how many recordings were compared, each also disturbed."""
    model = random_model(np.random.default_rng(seed))
    build = export_core(model, folder / "build", LANES[seed % len(LANES)], count=1)
    recordings = binned(model, make_inputs(model, seed, streams=2, most=100))
    tally = differences(build, simulator, model, recordings, optimise="-O0", keep=keep)
    assert tally.first is None, f"network {seed} in {simulator}: {tally.first}"
    return len(recordings)


@pytest.mark.quality
@pytest.mark.needs("iverilog", "verilator", "g++", "make")
def test_three_hundred_random_networks(tmp_path, capsys):
    """Each in Icarus, every fifth of each number of lanes in Verilator too, which compiles as long as many run.

    Each recording undisturbed, and with gaps and back-pressure after clears and resets in the middle of it.
    """
    begun, compared = time.monotonic(), Counter[tuple[str, int]]()
    recordings = 0
    for seed in range(NETWORKS):
        for simulator in (ICARUS, VERILATOR) if in_verilator(seed) else (ICARUS,):
            folder = tmp_path / f"{seed}-{simulator}"
            recordings += random_network(seed, folder, simulator, tmp_path)
            compared[simulator, LANES[seed % len(LANES)]] += 1
            shutil.rmtree(folder)
    minutes = (time.monotonic() - begun) / 60
    with capsys.disabled():
        print(
            f"\n{NETWORKS} random networks, {recordings} recordings, 0 differences, {minutes:.0f} min: {dict(compared)}"
        )
    for lanes in LANES:
        assert compared[ICARUS, lanes] >= 60, lanes
        assert compared[VERILATOR, lanes] >= 12, lanes
    assert recordings >= 4 * 360


@pytest.mark.quality
@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("seed", range(RUNNING_NETWORKS))
def test_random_networks_in_running_state(tmp_path, seed):
    model = running_model(random_model(np.random.default_rng(seed)), 1 + seed % 14)
    check(model, LANES[seed % 5], seed, tmp_path, ICARUS, streams=2, running=True)


def in_verilator(seed: int) -> bool:
    return seed % len(LANES) == seed // len(LANES) % len(LANES)
