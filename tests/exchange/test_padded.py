"""Paddings that are not smaller than their kernel: the spikes of an oracle that pads, and the fewest weights for it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_sast.cli.main import main
from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.exchange import nir_file
from edge_sast.exchange.integers import to_integers
from edge_sast.exchange.nir_read import Reading, read_model
from edge_sast.exchange.nodes.real import RealLayer, RealNeuron
from edge_sast.exchange.padded import within_kernel, within_square
from edge_sast.exchange.rules import choose
from edge_sast.model.layers import Conv2d
from edge_sast.runtime import Simulator
from tests.exchange.nir_files import Cell, Layer, apply, run, write_nir
from tests.exchange.test_as_run import network, spikes_of
from tests.strategies import binned

STEPS = 6
IF = ("IF", {"r": 1.0, "v_reset": 0.0, "v_threshold": 1.0})
FLAT = ("Flatten", {"start_dim": 0, "end_dim": -1})


class Drawn:
    """A convolution with such a padding, IF neurons, a linear layer and IF neurons. square: a run holds it."""

    def __init__(self, seed: int, square: bool) -> None:
        self.rng = rng = np.random.default_rng(seed)
        rows, columns = self.size = (int(rng.integers(1, 6)), int(rng.integers(3, 6)))
        kernel = np.minimum(rng.integers(1, 4, 2), self.size)
        padding, stride = np.array([kernel.max(), 0]) + rng.integers(0, 3, 2), rng.integers(1, 4, 2)
        if rng.random() < 0.5:
            padding = padding[::-1].copy()
        if square:
            kernel = kernel.min().repeat(2)
            padding, stride = kernel + int(rng.integers(0, 3)), stride[[0, 0]]
        groups = int(rng.integers(1, 3))
        conv = {
            "weight": self.weights((2 * groups, 2 // groups, *kernel)),
            "bias": self.weights((2 * groups,)) / 8,
            "stride": stride,
            "padding": padding,
            "dilation": np.array([1, 1]),
            "groups": groups,
        }
        places = apply("Conv2d", conv, np.zeros((2, rows, columns)), np.float64).size
        cell = Cell(Fraction(1), Fraction(1), 1.0, False, "zero")
        linear = ("Linear", {"weight": self.weights((3, places))})
        self.layers = [Layer([("Conv2d", conv)], cell), Layer([FLAT, linear], cell)]
        self.padding, self.kernel = padding, kernel

    def weights(self, shape: Any) -> np.ndarray:
        return self.rng.integers(-7, 11, tuple(shape)) / 16

    def written(self, path: Path) -> Path:
        (conv,), (flat, linear) = (layer.nodes for layer in self.layers)
        nodes = {"in": ("Input", {"shape": np.array([2, *self.size])}), "a": conv, "b": IF, "c": flat}
        nodes |= {"d": linear, "e": IF, "out": ("Output", {"shape": np.array([3])})}
        return write_nir(path, nodes, list(pairwise(nodes)))

    def counts(self) -> np.ndarray:
        return self.rng.integers(0, 2, (STEPS, *self.size, 2)).astype(np.uint8)

    def grid(self) -> Binning:
        return Binning(self.size[1], self.size[0], 0, 1000, STEPS, 1)


@pytest.mark.parametrize("first", [0, 20])
def test_every_spike_is_the_oracles(first, tmp_path):
    rules, _ = choose("spikingjelly", {"if_gain": "r"})
    fired = 0
    for seed in range(first, first + 20):
        drawn = Drawn(seed, square=False)
        assert drawn.padding.max() >= drawn.kernel.max()
        file, counts = drawn.written(tmp_path / "net.nir"), drawn.counts()
        found = read_model(nir_file.read(file), Reading(rules), drawn.grid(), None)
        assert found.told == ()
        trace = Simulator(found.model).trace(binned(found.model, [counts]), 0)
        right = run(drawn.layers, counts.transpose(0, 3, 1, 2), exact=True)
        for place, (_, spikes) in zip(trace.layers, right, strict=True):
            want = np.moveaxis(spikes, 1, -1).reshape(STEPS, -1)
            np.testing.assert_array_equal(trace.spikes[:, place.start : place.stop], want, str(seed))
            fired += int(want.sum())
    assert fired > 500


def test_the_float_pass_of_a_run_gives_them_too(tmp_path):
    rules, _ = choose("spikingjelly", {"if_gain": "r"})
    for seed in range(12):
        drawn = Drawn(seed, square=True)
        counts = drawn.counts()
        net = network(drawn.written(tmp_path / "net.nir"), rules, drawn.grid())
        right = run(drawn.layers, counts.transpose(0, 3, 1, 2), exact=True)
        for mine, (_, want) in zip(spikes_of(net, counts), right, strict=True):
            np.testing.assert_array_equal(mine.reshape(STEPS, -1), want.reshape(STEPS, -1), str(seed))


def layer(kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int]) -> RealLayer:
    weight = np.arange(1.0, 2 * np.prod(kernel) + 1).reshape(*kernel, 2, 1)
    one, none = [Fraction(1)], [Fraction(0)]
    cell = RealNeuron("cell", "lif", (), Fraction(0), one, one, none, none)
    return RealLayer("conv", weight, np.zeros(1), Fraction(1), cell, stride, padding)


def places(real: RealLayer, axis: int, size: int) -> list[list[tuple[int, float]]]:
    """Of each output along an axis: the inputs that a weight other than 0 meets, and the first such weight."""
    other = real.weight.any(axis=(1 - axis, 2, 3))
    first = np.abs(real.weight).max(axis=(1 - axis, 2, 3))
    kernel, stride, padding = real.weight.shape[axis], real.stride[axis], real.padding[axis]
    last = size + padding - kernel
    return [
        [(y + k, first[k]) for k in range(kernel) if 0 <= y + k < size and other[k]]
        for y in range(-padding, last + 1, stride)
    ]


def same_places(a: RealLayer, b: RealLayer, size: tuple[int, int]) -> bool:
    return all(places(a, axis, size[axis]) == places(b, axis, size[axis]) for axis in (0, 1))


def held(real: RealLayer) -> bool:
    return max(real.padding) < max(real.weight.shape[:2])


def test_no_smaller_kernel_would_do():
    """Beside all kernels with up to so many zeros before and behind, along both axes."""
    rng = np.random.default_rng(5)
    for _ in range(25):
        kernel, stride = rng.integers(1, 3, 2), rng.integers(1, 4, 2)
        real = layer(tuple(kernel), tuple(stride), tuple(rng.integers(0, 4, 2)))
        size = (int(rng.integers(3, 6)), int(rng.integers(3, 6)))
        found = within_kernel(real, size)
        assert held(found)
        assert same_places(found, real, size)
        least = real.weight.size if held(real) else 1 << 30
        for top, below, left, right in product(range(5), repeat=4):
            zeros = ((top, below), (left, right), (0, 0), (0, 0))
            padding = (real.padding[0] + top, real.padding[1] + left)
            tried = replace(real, weight=np.pad(real.weight, zeros), padding=padding)
            if tried.weight.size < least and held(tried) and same_places(tried, real, size):
                least = tried.weight.size
        assert found.weight.size == least


def test_the_sizes_that_follow():
    assert within_kernel(layer((1, 1), (1, 1), (1, 1)), (4, 4)).weight.shape[:2] == (3, 1)
    assert within_kernel(layer((1, 1), (2, 2), (1, 1)), (4, 4)).weight.shape[:2] == (
        2,
        1,
    )  # 6 places, every second
    square = within_square(layer((1, 1), (1, 1), (2, 2)))
    assert (square.weight.shape[:2], square.padding) == ((5, 5), (4, 4))
    untouched = layer((3, 3), (1, 1), (2, 2))
    assert within_kernel(untouched, (4, 4)) is untouched


CONV = {
    "weight": np.ones((2, 2, 3, 3)),
    "bias": np.zeros(2),
    "stride": 1,
    "padding": 1,
    "dilation": 1,
    "groups": 1,
}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            {"padding": 150},
            "node 'a': padding is [150, 150] with a kernel of 3x3, which zeros would have to make larger than 255; "
            "train with a smaller padding",
        ),
        ({"stride": 300}, "node 'a': stride is [300, 300]; train with a stride of at most 255"),
        (
            {"bias": np.array([1e13, 0.0])},
            "node 'a': its weights, bias and threshold lie too far apart for 32 bits; give fewer --bits, or train with "
            "smaller weights",
        ),
    ],
)
def test_what_no_kernel_holds_is_refused_by_name(more, told, tmp_path, capsys):
    conv = {**CONV, **more}
    places = apply("Conv2d", {**conv, "bias": np.zeros(2)}, np.zeros((2, 4, 4)), np.float64).size
    nodes = {"in": ("Input", {"shape": np.array([2, 4, 4])}), "a": ("Conv2d", conv), "b": IF, "c": FLAT}
    nodes |= {"d": ("Linear", {"weight": np.ones((2, places))}), "e": IF}
    nodes["out"] = ("Output", {"shape": np.array([2])})
    path = write_nir(tmp_path / "net.nir", nodes, list(pairwise(nodes)))
    words = ["import", str(path), "--from", "norse", "--dt-us", "1000", "--steps", "5"]
    assert main([*words, "--out", str(tmp_path / "net.safetensors")]) == 2
    assert capsys.readouterr().err == f"edge-sast: {path}: {told}\n"


def test_an_error_of_another_kind_is_not_one_of_widths():
    rules, _ = choose("norse", {})
    with pytest.raises(EdgeSastError, match=r"^conv2d: padding is \(1, 1\); it must be two numbers"):
        to_integers(layer((1, 1), (1, 1), (1, 1)), rules, 8, 1, 5, [])
    assert isinstance(to_integers(layer((3, 1), (1, 1), (1, 1)), rules, 8, 1, 5, []), Conv2d)
