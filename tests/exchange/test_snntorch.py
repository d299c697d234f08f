"""Convolutions of snnTorch itself, by its default reset, one step later and behind the leak: its own spikes."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from edge_sast.events.binning import Binning
from edge_sast.exchange import nir_file
from edge_sast.exchange.nir_read import Reading, read_model
from edge_sast.exchange.rules import choose
from edge_sast.model.layers import Lif
from edge_sast.runtime import Simulator
from tests.exchange.nir_files import Cell, Layer, run, write_nir
from tests.exchange.test_as_run import network, spikes_of
from tests.strategies import binned

snntorch = pytest.importorskip("snntorch", reason="snnTorch is not installed: pip install snntorch")

STEPS, SIDE = 20, 10
GRID = Binning(SIDE, SIDE, 0, 1000, STEPS, 1)
BETAS = (15 / 16, 7 / 8, 1 - 1 / 4 - 1 / 16)


class Drawn:
    """Two convolutions and a linear layer of snnTorch's Leaky. on_grid: weights of 7 bits, else normal ones."""

    def __init__(self, seed: int, on_grid: bool) -> None:
        torch.manual_seed(seed)
        self.beta = BETAS[seed % len(BETAS)]
        self.weights: list[nn.Module] = [
            nn.Conv2d(2, 5, 3, padding=1),
            nn.Conv2d(5, 6, 3, stride=2, bias=False),
            nn.Sequential(nn.Flatten(), nn.Linear(6 * 4 * 4, 4)),
        ]
        for layer in self.weights:
            for parameter in layer.parameters():
                values = torch.randn_like(parameter) * (0.35 if parameter.ndim > 1 else 0.1) + 0.05
                parameter.data = (values * 64).round().clamp(-63, 63) / 64 if on_grid else values
        self.cells = [snntorch.Leaky(beta=self.beta, threshold=1.0) for _ in self.weights]

    @torch.no_grad()
    def run(self, counts: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Spikes and u of each layer [T, ...], channel first, of counts [T, H, W, 2]; by the tool's own modules."""
        membranes = [cell.init_leaky() for cell in self.cells]
        found: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in self.cells]
        for step in torch.from_numpy(counts).permute(0, 3, 1, 2)[:, None].float():
            flow = step
            for i, (layer, cell) in enumerate(zip(self.weights, self.cells, strict=True)):
                flow, membranes[i] = cell(layer(flow), membranes[i])
                found[i].append((flow[0].numpy().astype(np.uint8), membranes[i][0].numpy()))
        return [(np.stack([s for s, _ in each]), np.stack([u for _, u in each])) for each in found]

    def written(self, path: Path) -> Path:
        """The file, with the numbers that snnTorch's exporter gives its neurons."""
        tau = np.float32(1e-4) / np.float32(1 - self.beta)
        nodes: dict[str, Any] = {"in": ("Input", {"shape": np.array([2, SIDE, SIDE])})}
        extent = [(5, SIDE, SIDE), (6, 4, 4), (4,)]
        for i, (layer, shape) in enumerate(zip(self.weights, extent, strict=True)):
            if isinstance(layer, nn.Conv2d):
                bias = np.zeros(shape[0], np.float32) if layer.bias is None else layer.bias.detach().numpy()
                fields = {"weight": layer.weight.detach().numpy(), "bias": bias, "groups": 1}
                fields |= {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation}
                nodes[f"{i}"] = ("Conv2d", fields)
            else:
                linear = layer[1]  # type: ignore[index]
                fields = {"weight": linear.weight.detach().numpy(), "bias": linear.bias.detach().numpy()}
                nodes |= {"flat": ("Flatten", {"start_dim": 0, "end_dim": -1}), f"{i}": ("Affine", fields)}
            full = {"tau": tau, "r": tau / np.float32(1e-4), "v_threshold": 1, "v_leak": 0, "v_reset": 0}
            nodes[f"cell{i}"] = ("LIF", {name: np.full(shape, v, np.float32) for name, v in full.items()})
        nodes["out"] = ("Output", {"shape": np.array([4])})
        return write_nir(path, nodes, list(pairwise(nodes)))


