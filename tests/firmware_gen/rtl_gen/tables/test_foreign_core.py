"""tables.json says enough: a core that knows nothing else has every membrane and spike of the runtime."""

import numpy as np
import pytest

from edge_sast.runtime import Simulator
from tests.firmware_gen.builds import everything_model
from tests.firmware_gen.rtl_gen.tables.folders import write_tables
from tests.firmware_gen.rtl_gen.tables.foreign_core import ForeignCore
from tests.strategies import binned, random_input, random_model

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


@pytest.mark.parametrize("lanes", [1, 4, 16])
def test_everything(lanes, tmp_path):
    assert check(everything_model(), tmp_path / "t", lanes, None, np.random.default_rng(1)) > 100
