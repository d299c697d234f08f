"""Outputs of a read-out are compared with one another: one unit for all classes, and nothing behind them is dropped."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.exchange import nir_file
from edge_sast.exchange.nir_read import Imported, Reading, read_model
from edge_sast.exchange.rules import choose
from edge_sast.model.layers import OrPool
from edge_sast.runtime import Simulator
from tests.exchange.nir_files import write_nir
from tests.strategies import binned

STEPS, CAP = 6, 3
NEURON = ("IF", {"r": 1.0, "v_threshold": 1.0})
FLATTEN = ("Flatten", {"start_dim": 0, "end_dim": -1})


def read(tmp_path: Any, *nodes: tuple[str, dict[str, Any]], bits: int = 8, **given: Any) -> Imported:
    """A chain behind an input of 2x2 pixels."""
    flat = "Conv2d" not in [kind for kind, _ in nodes] and FLATTEN not in nodes
    classes = len(next(fields["weight"] for _, fields in reversed(nodes) if "weight" in fields))
    chain = [
        ("Input", {"shape": np.array([8] if flat else [2, 2, 2])}),
        *nodes,
        ("Output", {"shape": np.array([classes])}),
    ]
    names = [f"n{i}" for i in range(len(chain))]
    path = write_nir(tmp_path / "net.nir", dict(zip(names, chain, strict=True)), list(pairwise(names)))
    reading = Reading(choose("sinabs", {"spikes": "one"} | given)[0], bits=bits, read_out=True)
    return read_model(nir_file.read(path), reading, Binning(2, 2, 0, 1000, STEPS, CAP), None)


def outputs(found: Imported, counts: np.ndarray) -> np.ndarray:
    """int [recordings, classes] of counts [recordings, steps, rows, columns, 2]."""
    return Simulator(found.model).run(binned(found.model, counts)).outputs


def weights(rng: np.random.Generator, classes: int) -> np.ndarray:
    """Of each class multiples of a step of its own, so that the classes' largest weights differ by up to 16 times."""
    step = 2.0 ** -rng.integers(0, 3, (classes, 1))
    return rng.integers(-1, 2, (classes, 8)) * step * rng.integers(1, 5, (classes, 1))


@pytest.mark.parametrize("seed", range(12))
def test_outputs_are_in_one_proportion_to_the_exact_ones(seed, tmp_path):
    rng = np.random.default_rng(seed)
    classes = int(rng.integers(2, 6))
    weight, bias = weights(rng, classes), rng.integers(-4, 5, classes) / 4
    gain = 2.0 ** rng.integers(-1, 2, classes) if seed % 3 else np.ones(classes)
    last = [("I", {"r": gain})] if seed % 3 else []
    found = read(tmp_path, ("Affine", {"weight": weight, "bias": bias}), *last)
    assert not found.told
    counts = rng.integers(0, CAP + 1, (STEPS, 2, 2, 2)).astype(np.uint8)
    got = outputs(found, counts[None])[0]
    inputs = counts.astype(int).sum(axis=0).transpose(2, 0, 1).reshape(-1)  # the file's order
    true = [
        Fraction(float(g))
        * (
            sum(Fraction(float(w)) * int(n) for w, n in zip(row, inputs, strict=True))
            + STEPS * Fraction(float(b))
        )
        for g, row, b in zip(gain, weight, bias, strict=True)
    ]
    assert any(true)
    first = next(c for c, value in enumerate(true) if value)
    unit = true[first] / int(got[first])
    assert unit > 0
    assert [int(value) * unit for value in got] == true


def test_weights_that_are_rounded_are_so_by_the_largest_of_all_classes(tmp_path):
    """By half a unit each at most, of which the largest weight has 127."""
    rng = np.random.default_rng(3)
    weight = rng.normal(0, 1, (4, 8)) * np.array([[1.0], [0.3], [0.05], [1.7]])
    found = read(tmp_path, ("Linear", {"weight": weight}))
    counts = rng.integers(0, CAP + 1, (20, STEPS, 2, 2, 2)).astype(np.uint8)
    inputs = counts.astype(int).sum(axis=1).transpose(0, 3, 1, 2).reshape(20, 8)
    unit = np.abs(weight).max() / 127 / (1 << found.model.layers[-1].weight_shift)
    off = np.abs(outputs(found, counts) * unit - inputs @ weight.T)
    assert (off <= inputs.sum(axis=1, keepdims=True) * np.abs(weight).max() / 127 / 2 * 1.0001).all()
    (note,) = found.told
    bound = float(note.split("at most ")[1].split()[0])
    assert "of the largest: outputs may differ" in note
    kept = np.round(weight / np.abs(weight).max() * 127) / 127
    worst = np.abs(kept - weight / np.abs(weight).max()).max()
    assert worst <= bound <= worst * 1.1


def test_a_leaky_read_out_has_one_unit_too(tmp_path):
    """Classes of 1, 2 and a quarter of the same inputs: 4 to 8 to 1, but for what the leak rounds."""
    weight = np.array([[1.0] * 8, [2.0] * 8, [0.25] * 8])
    last = ("LI", {"tau": 8.0, "r": 1.0, "v_leak": 0.0})
    found = read(tmp_path, ("Linear", {"weight": weight}), last, decay="euler")
    got = outputs(found, np.ones((1, STEPS, 2, 2, 2), np.uint8))[0]
    np.testing.assert_allclose(got[:2] / got[2], [4, 8], rtol=0.02)