def recording(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.random((STEPS, SIDE, SIDE, 2)) < 0.15).astype(np.uint8)


@pytest.mark.parametrize("seed", range(12))
def test_the_float_pass_gives_its_spikes(seed, tmp_path):
    for on_grid in (True, False):
        drawn, counts = Drawn(seed, on_grid), recording(seed)
        rules, _ = choose("snntorch", {})
        net = network(drawn.written(tmp_path / "net.nir"), rules, GRID)
        for mine, (tools, _) in zip(spikes_of(net, counts), drawn.run(counts), strict=True):
            assert tools.sum() > 10
            np.testing.assert_array_equal(mine.reshape(STEPS, -1), tools.reshape(STEPS, -1))


def first_difference(drawn: Drawn, counts: np.ndarray, path: Path) -> tuple[float, float] | None:
    """Of the first spike that differs: how far its u lies from the threshold, and how far leak and amount round."""
    rules, _ = choose("snntorch", {})
    model = read_model(nir_file.read(drawn.written(path)), Reading(rules), GRID, None).model
    trace, right = Simulator(model).trace(binned(model, [counts]), 0), drawn.run(counts)
    for step in range(STEPS):
        for place, (_, layer), (tools, u) in zip(trace.layers, model.weighted(), right, strict=True):
            different = trace.spikes[step, place.start : place.stop] != _channel_last(tools[step])
            if different.any():
                cell = layer.neuron
                assert isinstance(cell, Lif)
                rounded = (len(cell.leak_shifts) + 0.5) / (1 - drawn.beta) / cell.threshold.min()
                return float(np.abs(_channel_last(u[step])[different] - 1).max()), rounded
    return None


def _channel_last(values: np.ndarray) -> np.ndarray:
    return np.moveaxis(values, 0, -1).reshape(-1)


def test_integers_give_its_spikes_but_for_what_the_leak_rounds(tmp_path):
    """Where weights stand on a grid: a spike that differs had its membrane within the rounding of the threshold."""
    found = [
        first_difference(Drawn(seed, on_grid=True), recording(seed), tmp_path / "net.nir")
        for seed in range(12)
    ]
    assert all(off <= rounded < 2e-3 for off, rounded in filter(None, found)), found
    assert sum(each is None for each in found) >= 8


@pytest.mark.parametrize("beta", [1.0, 7 / 8, 1 / 2])
@torch.no_grad()
def test_its_subtraction_at_once_is_the_rule_that_is_written_out(beta):
    """A neuron for each size of weights, so that some are left above the threshold for ever, and some never."""
    rng = np.random.default_rng(6)
    weight = np.diag(2.0 ** np.arange(-2, 4))
    counts = rng.integers(0, 2, (20, 6))  # in as many steps float32 holds halves of halves
    cell = snntorch.Leaky(beta=beta, threshold=1.0, reset_delay=False)
    membrane, found = cell.init_leaky(), []
    for step in torch.from_numpy(counts @ weight).float():
        spikes, membrane = cell(step, membrane)
        found.append(spikes.numpy())
    rule = Cell(Fraction(beta), Fraction(1), 1.0, True, "snntorch subtract")
    [(_, right)] = run([Layer([("Linear", {"weight": weight})], rule)], counts, exact=True)
    at_once = Cell(Fraction(beta), Fraction(1), 1.0, True, "subtract")
    [(_, ours)] = run([Layer([("Linear", {"weight": weight})], at_once)], counts, exact=True)
    np.testing.assert_array_equal(np.array(found), right)
    assert (right[:, :3] == ours[:, :3]).all()  # of weights up to the threshold
    assert (right != ours).any()
