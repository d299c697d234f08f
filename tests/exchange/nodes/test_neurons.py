"""Parameters of a neuron in shapes that differ: the same numbers as of all in full, and the spikes of an oracle."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.exchange import nir_file
from edge_sast.exchange.nir_read import Reading, read_model, read_reals
from edge_sast.exchange.nodes.real import RealLayer, RealNeuron
from edge_sast.exchange.rules import OPTIONS, choose
from edge_sast.runtime import Simulator
from tests.exchange.nir_files import Cell, Layer, run, write_nir
from tests.strategies import binned

STEPS, CHANNELS, SIDE = 6, 3, 4
PLACES = CHANNELS * SIDE * SIDE
# Of [C, H, W]: numbers per channel [C] in all the shapes that a file may have them in, and one number for all.
BY_CHANNEL = [
    (CHANNELS, 1, 1),
    (1, CHANNELS, 1, 1),
    (CHANNELS,),
    (CHANNELS, SIDE, SIDE),
    (1, CHANNELS, SIDE, SIDE),
]
SAME = [(), (1,), (1, 1, 1), (SIDE,), (1, SIDE), (SIDE, SIDE), (1, SIDE, 1), *BY_CHANNEL]
GAINS = np.array([1.0, 2.0, 4.0])
THRESHOLDS = np.array([1.0, 1.5, 2.0])


def shaped(values: Any, shape: tuple[int, ...]) -> np.ndarray:
    """One number, or one per channel, as a parameter of that shape."""
    whole = np.asarray(values, float)
    if whole.size == 1:
        return np.full(shape, whole)
    if len(shape) == 1:
        return whole
    return np.broadcast_to(whole[:, None, None], shape).copy()


def network(cell: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    rng = np.random.default_rng(2)
    conv = {"weight": rng.integers(-3, 7, (CHANNELS, 2, 1, 1)) / 4, "bias": rng.integers(0, 3, CHANNELS) / 8}
    conv |= {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
    return {
        "in": ("Input", {"shape": np.array([2, SIDE, SIDE])}),
        "a": ("Conv2d", conv),
        "b": cell,
        "c": ("Flatten", {"start_dim": 0, "end_dim": -1}),
        "d": ("Linear", {"weight": rng.integers(-2, 4, (2, PLACES)) / 4}),
        "e": ("IF", {"r": 1.0, "v_threshold": 4.0}),
        "out": ("Output", {"shape": np.array([2])}),
    }


GRID = Binning(SIDE, SIDE, 0, 1000, STEPS, 1)


def numbers(path: Path, cell: tuple[str, dict[str, Any]], **given: Any) -> RealNeuron:
    nodes = network(cell)
    rules, _ = choose("spikingjelly", {"if_gain": "r", **given})
    first = read_reals(nir_file.read(write_nir(path, nodes, list(pairwise(nodes)))), Reading(rules), GRID)[0][
        0
    ]
    assert isinstance(first, RealLayer)
    return first.neuron


def test_every_shape_of_each_parameter_means_the_same(tmp_path):
    """By hand: a gain of r·dt/tau, with dt 1e-4 and tau 8e-4, and what v_leak gives, an eighth of it."""
    rng = np.random.default_rng(3)
    pick = lambda shapes: shapes[int(rng.integers(len(shapes)))]  # noqa: E731
    for _ in range(40):
        fields = {
            "r": shaped(GAINS, pick(BY_CHANNEL)),
            "tau": shaped(8e-4, pick(SAME)),
            "v_threshold": shaped(THRESHOLDS, pick(BY_CHANNEL)),
            "v_leak": shaped(-0.5, pick(SAME)),
            "v_reset": shaped(-0.5, pick(SAME)),
        }
        cell = numbers(tmp_path / "net.nir", ("LIF", fields))
        assert cell.shifts == (3,)
        assert cell.gain == [Fraction(1, 8), Fraction(1, 4), Fraction(1, 2)]
        assert cell.threshold == [Fraction(3, 2), 2, Fraction(5, 2)]
        assert cell.offset == cell.initial == [0, 0, 0]


@pytest.mark.parametrize("own", BY_CHANNEL)
@pytest.mark.parametrize("other", [(), (SIDE,), (CHANNELS, SIDE, SIDE), (1, CHANNELS, 1, 1)])
def test_a_current_of_one_step_and_its_weight_too(own, other, tmp_path):
    """w_in·r·dt/tau_mem, of which dt/tau_mem is an eighth and r is 8."""
    fields = {"tau_mem": shaped(8e-4, other), "tau_syn": shaped(1e-4, own), "w_in": shaped(GAINS, own)}
    fields |= {"r": shaped(8.0, other), "v_leak": 0.0, "v_threshold": shaped(THRESHOLDS, own)}
    cell = numbers(tmp_path / "net.nir", ("CubaLIF", fields), start="zero")
    assert cell.gain == [1, 2, 4]
    assert cell.threshold == [1, Fraction(3, 2), 2]


def test_the_spikes_are_the_oracles(tmp_path):
    """Without a leak, by an r for each channel beside a threshold for each place."""
    fields = {
        "r": GAINS.reshape(-1, 1, 1),
        "v_reset": np.float64(0),
        "v_threshold": shaped(THRESHOLDS, BY_CHANNEL[3]),
    }
    nodes = network(("IF", fields))
    nodes["a"][1]["weight"] = nodes["a"][1]["weight"] / GAINS[:, None, None, None]
    scaled = {**nodes["a"][1], "weight": nodes["a"][1]["weight"] * GAINS[:, None, None, None]}
    scaled["bias"] = scaled["bias"] * GAINS
    rules, _ = choose("spikingjelly", {"if_gain": "r"})
    file = write_nir(tmp_path / "net.nir", nodes, list(pairwise(nodes)))
    found = read_model(nir_file.read(file), Reading(rules), GRID, None)
    assert found.told == ()
    counts = np.random.default_rng(4).integers(0, 2, (STEPS, SIDE, SIDE, 2)).astype(np.uint8)
    layers = [
        Layer([("Conv2d", scaled)], Cell(Fraction(1), Fraction(1), THRESHOLDS, False, "zero")),
        Layer([nodes["c"], nodes["d"]], Cell(Fraction(1), Fraction(1), 4.0, False, "zero")),
    ]
    right = run(layers, counts.transpose(0, 3, 1, 2), exact=True)
    trace = Simulator(found.model).trace(binned(found.model, [counts]), 0)
    for place, (_, spikes) in zip(trace.layers, right, strict=True):
        assert spikes.sum() > 3
        want = np.moveaxis(spikes, 1, -1).reshape(STEPS, -1)
        np.testing.assert_array_equal(trace.spikes[:, place.start : place.stop], want)


LIF = {"tau": 8e-4, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0}


@pytest.mark.parametrize("name", LIF)
def test_a_shape_that_fits_in_no_way_is_refused_by_its_own_name(name, tmp_path):
    with pytest.raises(
        EdgeSastError,
        match=rf"^node 'b' \(LIF\): {name} has shape \[5\], and what flows through it \[3, 4, 4\]; write the file",
    ):
        numbers(tmp_path / "net.nir", ("LIF", {**LIF, name: np.full(5, LIF[name])}))


def test_an_r_that_a_given_gain_replaces_may_have_any_shape(tmp_path):
    cell = numbers(tmp_path / "net.nir", ("LIF", {**LIF, "r": np.ones(5)}), gain="2")
    assert cell.gain == [2, 2, 2]


@pytest.mark.parametrize(
    ("tau", "told"),
    [
        (
            [1e-4, 1e-4, 4e-4],
            "tau_syn leaves 0.75 of its current for the next step, and no integer neuron here has",
        ),
        (
            [1e-4, 4e-4, 8e-4],
            "tau_syn leaves 0.875 of its current for the next step, and no integer neuron here has",
        ),
        ([1e-4, 1e-4, 0.0], "tau_syn is 0; train with a time constant above 0"),
        ([1e-4, 1e-4, -1e-4], "tau_syn is -0.0001; train with a time constant above 0"),
        (
            [1e-4, 1e-4, 5e-5],
            "tau_syn is 5e-05, shorter than a step of 0.0001, which turns its current around; give the right --nir-dt",
        ),
    ],
)
def test_one_current_that_lasts_is_enough_to_refuse(tau, told, tmp_path):
    fields = {"tau_mem": 8e-4, "tau_syn": np.array(tau).reshape(-1, 1, 1), "w_in": 1.0, **LIF}
    with pytest.raises(EdgeSastError, match=rf"^node 'b' \(CubaLIF\): {told}"):
        numbers(tmp_path / "net.nir", ("CubaLIF", fields), start="zero")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"start": "leak"},
            "its current lasts one step, and under --start leak, Norse's rule, it comes to the membrane a step later; "
            "give --start zero or --start reset where the tool adds the current first, or train with LIF neurons",
        ),
        (
            {"start": "zero", "decay": "exp"},
            r"tau_syn leaves exp\(-1\) of its current for the next step, and no integer neuron here has a current",
        ),
    ],
)
def test_a_current_of_one_step_is_refused_by_the_rule_that_refuses_it(given, told, tmp_path):
    fields = {"tau_mem": 8e-4, "tau_syn": 1e-4, "w_in": 1.0, **LIF}
    with pytest.raises(EdgeSastError, match=rf"^node 'b' \(CubaLIF\): {told}"):
        numbers(tmp_path / "net.nir", ("CubaLIF", fields), **given)


def test_a_current_of_one_step_resets_to_and_starts_at_v_reset(tmp_path):
    """As SpikingJelly's neuron does, whose spikes are the same ones in runs of it."""
    fields = {"tau_mem": 8e-4, "tau_syn": 1e-4, "w_in": 1.0, "r": 8.0, "v_leak": 0.0}
    fields |= {"v_threshold": 1.0, "v_reset": -0.5}
    cell = numbers(tmp_path / "net.nir", ("CubaLIF", fields))
    assert (cell.threshold[0], cell.initial[0], cell.offset[0]) == (Fraction(3, 2), 0, Fraction(1, 16))


