"""tables.json says enough: a core that knows nothing else has every membrane and spike of the runtime."""

import json
from pathlib import Path

import numpy as np
import pytest

from edge_sast.events.binning import Binning
from edge_sast.model import modelfile
from edge_sast.model.layers import Conv2d, Flatten, Integrator, Linear, RecurrentLinear
from edge_sast.model.model import Model
from edge_sast.model.modelfile import dumps
from edge_sast.runtime import Simulator
from firmware_gen.rtl_gen.tables.read_back import load
from tests.firmware_gen.builds import everything_model, lif, weights
from tests.firmware_gen.rtl_gen.tables.folders import write_tables
from tests.firmware_gen.rtl_gen.tables.foreign_core import ForeignCore
from tests.strategies import binned, random_input, random_model

ROOT = Path(__file__).parents[4]
WIDTHS = (None, 7, 32)


def check(model, folder, lanes, word_bits, rng):
    write_tables(model, folder, lanes, word_bits)
    counts, simulator = random_input(rng, model), Simulator(model)
    trace, core = simulator.trace(binned(model, [counts]), 0), ForeignCore(folder)
    for step, taken in enumerate(counts):
        core.step(taken.reshape(-1))
        for layer in trace.layers:
            part = slice(layer.start, layer.stop)
            assert core.state[layer.index] == trace.membranes[step, part].tolist()
            assert core.spiked[layer.index] == np.flatnonzero(trace.spikes[step, part]).tolist()
    return int(trace.spikes.sum())


@pytest.mark.parametrize("lanes", [1, 2, 4, 8, 16])
def test_random_networks(lanes, tmp_path):
    spikes = 0
    for seed in range(12):
        rng = np.random.default_rng([lanes, seed])
        spikes += check(random_model(rng), tmp_path / "t", lanes, WIDTHS[seed % 3], rng)
    assert spikes > 100


def one_bit_model():
    """All weights are signs: lanes without one must be left out. Groups of 3 channels, which share words."""
    rng = np.random.default_rng(2)
    conv = Conv2d(weights(rng, 1, 3, 2, 2, 3), 1, lif(rng, 6, 3), 0, (1, 2), (1, 0), 2)
    own = RecurrentLinear(weights(rng, 1, 6 * 4 * 2, 5), weights(rng, 1, 5, 5), 1, lif(rng, 5, 9))
    last = Linear(weights(rng, 1, 5, 3), 1, Integrator([1, 0, -1], [5, 0, -5], (4,), 24))
    return Model(Binning(5, 4, 0, 1000, 5, 3), (conv, Flatten(), own, last), ("a", "b", "c"))


@pytest.mark.parametrize("lanes", [1, 2, 4, 8])
def test_weights_of_one_bit(lanes, tmp_path):
    model = one_bit_model()
    assert check(model, tmp_path / "t", lanes, None, np.random.default_rng(3)) > 20
    document = json.loads((tmp_path / "t" / "tables.json").read_text())
    assert document["memories"][0]["entry_bits"] == lanes
    assert dumps(load(tmp_path / "t").model) == dumps(model)


def test_the_example_of_the_page(tmp_path):
    model = modelfile.load(ROOT / "examples" / "nmnist-int8.safetensors")
    core = ForeignCore(write_tables(model, tmp_path / "t", 8))
    page = (ROOT / "docs" / "fpga.md").read_text()
    for name, entry in (("rows", 10), ("columns", 3), ("channels", 1)):
        values = " | ".join(map(str, core.memories[name].read(entry)))
        assert f"| `{name}` | {entry} | {values} |" in page
    layer = core.layers[0]
    connection = layer["connections"][0]
    assert (connection["row_pitch"], connection["column_pitch"]) == (20, 4)
    reached = [target for target, _ in core.fan_out(layer, connection, (10 * 34 + 3) * 2 + 1)]
    assert reached == [(row * 9 + 1) * 12 + channel for row in (2, 3) for channel in range(12)]


@pytest.mark.parametrize("lanes", [1, 4, 16])
def test_everything(lanes, tmp_path):
    assert check(everything_model(), tmp_path / "t", lanes, None, np.random.default_rng(1)) > 100
