"""Without a note an imported network gives the spikes of a tool that computes in float32, on grids of any step."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from edge_sast.events.binning import Binning
from edge_sast.exchange import nir_file
from edge_sast.exchange.nir_read import Reading, read_model
from edge_sast.exchange.rules import choose
from edge_sast.runtime import Simulator
from tests.exchange.nir_files import write_nir
from tests.strategies import binned

F32 = np.float32
INPUTS, TIME = 8, 24
STEPS = (0.1, 0.3, 0.05, 0.7, 0.01, 1 / 16, 1 / 128, 1.0, 3.0, 100.0, 1000.0, 256.0, 1 / 3)


def drawn(rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, str]]:
    """Weights [outputs, INPUTS], bias, r, v_threshold and v_reset as float32, and the rules."""
    step, outputs = rng.choice(STEPS), int(rng.integers(1, 4))
    reset = str(rng.choice(["zero", "subtract"]))
    bottom = 0.0 if reset == "subtract" else rng.choice([0, 0, 0, 0.1, -0.7, 0.25, 10, -1])
    r = rng.choice([1, 1, 1, 0.1, 0.5, 0.3, 2, 0.4])
    top = F32(bottom) + F32(rng.choice([1, 2, 3, 5, 7, 10, 1.5, 2.5, 20, 50.25]) * step * r)
    fields = {
        "weight": (rng.integers(-2, 6, (outputs, INPUTS)) * step).astype(F32),
        "bias": (rng.choice([0, 0, 0, 1, 0.5, 2, 0.25, 3], outputs) * step).astype(F32),
        **{"r": F32(r), "v_threshold": F32(top), "v_reset": F32(bottom)},
    }
    return fields, {"reset": reset, "threshold": str(rng.choice(["ge", "gt"]))}


def in_floats(own: dict[str, Any], given: dict[str, str], counts: np.ndarray) -> np.ndarray:
    """Spikes [TIME, outputs], each sum and product rounded to float32 as it comes."""
    membranes = np.full(len(own["bias"]), own["v_reset"])
    spikes = []
    for count in counts:
        current = np.zeros_like(membranes)
        for column, arrived in zip(own["weight"].T, count, strict=True):
            current = current + column * F32(arrived)
        membranes = membranes + (current + own["bias"]) * own["r"]
        above = (
            membranes > own["v_threshold"] if given["threshold"] == "gt" else membranes >= own["v_threshold"]
        )
        after = own["v_reset"] if given["reset"] == "zero" else membranes - own["v_threshold"]
        spikes.append(above)
        membranes = np.where(above, after, membranes)
    assert membranes.dtype == F32
    return np.array(spikes)


@pytest.mark.parametrize("first", [0, 200, 400])
def test_what_has_no_note_is_the_same(first, tmp_path):
    silent = 0
    for seed in range(first, first + 200):
        rng = np.random.default_rng(seed)
        own, given = drawn(rng)
        nodes = {
            "in": ("Input", {"shape": np.array([INPUTS])}),
            "a": ("Affine", {name: own[name] for name in ("weight", "bias")}),
            "b": ("IF", {name: own[name] for name in ("r", "v_threshold", "v_reset")}),
            "out": ("Output", {"shape": np.array([len(own["bias"])])}),
        }
        graph = nir_file.read(write_nir(tmp_path / "net.nir", nodes, list(pairwise(nodes))))
        rules, _ = choose("spikingjelly", {"if_gain": "r", **given})
        found = read_model(graph, Reading(rules), Binning(2, 2, 0, 1000, TIME, 1), None)
        if found.told:
            continue
        silent += 1
        counts = (rng.random((TIME, 2, 2, 2)) < 0.4).astype(np.uint8)
        spikes = Simulator(found.model).trace(binned(found.model, [counts]), 0).spikes
        wanted = in_floats(own, given, counts.transpose(0, 3, 1, 2).reshape(TIME, -1))
        np.testing.assert_array_equal(spikes, wanted, err_msg=str((seed, own, given)))
    assert silent > 30
