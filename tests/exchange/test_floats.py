"""Without a note an imported network gives the spikes of a tool that computes in float32, on grids of any step."""

from __future__ import annotations

from fractions import Fraction
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
from tests.exchange.test_rules import read
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


@pytest.mark.parametrize(("step", "steps"), [(0.1, 3), (0.3, 3), (0.1, 7), (0.7, 5)])
def test_a_threshold_within_noise_of_a_sum_of_weights_is_that_sum(step, steps, tmp_path):
    """As float32 3 times 0.1 lies below 0.3: inputs that are meant to reach it do, and ties are told."""
    weight = np.array([[step, 2 * step]], np.float32)
    whole = {"r": np.float32(1), "v_threshold": np.float32(step * steps)}
    found = read(
        tmp_path, {"a": ("Linear", {"weight": weight}), "b": ("IF", whole)}, "spikingjelly", if_gain="r"
    )
    layer = found.model.layers[-1]
    unit = int(layer.weight.min()) << layer.weight_shift
    assert int(layer.neuron.threshold[0]) == steps * unit
    assert found.told == (ties(step),)


def ties(worth: float) -> str:
    return (
        f"a: its inputs add multiples of {worth:.3g}, whose sums the tool's own floats round: where one meets the "
        "threshold exactly, spikes may differ"
    )


@pytest.mark.parametrize(
    ("weight", "bias", "cell", "steps", "worth"),
    [
        ([0.1, 0.2], 0.05, {"v_threshold": 0.15}, 1.5, 0.1),  # half steps, by a bias
        ([0.01, 0.02], 0.0, {"v_threshold": 50.0}, 5000, 0.01),
        ([1.0, 2.0], 0.0, {"r": 0.1, "v_threshold": 0.3}, 3, 0.1),  # by a gain
        ([0.1, 0.2], 0.3, {"v_threshold": 0.9}, 9, 0.1),
        ([0.1, 0.2], 0.0, {"v_threshold": 10.1, "v_reset": 10.0}, 1, 0.1),  # what is left of larger numbers
    ],
)
def test_noise_is_taken_wherever_floats_leave_it(weight, bias, cell, steps, worth, tmp_path):
    fields = {name: np.float32(value) for name, value in {"r": 1.0, **cell}.items()}
    affine = ("Affine", {"weight": np.array([weight], np.float32), "bias": np.array([bias], np.float32)})
    nodes = {"a": affine, "b": ("IF", fields)}
    for reset in ("zero",) if "v_reset" in cell else ("zero", "subtract"):
        found = read(tmp_path, nodes, "spikingjelly", if_gain="r", reset=reset)
        layer = found.model.layers[-1]
        unit = int(layer.weight.min()) << layer.weight_shift
        assert Fraction(int(layer.neuron.threshold[0]), unit) == Fraction(steps)
        assert Fraction(int(layer.neuron.bias[0]), unit) == Fraction(round(2 * bias / weight[0]), 2)
        assert found.told == (ties(worth),)


@pytest.mark.parametrize(
    ("side", "inside", "of"), [(3, 3, 9), (3, 6, 9), (5, 5, 25), (5, 15, 25), (5, 7, 25), (2, 1, 4)]
)
def test_the_share_of_an_average_is_met(side, inside, of, tmp_path):
    """So many of a pool's places make the threshold, as float32 has it; quarters are added without rounding."""
    pool = (
        "AvgPool2d",
        {
            "kernel_size": np.array([side, side]),
            "stride": np.array([side, side]),
            "padding": np.array([0, 0]),
        },
    )
    conv = (
        "Conv2d",
        {
            "weight": np.ones((1, 2, 1, 1), np.float32),
            "bias": np.zeros(1),
            "stride": 1,
            "padding": 0,
            "dilation": 1,
            "groups": 1,
        },
    )
    cell = ("IF", {"r": 1.0, "v_threshold": np.float32(inside / of)})
    nodes = {"p": pool, "a": conv, "b": cell, "in": ("Input", {"shape": np.array([2, side, side])})}
    edges = [("in", "p"), ("p", "a"), ("a", "b"), ("b", "out")]
    found = read(tmp_path, nodes, "spikingjelly", edges, (side, side), if_gain="r")
    layer = found.model.layers[-1]
    assert int(layer.neuron.threshold[0]) == inside * (int(layer.weight.min()) << layer.weight_shift)
    assert bool(found.told) == (side != 2)


@pytest.mark.parametrize(
    ("weight", "threshold", "steps"),
    [(256.0, 512.0, 2), (300.0, 900.0, 3), (1000.0, 3000.0, 3), (512.0, 131584.0625, 258)],
)
def test_large_numbers_of_few_bits_have_no_noise(weight, threshold, steps, tmp_path):
    nodes = {
        "a": ("Linear", {"weight": np.array([[weight, 2 * weight]])}),
        "b": ("IF", {"r": 1.0, "v_threshold": threshold}),
    }
    found = read(tmp_path, nodes, "spikingjelly", if_gain="r")
    layer = found.model.layers[-1]
    unit = int(layer.weight.min()) << layer.weight_shift
    assert -(-int(layer.neuron.threshold[0]) // unit) == steps
    assert not [line for line in found.told if "add multiples" in line]


def test_each_channel_has_its_own_noise(tmp_path):
    weight = np.array([[0.1, 0.2], [0.1, 0.2]], np.float32)
    fields = {"r": np.float32(1), "v_threshold": np.array([0.30002, 10.1], np.float32)}
    fields["v_reset"] = np.array([0.0, 10.0], np.float32)
    ends = {"out": ("Output", {"shape": np.array([2])})}
    found = read(
        tmp_path,
        {"a": ("Linear", {"weight": weight}), "b": ("IF", fields), **ends},
        "spikingjelly",
        if_gain="r",
    )
    layer = found.model.layers[-1]
    units = np.sort(layer.weight.reshape(2, 2), axis=0)[0].astype(int) << layer.weight_shift
    assert [-(-int(t) // int(u)) for t, u in zip(layer.neuron.threshold, units, strict=True)] == [4, 1]


@pytest.mark.parametrize(("bias", "threshold"), [(4000.003, 4000.0), (1000.0005, 1000.0), (4001.0, 4001.003)])
def test_what_floats_add_without_rounding_is_taken_as_it_is(bias, threshold, tmp_path):
    """Of whole weights, neither a bias nor a threshold is another number: a bias above the threshold spikes at once."""
    affine = ("Affine", {"weight": np.array([[1.0, 2.0]]), "bias": np.array([bias])})
    found = read(
        tmp_path,
        {"a": affine, "b": ("IF", {"r": 1.0, "v_threshold": threshold})},
        "spikingjelly",
        if_gain="r",
    )
    cell = found.model.layers[-1].neuron
    assert (int(cell.bias[0]) >= int(cell.threshold[0])) == (bias >= threshold)
    assert not [line for line in found.told if "add multiples" in line]


def test_between_sums_of_weights_there_are_no_ties_to_tell_of(tmp_path):
    nodes = {
        "a": ("Linear", {"weight": np.array([[0.1, 0.2]], np.float32)}),
        "b": ("IF", {"r": 1.0, "v_threshold": 0.35}),
    }
    assert not [line for line in read(tmp_path, nodes, "spikingjelly", if_gain="r").told if "exactly" in line]
