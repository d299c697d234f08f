"""Random models and events: the core, simulated, equals the runtime in every value, whatever disturbs it."""

from __future__ import annotations

from itertools import cycle

import numpy as np
import pytest

from edge_sast.events.binning import Binning
from edge_sast.model.layers import Flatten
from edge_sast.model.model import Model
from firmware_gen.fpga.simulate import ICARUS, VERILATOR
from tests.firmware_gen.builds import everything_model
from tests.firmware_gen.fpga.cores import differences, export_core, make_inputs
from tests.firmware_gen.rtl_gen.edges import EDGES
from tests.firmware_gen.rtl_gen.shapes import conv, grouped, network
from tests.strategies import binned, random_model

LANES = (1, 2, 4, 8, 16)
SEEDS = (0, 5, 11, 12, 16, 21, 27, 33, 38, 44)
MANY = range(300)
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


def check(model: Model, lanes: int, seed: int, folder, simulator: str, streams: int, **how) -> None:
    build = export_core(model, folder / "build", lanes, count=1)
    recordings = binned(model, make_inputs(model, seed, streams, most=100))
    assert differences(build, simulator, model, recordings, **how).first is None


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize(("seed", "lanes"), list(zip(SEEDS, LANES * 2, strict=True)))
def test_random_models(tmp_path, seed, lanes):
    check(random_model(np.random.default_rng(seed)), lanes, seed, tmp_path, ICARUS, streams=1)


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("name", SHAPES)
def test_shapes(tmp_path, name):
    check(*SHAPES[name], 1, tmp_path, ICARUS, streams=1)


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


@pytest.mark.quality
@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("seed", MANY)
def test_many_random_models(tmp_path, seed):
    check(random_model(np.random.default_rng(seed)), LANES[seed % 5], seed, tmp_path, ICARUS, streams=2)


@pytest.mark.quality
@pytest.mark.needs("verilator", "g++", "make")
@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("seed", range(3))
def test_random_models_in_verilator(tmp_path_factory, seed, lanes):
    keep = tmp_path_factory.getbasetemp()
    model = random_model(np.random.default_rng([seed, lanes]))
    check(model, lanes, seed, tmp_path_factory.mktemp("core"), VERILATOR, 20, optimise="-O0", keep=keep)