@pytest.mark.parametrize(("gain", "told"), [("file", "r and w_in, is -1"), ("none", "w_in, is -1")])
def test_a_gain_below_zero_is_refused_by_all_that_made_it(gain, told, tmp_path):
    fields = {"tau_mem": 8e-4, "tau_syn": 1e-4, "w_in": -1.0, "r": 8.0, "v_leak": 0.0, "v_threshold": 1.0}
    with pytest.raises(
        EdgeSastError, match=rf"^node 'b' \(CubaLIF\): its gain, by {told}; train with one above 0"
    ):
        numbers(tmp_path / "net.nir", ("CubaLIF", fields), gain=gain)


def test_the_gain_of_the_leak_is_not_a_currents(tmp_path):
    fields = {"tau_mem": 8e-4, "tau_syn": 1e-4, "w_in": 1.0, "r": 8.0, "v_leak": 0.0, "v_threshold": 1.0}
    with pytest.raises(
        EdgeSastError, match=r"\(CubaLIF\): has a current, and --input-gain leak is of a LIF; give"
    ):
        numbers(tmp_path / "net.nir", ("CubaLIF", fields), gain="leak")


@pytest.mark.parametrize(
    ("kind", "reset", "remedy"),
    [("LIF", 0.0, "train with v_leak 0, or give --start leak where"), ("LIF", -0.5, "train with v_leak 0$")],
)
def test_a_start_is_named_only_where_it_helps(kind, reset, remedy, tmp_path):
    fields = {"tau": 8e-4, "r": 8.0, "v_leak": 0.25, "v_threshold": 1.0, "v_reset": reset}
    with pytest.raises(EdgeSastError, match=rf"v_leak is 0.25, and --start is reset; {remedy}"):
        numbers(tmp_path / "net.nir", (kind, fields))


