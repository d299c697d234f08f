"""snnTorch's reset at once by subtraction: by its own rule, written out, and told where ours may give other spikes."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_sast.events.binning import Binning
from edge_sast.exchange import nir_file
from edge_sast.exchange.nir_read import Imported, Reading, read_model
from edge_sast.exchange.rules import choose
from edge_sast.runtime import Simulator
from tests.exchange.nir_files import Cell, Layer, run, write_nir
from tests.strategies import binned

STEPS, COLUMNS = 12, 3
GRID = Binning(COLUMNS, 1, 0, 1000, STEPS, 1)
RULES, _ = choose("snntorch", {"reset": "subtract"})
# What snnTorch writes for beta 1: no leak, and a gain of 1.
TAU = np.float32(np.inf)


def lif(threshold: float) -> tuple[str, dict[str, Any]]:
    return "LIF", {"tau": TAU, "r": TAU, "v_leak": 0.0, "v_reset": 0.0, "v_threshold": threshold}


def read(path: Path, nodes: dict[str, Any], grid: Binning = GRID) -> Imported:
    way = {"in": ("Input", {"shape": np.array([2 * grid.width])}), **nodes}
    last = nodes[[*nodes][-2]][1]["weight"]
    way["out"] = ("Output", {"shape": np.array([len(last)])})
    file = write_nir(path, way, list(pairwise(way)))
    return read_model(nir_file.read(file), Reading(RULES), grid, None)


def spikes(found: Imported, counts: np.ndarray) -> np.ndarray:
    """All layers side by side, [T, neurons], of counts [T, 1, columns, 2]."""
    return Simulator(found.model).trace(binned(found.model, [counts]), 0).spikes


def by_the_rule(layers: list[tuple[Any, float]], counts: np.ndarray, reset: str) -> np.ndarray:
    """The same of the tool. layers: weights and threshold of each."""
    cells = [
        Layer([("Linear", {"weight": weight})], Cell(Fraction(1), Fraction(1), threshold, True, reset))
        for weight, threshold in layers
    ]
    flat = counts.transpose(0, 3, 1, 2).reshape(len(counts), -1)
    return np.concatenate([fired for _, fired in run(cells, flat, exact=True)], axis=1)


def drawn(seed: int, largest: int) -> tuple[dict[str, Any], list[tuple[Any, float]], np.ndarray]:
    rng = np.random.default_rng(seed)
    first = rng.integers(-4, largest, (4, 2 * COLUMNS)) / 16
    second = rng.integers(-4, largest, (2, 4)) / 16
    nodes = {"a": ("Linear", {"weight": first}), "b": lif(1.0)}
    nodes |= {"c": ("Linear", {"weight": second}), "d": lif(0.5)}
    counts = rng.integers(0, 2, (STEPS, 1, COLUMNS, 2)).astype(np.uint8)
    return nodes, [(first, 1.0), (second, 0.5)], counts


def test_what_is_not_told_has_the_spikes_of_the_tool(tmp_path):
    quiet = told = 0
    for seed in range(40):
        nodes, layers, counts = drawn(seed, 4 if seed % 2 else 14)
        found = read(tmp_path / "net.nir", nodes)
        same = np.array_equal(spikes(found, counts), by_the_rule(layers, counts, "snntorch subtract"))
        if found.told:
            told += not same
        else:
            assert same, seed
            quiet += 1
    assert quiet > 10  # networks whose bound says that none is ever left above
    assert told > 5  # and of those that are told, spikes do differ


def test_a_membrane_beyond_twice_the_threshold(tmp_path):
    """3.5 once, above a threshold of 1: snnTorch spikes then and in the next step, and never again at 1.5."""
    weight = np.zeros((1, 2 * COLUMNS))
    weight[0, 0] = 3.5
    found = read(tmp_path / "net.nir", {"a": ("Linear", {"weight": weight}), "b": lif(1.0)})
    counts = np.zeros((STEPS, 1, COLUMNS, 2), np.uint8)
    counts[0, 0, 0, 0] = 1
    right = by_the_rule([(weight, 1.0)], counts, "snntorch subtract")
    assert right[:, 0].tolist() == [1, 1, *[0] * 10]
    assert spikes(found, counts)[:, 0].tolist() == [1, 1, 1, *[0] * 9]
    assert found.told == (
        "b: neurons could reach 4.5 times their threshold in a step; one that a reset leaves above the threshold "
        "spikes above twice the threshold in snnTorch (reset_delay=False), here above the threshold: spikes may "
        "differ from there on",
    )


@pytest.mark.parametrize(("weight", "told"), [(1.0, 0), (1.0625, 1)])
def test_the_bound_is_twice_the_threshold(weight, told, tmp_path):
    """A membrane lies at the threshold at most, to which one event adds a weight: twice it is not above twice it."""
    weights = np.zeros((1, 2 * COLUMNS))
    weights[0, 0] = weight
    found = read(tmp_path / "net.nir", {"a": ("Linear", {"weight": weights}), "b": lif(1.0)})
    assert len(found.told) == told


@pytest.mark.parametrize(
    ("nodes", "cap", "told"),
    [
        ({"p": ("SumPool2d", {"kernel_size": 2, "stride": 2, "padding": 0})}, 1, "could reach 3 times"),
        ({"p": ("AvgPool2d", {"kernel_size": 2, "stride": 2, "padding": 0})}, 1, None),
        ({"p": ("AvgPool2d", {"kernel_size": 2, "stride": 2, "padding": 0})}, 4, "could reach 3 times"),
        ({"p": ("Threshold", {"threshold": 0.5})}, 4, "could reach 5 times"),
    ],
)
def test_pools_and_counts_count(nodes, cap, told, tmp_path):
    """Half a threshold for each of what comes, of one channel: 4 of a pool, 1 of an average, 4 of it by 4 events."""
    side = 1 if nodes["p"][0] != "Threshold" else 2
    weights = np.zeros((1, 2 * side * side))
    weights[0, : side * side] = 0.5 if side == 1 else 1.0
    way = {"in": ("Input", {"shape": np.array([2, 2, 2])}), **nodes}
    way |= {"c": ("Flatten", {"start_dim": 0, "end_dim": -1}), "a": ("Linear", {"weight": weights})}
    way |= {"b": lif(1.0), "out": ("Output", {"shape": np.array([1])})}
    file = write_nir(tmp_path / "net.nir", way, list(pairwise(way)))
    found = read_model(nir_file.read(file), Reading(RULES), Binning(2, 2, 0, 1000, STEPS, cap), None)
    assert (told in found.told[0]) if told else (found.told == ())


@pytest.mark.parametrize(
    ("tool", "given"), [("snntorch", {}), ("snntorch", {"reset": "zero"}), ("norse", {"reset": "subtract"})]
)
def test_other_resets_and_tools_have_no_such_rule(tool, given, tmp_path):
    nodes, _, _ = drawn(0, 14)
    way = {"in": ("Input", {"shape": np.array([2 * COLUMNS])}), **nodes}
    if tool == "norse":
        way |= {"b": ("IF", {"r": 1.0, "v_threshold": 1.0}), "d": ("IF", {"r": 1.0, "v_threshold": 1.0})}
    way["out"] = ("Output", {"shape": np.array([2])})
    file = write_nir(tmp_path / "net.nir", way, list(pairwise(way)))
    rules, _ = choose(tool, given)
    assert read_model(nir_file.read(file), Reading(rules), GRID, None).told == ()
