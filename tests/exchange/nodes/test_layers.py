"""Which axes of a Flatten are all axes: beside what PyTorch's flatten makes of them, with and without a batch axis."""

from __future__ import annotations

from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.exchange import nir_file
from edge_sast.exchange.nir_read import Imported, Reading, read_model, read_reals
from edge_sast.exchange.rules import choose
from edge_sast.runtime import Simulator
from tests.exchange.nir_files import Cell, Layer, run, write_nir
from tests.strategies import binned

DIMS = range(-5, 6)
COLUMNS, STEPS = 4, 6
RULES, _ = choose("norse", {})
IF = ("IF", {"r": 1.0, "v_threshold": 1.0})
ROWS = {"Conv1d": 1, "Conv2d": 3}


def conv(kind: str, rng: np.random.Generator) -> tuple[str, dict[str, Any]]:
    """Three channels, of which each place stays."""
    weight = rng.integers(-3, 6, (3, 2, *[1] * int(kind[-2]))) / 4
    return kind, {"weight": weight, "bias": rng.integers(0, 3, 3) / 8, **ONE}


ONE = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}


def nodes_of(kind: str, start: int, end: int, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    shape = [2, COLUMNS] if kind == "Conv1d" else [2, ROWS[kind], COLUMNS]
    weight = rng.integers(-3, 5, (2, 3 * ROWS[kind] * COLUMNS)) / 4
    nodes = {"in": ("Input", {"shape": np.array(shape)}), "a": conv(kind, rng), "b": IF}
    nodes |= {"c": ("Flatten", {"start_dim": start, "end_dim": end}), "d": ("Linear", {"weight": weight})}
    return {**nodes, "e": IF, "out": ("Output", {"shape": np.array([2])})}


def read(path: Path, nodes: dict[str, Any], rows: int) -> Imported:
    file = write_nir(path, nodes, list(pairwise(nodes)))
    return read_model(nir_file.read(file), Reading(RULES), Binning(COLUMNS, rows, 0, 1000, STEPS, 1), None)


def takes_all(shape: tuple[int, ...], start: int, end: int) -> bool:
    """Whether PyTorch leaves one axis of such a tensor, or one behind its batch axis, where it takes the numbers."""
    for batch in ((), (1,)):
        try:
            left = torch.flatten(torch.zeros(*batch, *shape), start, end).shape
        except (IndexError, RuntimeError):
            continue
        if len(left) == 1 or (batch and len(left) == 2 and left[0] == 1):
            return True
    return False


@pytest.mark.parametrize("kind", ROWS)
def test_all_pairs_that_mean_everything_and_no_others_are_taken(kind, tmp_path):
    shape = (3, COLUMNS) if kind == "Conv1d" else (3, ROWS[kind], COLUMNS)
    grid, taken = Binning(COLUMNS, ROWS[kind], 0, 1000, STEPS, 1), 0
    nodes = nodes_of(kind, 0, -1)
    graph = nir_file.read(write_nir(tmp_path / "net.nir", nodes, list(pairwise(nodes))))
    for start, end in product(DIMS, DIMS):
        graph.nodes["c"].fields.update(start_dim=start, end_dim=end)
        if takes_all(shape, start, end):
            read_reals(graph, Reading(RULES), grid)
            taken += 1
            continue
        axes = len(shape)
        with pytest.raises(EdgeSastError) as refused:
            read_reals(graph, Reading(RULES), grid)
        assert str(refused.value) == (
            f"node 'c' (Flatten): start_dim {start} and end_dim {end} flatten only some of {axes} axes; flatten all of "
            f"them: start_dim 0 and end_dim {axes - 1}, or 1 and {axes} behind a batch axis"
        )
    assert taken > 8


@pytest.mark.parametrize(("kind", "start", "end"), [("Conv1d", 0, 1), ("Conv1d", -2, 2), ("Conv2d", -3, -1)])
def test_every_spike_behind_it_is_the_oracles(kind, start, end, tmp_path):
    fired = 0
    for seed in range(4):
        nodes = nodes_of(kind, start, end, seed)
        model = read(tmp_path / "net.nir", nodes, ROWS[kind]).model
        rng = np.random.default_rng(seed)
        counts = rng.integers(0, 2, (STEPS, ROWS[kind], COLUMNS, 2)).astype(np.uint8)
        channel_first = counts.transpose(0, 3, 1, 2)
        cell = Cell(1, 1, 1.0, True, "zero")  # type: ignore[arg-type]
        layers = [Layer([nodes["a"]], cell), Layer([nodes["c"], nodes["d"]], cell)]
        right = run(layers, channel_first[:, :, 0] if kind == "Conv1d" else channel_first, exact=True)
        trace = Simulator(model).trace(binned(model, [counts]), 0)
        last = trace.layers[-1]
        np.testing.assert_array_equal(trace.spikes[:, last.start : last.stop], right[-1][1])
        fired += int(right[-1][1].sum())
    assert fired > 4


@pytest.mark.parametrize(
    ("shape", "end", "axes"),
    [([2, COLUMNS], 1, 2), ([1, 2, COLUMNS], 1, 2), ([2, 1, COLUMNS], 2, 3), ([1, 2, 1, COLUMNS], 2, 3)],
)
def test_an_input_of_one_row_has_as_many_axes_as_its_shape(shape, end, axes, tmp_path):
    nodes = {
        "in": ("Input", {"shape": np.array(shape)}),
        "c": ("Flatten", {"start_dim": 0, "end_dim": end}),
        "d": ("Linear", {"weight": np.ones((2, 2 * COLUMNS))}),
        "e": IF,
        "out": ("Output", {"shape": np.array([2])}),
    }
    read(tmp_path / "net.nir", nodes, 1)
    nodes["c"] = ("Flatten", {"start_dim": 0, "end_dim": 3 - end})
    if axes == 3:  # of channels and rows only
        with pytest.raises(EdgeSastError, match=r"start_dim 0 and end_dim 1 flatten only some of 3 axes"):
            read(tmp_path / "net.nir", nodes, 1)
    else:  # of a batch, channels and columns
        read(tmp_path / "net.nir", nodes, 1)


def test_an_input_that_does_not_say_its_axes_has_rows(tmp_path):
    nodes = nodes_of("Conv1d", 0, 1)
    nodes["in"] = ("Input", {})
    read(tmp_path / "net.nir", nodes, 1)  # behind a Conv1d there are none
    nodes.pop("a"), nodes.pop("b")
    nodes["d"] = ("Linear", {"weight": np.ones((2, 2 * COLUMNS))})
    with pytest.raises(EdgeSastError, match=r"start_dim 0 and end_dim 1 flatten only some of 3 axes"):
        read(tmp_path / "net.nir", nodes, 1)