def test_a_current_that_snntorch_resets_to_zero_is_refused_where_its_input_is_lost(tmp_path):
    """By the preset, which stands for reset_delay=True; by rules that name no tool nothing is lost."""
    fields = {"tau_mem": 8e-4, "tau_syn": 1e-4, "w_in": 1.0, "r": 8.0, "v_leak": 0.0, "v_threshold": 1.0}
    nodes = network(("CubaLIF", fields))
    graph = nir_file.read(write_nir(tmp_path / "net.nir", nodes, list(pairwise(nodes))))
    looks_back, _ = choose("snntorch", {"reset": "zero", "if_gain": "r"})
    with pytest.raises(
        EdgeSastError, match=r"node 'b' \(CubaLIF\): is reset to zero, .*'subtract'.*reset_delay=False"
    ):
        read_reals(graph, Reading(looks_back), GRID)
    by_hand, _ = choose(None, {name: getattr(looks_back, name) for name in OPTIONS})
    first = read_reals(graph, Reading(by_hand), GRID)[0][0]
    assert isinstance(first, RealLayer)
    assert first.neuron.threshold == [1, 1, 1]


@pytest.mark.parametrize(
    ("threshold", "reset", "height"), [(1.1, 0.1, 1), (0.3, -0.7, 1), (0.7, 0.2, Fraction(1, 2))]
)
def test_the_noise_of_threshold_and_reset_is_taken_from_their_difference(threshold, reset, height, tmp_path):
    """Neither has few bits, what lies between them has: a membrane that meets it exactly spikes."""
    for as_written in (float, np.float32):
        fields = {"r": 1.0, "v_threshold": as_written(threshold), "v_reset": as_written(reset)}
        nodes = network(("IF", fields))
        graph = nir_file.read(write_nir(tmp_path / "net.nir", nodes, list(pairwise(nodes))))
        reals, told = read_reals(graph, Reading(choose("spikingjelly", {"if_gain": "r"})[0]), GRID)
        first = reals[0]
        assert isinstance(first, RealLayer)
        assert first.neuron.threshold == [height] * CHANNELS
        assert first.neuron.initial == [0] * CHANNELS
        assert [line for line in told if "v_reset" in line] == [
            f"b: from v_reset {reset:g} the tool's own floats round in every step: where a membrane meets the "
            "threshold exactly, spikes may differ"
        ]


