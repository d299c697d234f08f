"""Random NIR networks, written as tools write them, against a slow oracle in fractions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_sast.events.binning import Binning
from edge_sast.exchange import nir_file
from edge_sast.exchange.nir_read import Reading, read_model
from edge_sast.exchange.rules import choose
from edge_sast.model.layers import Lif
from edge_sast.runtime import Simulator
from tests.exchange.nir_files import Cell, Layer, run, write_nir
from tests.strategies import binned

STEPS = 8
F32 = np.float32


@dataclass
class Drawn:
    """A network, its file's nodes in their order, and the options that tell its rules."""

    layers: list[Layer]
    nodes: list[tuple[str, dict[str, Any]]]
    options: dict[str, Any]
    tool: str
    rows: int
    columns: int
    cap: int
    feedback: dict[int, np.ndarray]  # place of a neuron in `nodes`: weight of its way back


class Drawer:
    """leaky: whether neurons have one, which rounds; then spikes may differ near the threshold."""

    def __init__(self, seed: int, leaky: bool) -> None:
        self.rng, self.leaky = np.random.default_rng(seed), leaky
        rng = self.rng
        self.tool = str(rng.choice(["snntorch", "norse", "spikingjelly", "sinabs"]))
        resets = ["zero", "subtract", *(["subtract-later"] if self.tool == "snntorch" else [])]
        self.reset = str(rng.choice(resets))
        self.options = {"reset": self.reset, "spikes": "one"}
        self.feeds_back = (self.tool, self.reset) != ("snntorch", "zero")
        self.strict = self.tool in ("snntorch", "norse")

    def network(self) -> Drawn:
        rng = self.rng
        rows, columns, cap = int(rng.integers(4, 8)), int(rng.integers(4, 8)), int(rng.choice([1, 1, 3]))
        drawn = Drawn([], [], self.options, self.tool, rows, columns, cap, {})
        shape: tuple[int, ...] = (2, rows, columns)
        for _ in range(int(rng.integers(0, 3))):
            shape = self.spatial(drawn, shape)
        self.dense(drawn, shape, int(rng.integers(3, 7)), flatten=True)
        self.dense(drawn, drawn.layers[-1].cell.threshold.shape, int(rng.integers(2, 5)))
        return drawn

    def weights(self, shape: tuple[int, ...], step: float | None = None) -> np.ndarray:
        step = step or 2.0 ** -int(self.rng.integers(2, 6))
        return (self.rng.integers(-15, 18, shape) * step).astype(F32)

    def spatial(self, drawn: Drawn, shape: tuple[int, ...]) -> tuple[int, ...]:
        rng = self.rng
        before: list[tuple[str, dict[str, Any]]] = []
        channels, rows, columns = shape
        if min(rows, columns) >= 4 and rng.random() < 0.6:
            kind = str(rng.choice(["SumPool2d", "AvgPool2d"]))
            size = int(rng.integers(2, 4)) if min(rows, columns) >= 6 else 2
            pair = np.array([size, size]) if rng.random() < 0.5 else size
            before.append((kind, {"kernel_size": pair, "stride": pair, "padding": 0}))
            rows, columns = rows // size, columns // size
        if rng.random() < 0.3:
            before.append(
                ("Scale", {"scale": F32(0.5) if rng.random() < 0.5 else np.full(channels, 0.25, F32)})
            )
        groups = 2 if channels % 2 == 0 and rng.random() < 0.4 else 1
        out, pad, stride = int(rng.integers(1, 3)) * groups, int(rng.integers(0, 2)), int(rng.integers(1, 3))
        kernel = (min(int(rng.integers(1, 4)), rows), min(int(rng.integers(1, 4)), columns))
        padding: Any = np.array([min(pad, kernel[0] - 1), min(pad, kernel[1] - 1)])
        if rng.random() < 0.3:
            padding, stride = "same", 1
        ends = [
            (k - 1, 0) if isinstance(padding, str) else (2 * int(p), 0)
            for k, p in zip(kernel, [0, 0], strict=True)
        ]
        if not isinstance(padding, str):
            ends = [(2 * int(p), 0) for p in padding]
        sizes = [(n + e[0] - k) // stride + 1 for n, e, k in zip((rows, columns), ends, kernel, strict=True)]
        before.append(
            (
                "Conv2d",
                {
                    "weight": self.weights((out, channels // groups, *kernel)),
                    "bias": self.weights((out,)),
                    "stride": np.array([stride, stride]),
                    "padding": padding,
                    "dilation": np.array([1, 1]),
                    "groups": groups,
                    "input_shape": np.array([rows, columns]),
                },
            )
        )
        self.place(drawn, before, (out, *sizes))
        return (out, *sizes)

    def dense(self, drawn: Drawn, shape: tuple[int, ...], size: int, flatten: bool = False) -> None:
        before: list[tuple[str, dict[str, Any]]] = []
        if flatten:
            before.append(("Flatten", {"start_dim": 0, "end_dim": -1}))
        inputs = int(np.prod(shape))
        recurrent = self.weights((size, size), 0.125) if self.feeds_back and self.rng.random() < 0.3 else None
        weight = self.weights((size, inputs), None if recurrent is None else 0.125)
        if self.rng.random() < 0.5:
            before.append(("Linear", {"weight": weight}))
        else:
            before.append(("Affine", {"weight": weight, "bias": self.weights((size,))}))
        self.place(drawn, before, (size,), recurrent)

    def place(
        self,
        drawn: Drawn,
        before: list[tuple[str, dict[str, Any]]],
        shape: tuple[int, ...],
        weight: np.ndarray | None = None,
    ) -> None:
        """The nodes, and a neuron in the numbers of its tool."""
        rng = self.rng
        lost = Fraction(0)
        if self.leaky:
            first = int(rng.integers(1, 5))
            lost = Fraction(1, 1 << first) + (
                Fraction(1, 1 << first + int(rng.integers(1, 4))) if rng.random() < 0.3 else 0
            )
        threshold = rng.choice([0.5, 1.0, 1.5, 2.0], shape[0])
        kind, fields, gain = self.neuron(lost)
        full = rng.random() < 0.6
        fields["v_threshold"] = np.broadcast_to(threshold.reshape(-1, *[1] * (len(shape) - 1)), shape).astype(
            F32
        )
        if not full:
            threshold[:] = threshold[0]
            fields["v_threshold"] = F32(threshold[0])
        for name in ("tau", "r", "v_leak", "v_reset"):
            if name in fields:
                fields[name] = np.full(shape, fields[name], F32) if full else F32(fields[name])
        reset = self.reset.replace("-", " ")
        cell = Cell(1 - lost, gain, threshold, self.strict, reset)
        drawn.layers.append(Layer(list(before), cell, weight))
        if weight is not None:
            drawn.feedback[len(drawn.nodes) + len(before)] = weight
        drawn.nodes += [*before, (kind, fields)]

    def neuron(self, lost: Fraction) -> tuple[str, dict[str, Any], Fraction]:
        """(type, fields as the tool writes them, in float32, the gain that it means)."""
        one, rate = Fraction(1), float(lost)
        common = {"v_leak": 0.0, "v_reset": 0.0}
        if not lost:
            if self.tool == "snntorch":
                return "LIF", {"tau": np.inf, "r": np.inf, **common}, one
            return "IF", {"r": 1e4 if self.tool == "spikingjelly" else 1.0, "v_reset": 0.0}, one
        if self.tool == "snntorch":
            return (
                "LIF",
                {"tau": F32(1e-4) / F32(rate), "r": (F32(1e-4) / F32(rate)) / F32(1e-4), **common},
                one,
            )
        if self.tool == "sinabs":
            return "LIF", {"tau": -1 / np.log(1 - rate), "r": 1.0, "v_leak": 0.0}, lost
        if self.tool == "norse":
            return "LIF", {"tau": F32(1e-3) / F32(rate / 1e-3), "r": 1.0, **common}, lost
        return "LIF", {"tau": 1e-4 / rate, "r": 1.0, **common}, lost


def written(path: Path, drawn: Drawn, rng: np.random.Generator) -> Path:
    """The file, with names in no order, some nodes in a graph of their own, edges shuffled."""
    names = [f"n{i}" for i in rng.permutation(len(drawn.nodes))]
    nodes: dict[str, Any] = dict(zip(names, drawn.nodes, strict=True))
    way = ["in", *names, "out"]
    edges = list(pairwise(way))
    for place, weight in drawn.feedback.items():
        nodes[f"back{place}"] = ("Linear", {"weight": weight})
        edges += [(names[place], f"back{place}"), (f"back{place}", names[place])]
    if rng.random() < 0.5 and not drawn.feedback:
        nodes, edges = _nested(nodes, names)
    shape = np.array([2, drawn.rows, drawn.columns])
    nodes["in"] = ("Input", {"shape": shape if rng.random() < 0.7 else np.array([1, *shape])})
    outputs = len([fields["weight"] for _, fields in drawn.nodes if "weight" in fields][-1])
    nodes["out"] = ("Output", {"shape": np.array([outputs])})
    order = [str(name) for name in rng.permutation(list(nodes))]
    shuffled = [edges[i] for i in rng.permutation(len(edges))]
    packed = "gzip" if rng.random() < 0.5 else None
    return write_nir(path, {name: nodes[name] for name in order}, shuffled, compression=packed)


def _nested(nodes: dict[str, Any], names: list[str]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    inner = names[:2]
    inside = {name: nodes[name] for name in inner}
    inside |= {"input": ("Input", {"shape": np.array([1])}), "output": ("Output", {"shape": np.array([1])})}
    graph = (inside, [("input", inner[0]), (inner[0], inner[1]), (inner[1], "output")])
    rest = {name: nodes[name] for name in names[2:]}
    way = ["in", "part", *names[2:], "out"]
    return {**rest, "part": graph}, list(pairwise(way))


def compare(path: Path, seed: int, leaky: bool) -> tuple[int, int]:
    """(neuron-steps compared, whether one differed); the first that differs must lie at a threshold."""
    drawer = Drawer(seed, leaky)
    drawn = drawer.network()
    file = written(path, drawn, drawer.rng)
    rules, _ = choose(drawn.tool, drawn.options)
    grid = Binning(drawn.columns, drawn.rows, 0, 1000, STEPS, drawn.cap)
    imported = read_model(nir_file.read(file), Reading(rules), grid, None)
    if not leaky:
        at_once = drawn.options["reset"] == "subtract" and drawn.tool == "snntorch"  # see test_held.py
        inexact = [line for line in imported.told if "the tool's own floats round" not in line]
        assert all(at_once and "(reset_delay=False)" in line for line in inexact)
    counts = drawer.rng.integers(0, drawn.cap + 1, (STEPS, drawn.rows, drawn.columns, 2)).astype(np.uint8)
    trace = Simulator(imported.model).trace(binned(imported.model, [counts]), 0)
    right = run(drawn.layers, counts.transpose(0, 3, 1, 2), exact=True)
    compared = 0
    for step in range(STEPS):
        for place, (index, layer), (u, spikes) in zip(
            trace.layers, imported.model.weighted(), right, strict=True
        ):
            want = np.moveaxis(spikes[step], 0, -1).reshape(-1)
            got = trace.spikes[step, place.start : place.stop]
            compared += want.size
            if (want == got).all():
                continue
            assert leaky, (seed, step, index)
            cell = layer.neuron
            assert isinstance(cell, Lif)
            rounded = len(cell.leak_shifts) + (
                0.5 if cell.amount is not None else 0
            )  # of units, in each step
            worst = rounded / sum(2.0**-k for k in cell.leak_shifts) / cell.threshold.min() + 2.0**-14
            exact = np.moveaxis(u[step], 0, -1).reshape(-1, cell.channels)
            limits = np.asarray(drawn.layers[trace.layers.index(place)].cell.threshold)
            off = np.abs(exact.astype(float) / limits - 1).reshape(-1)[want != got]
            assert off.max() <= 2 * worst, (seed, step, index, off, worst)
            return compared, 1
    return compared, 0


@pytest.mark.parametrize("first", range(0, 40, 20))
def test_without_a_leak_every_spike_is_the_oracles(first, tmp_path):
    for seed in range(first, first + 20):
        compare(tmp_path / "net.nir", seed, leaky=False)


@pytest.mark.parametrize("first", range(0, 40, 20))
def test_with_a_leak_a_first_difference_lies_at_the_threshold(first, tmp_path):
    found = [compare(tmp_path / "net.nir", seed, leaky=True) for seed in range(first, first + 20)]
    assert sum(different for _, different in found) <= 3