@pytest.mark.parametrize("neuron", [NEURON, ("I", {"r": 1.0})], ids=["spikes", "sums"])
def test_a_scale_behind_the_last_neuron_is_refused(neuron, tmp_path):
    nodes = (("Linear", {"weight": np.ones((3, 8))}), neuron)
    for scale, said in (([1.0, 100.0, -1.0], "100"), ([0.5], "0.5"), (0.5, "0.5")):
        match = (
            rf"node 'n4' \(Output\): a Scale by {said} stands behind the last neuron, .*; end with the neuron"
        )
        with pytest.raises(EdgeSastError, match=match):
            read(tmp_path, *nodes, ("Scale", {"scale": np.array(scale)}))
    read(tmp_path, *nodes, ("Scale", {"scale": np.array([1.0])}))


def test_a_pool_behind_the_last_neuron_is_refused(tmp_path):
    pool = ("SumPool2d", {"kernel_size": 2, "stride": 2, "padding": 0})
    with pytest.raises(EdgeSastError, match=r"\(Output\): a pool stands behind the last neuron"):
        read(tmp_path, conv(np.ones((3, 2, 1, 1))), NEURON, pool)


def test_a_threshold_of_a_sum_is_refused(tmp_path):
    nodes = (("Linear", {"weight": np.ones((3, 8))}), ("I", {"r": 1.0}), ("Threshold", {"threshold": 0.5}))
    with pytest.raises(
        EdgeSastError, match=r"node 'n2' \(I\): gives no spikes, and 'n3' \(Threshold\) stands behind it"
    ):
        read(tmp_path, *nodes)


def conv(weight: np.ndarray) -> tuple[str, dict[str, Any]]:
    return "Conv2d", {
        "weight": weight,
        "bias": np.zeros(len(weight)),
        "stride": 1,
        "padding": 0,
        "dilation": 1,
        "groups": 1,
    }


def test_a_flatten_may_stand_behind_the_last_neuron(tmp_path):
    """Of one place for each class: the same model as without."""
    weight = np.arange(24.0).reshape(3, 2, 2, 2)
    plain = read(tmp_path, conv(weight), NEURON).model
    flat = read(tmp_path, conv(weight), NEURON, FLATTEN).model
    assert [type(layer) for layer in flat.layers] == [type(layer) for layer in plain.layers]
    np.testing.assert_array_equal(flat.layers[-1].weight, plain.layers[-1].weight)
    with pytest.raises(EdgeSastError, match=r"gives \[3, 2, 2\], not one place per class"):
        read(tmp_path, conv(np.ones((3, 2, 1, 1))), NEURON, FLATTEN)


@pytest.mark.parametrize("where", ["input", "pool", "neuron"])
def test_a_threshold_may_stand_behind_a_flatten(where, tmp_path):
    """Of counts and sums it makes 0 or 1, of spikes nothing else: what it makes before the Flatten."""
    before = {
        "input": [],
        "pool": [("SumPool2d", {"kernel_size": 2, "stride": 2, "padding": 0})],
        "neuron": [conv(np.ones((2, 2, 2, 2))), NEURON],
    }[where]
    threshold, size = ("Threshold", {"threshold": 0.5}), 8 if where == "input" else 2
    rest = (("Linear", {"weight": np.arange(1.0, 2 * size + 1).reshape(2, size)}), NEURON)
    one = read(tmp_path, *before, FLATTEN, threshold, *rest).model
    other = read(tmp_path, *before, threshold, FLATTEN, *rest).model
    assert [type(layer) for layer in one.layers] == [type(layer) for layer in other.layers]
    assert any(isinstance(layer, OrPool) for layer in one.layers) == (where != "neuron")
    np.testing.assert_array_equal(one.layers[-1].weight, other.layers[-1].weight)


@pytest.mark.parametrize(
    "last", [("I", {"r": 1.0}), ("LI", {"tau": 8.0, "r": 1.0, "v_leak": 0.0})], ids=["I", "LI"]
)
def test_a_read_out_that_feeds_itself_is_refused(last, tmp_path):
    """Its way back was dropped: there is no spike to feed."""
    nodes = {
        "in": ("Input", {"shape": np.array([8])}),
        "a": ("Linear", {"weight": np.ones((2, 8))}),
        "b": last,
        "back": ("Linear", {"weight": np.eye(2) / 2}),
        "out": ("Output", {"shape": np.array([2])}),
    }
    edges = [("in", "a"), ("a", "b"), ("b", "back"), ("back", "b"), ("b", "out")]
    reading = Reading(choose("sinabs", {"spikes": "one", "decay": "euler"})[0])
    graph = nir_file.read(write_nir(tmp_path / "net.nir", nodes, edges))
    with pytest.raises(
        EdgeSastError, match=r"node 'b' .*gives no spikes, and feeds itself; take that edge out"
    ):
        read_model(graph, reading, Binning(2, 2, 0, 1000, STEPS, CAP), None)


@pytest.mark.parametrize("gain", [[1e-200, 1e200], [1e200, 1e-200]])
def test_gains_too_far_apart_to_compare_are_refused(gain, tmp_path):
    with pytest.raises(EdgeSastError, match=r"node 'n2': r of its neurons lie too far apart"):
        read(tmp_path, ("Linear", {"weight": np.ones((2, 8))}), ("I", {"r": np.array(gain)}))


def test_a_gain_of_many_bits_rounds_no_bias(tmp_path):
    """100 times 0.1 is 10.0000001 as float32 has it, and so is what stands beside it."""
    affine = ("Affine", {"weight": np.tile([100.0, 200.0], (2, 4)), "bias": np.array([50.0, -100.0])})
    found = read(tmp_path, affine, ("I", {"r": np.float32(0.1)}), if_gain="r")
    layer = found.model.layers[-1]
    unit = int(layer.weight.min()) << layer.weight_shift
    assert [int(b) * 2 for b in layer.neuron.bias] == [unit, -2 * unit]
    assert not [line for line in found.told if "rounded" in line]