@pytest.mark.parametrize(
    ("fields", "given", "told"),
    [
        ({"tau": 5e-324}, {}, "tau holds 4.94066e-324, which float64 has not all bits of; look at"),
        (
            {"tau": 1e-307},
            {"dt": 1e8},
            "tau is counted in steps, and becomes larger than float64 holds; look at",
        ),
        ({"tau": 1e307}, {"dt": 1e-3, "tau": "times-dt"}, "tau is counted in steps, and becomes larger than"),
        (
            {"r": 1e308, "tau": 1e-5},
            {},
            "tau is multiplied, and becomes larger than float64 holds; look at the",
        ),
        (
            {"v_threshold": -1e308, "v_reset": 1e308, "tau": 8e-4},
            {"gain": "1"},
            "v_threshold is below -1e\\+308 above v_reset; train with a threshold above the reset",
        ),
    ],
)
def test_numbers_that_float64_does_not_hold_are_refused_by_parameter(fields, given, told, tmp_path):
    given = {"decay": "exp", **given} if fields.get("tau") == 1e-5 else given  # whose decay is 0 in both
    with pytest.raises(EdgeSastError, match=rf"^node 'b' \(LIF\): {told}"):
        numbers(tmp_path / "net.nir", ("LIF", {**LIF, **fields}), **given)
