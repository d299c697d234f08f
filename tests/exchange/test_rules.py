"""Rules by name, and nodes that reference networks do not have: each against numbers that follow from the rule."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from nir_tools import GRID, MODELS, last_spikes

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.exchange import nir_file
from edge_sast.exchange.nir_read import Imported, Reading, read_model
from edge_sast.exchange.nir_write import write_model
from edge_sast.exchange.nodes.snap import leak_shifts, snap
from edge_sast.exchange.readers import READERS, reader
from edge_sast.exchange.rules import OPTIONS, choose
from edge_sast.model.layers import Integrator, Lif, Linear, OrPool
from edge_sast.runtime import Simulator
from tests.exchange.nir_files import write_nir
from tests.strategies import binned

# Tools that spike above the threshold only cannot be told what ours subtracts at it.
BY_RULES = [
    (tool, name)
    for tool in READERS
    for name in MODELS
    if "leak" not in name and not ("subtract" in name and tool in ("snntorch", "norse"))
    if (tool, name) != ("snntorch", "recurrent, zero")
]
WAY = [("in", "a"), ("a", "b"), ("b", "out")]


def read(
    tmp_path: Any,
    nodes: dict[str, Any],
    tool: str,
    edges: Any = WAY,
    sensor: tuple[int, int] = (1, 1),
    **given: Any,
) -> Imported:
    ends = {
        "in": ("Input", {"shape": np.array([2 * sensor[0] * sensor[1]])}),
        "out": ("Output", {"shape": np.array([1])}),
    }
    path = write_nir(tmp_path / "net.nir", {**ends, **nodes}, edges)
    rules, _ = choose(tool, given)
    return read_model(
        nir_file.read(path), Reading(rules, read_out=True), Binning(*sensor, 0, 1000, 6, 1), None
    )


def lif(**fields: Any) -> tuple[str, dict[str, Any]]:
    return "LIF", {"tau": 8e-4, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0, **fields}


ONE = ("Affine", {"weight": np.array([[1.0, 0.5]]), "bias": np.array([0.25])})


@pytest.mark.parametrize(
    ("noisy", "clean"),
    [
        (1.00000003, 1),
        (0.87500006, Fraction(7, 8)),
        (0.3, Fraction(0.3)),
        (1.0001, Fraction(1.0001)),
        (0.0, 0),
    ],
)
def test_noise_is_taken_out_and_nothing_else(noisy, clean):
    assert snap(noisy) == clean


@pytest.mark.parametrize(
    ("lost", "shifts"),
    [
        (Fraction(1, 8), (3,)),
        (Fraction(3, 16), (3, 4)),
        (Fraction(0), ()),
        (Fraction(1, 10), (4, 5)),
        (Fraction(3, 4), (1, 2)),
    ],
)
def test_the_nearest_shifts(lost, shifts):
    assert leak_shifts(lost)[0] == shifts


def test_a_reset_to_another_value_than_zero(tmp_path):
    """SpikingJelly's v_reset is where membranes start, decay to and are reset to."""
    found = read(tmp_path, {"a": ONE, "b": lif(v_leak=-0.5, v_reset=-0.5, v_threshold=1.0)}, "spikingjelly")
    cell = found.model.layers[-1].neuron
    plain = read(tmp_path, {"a": ONE, "b": lif(v_threshold=1.5)}, "spikingjelly").model.layers[-1].neuron
    assert isinstance(cell, Lif)
    np.testing.assert_array_equal(cell.threshold, plain.threshold)
    np.testing.assert_array_equal(cell.bias, plain.bias)
    np.testing.assert_array_equal(cell.initial, [0])


def if_(**fields: Any) -> tuple[str, dict[str, Any]]:
    return "IF", {"r": 1.0, "v_threshold": 1.0, **fields}


@pytest.mark.parametrize(
    ("node", "given", "gain"),
    [
        (lif(r=2.0), {"gain": "file"}, Fraction(2, 8)),
        (lif(r=2.0, tau=8.0), {"gain": "leak", "dt": 1.0}, Fraction(2, 8)),
        (lif(r=2.0), {"gain": "none"}, 1),
        (lif(r=2.0), {"gain": "0.5"}, Fraction(1, 2)),
        (lif(tau=np.inf), {"gain": "none"}, 1),
        (if_(r=2.0), {"gain": "none", "if_gain": "r"}, 2),  # which has a rule of its own
        (if_(r=2.0), {"gain": "0.75", "if_gain": "r-dt", "dt": 0.25}, Fraction(1, 2)),
    ],
)
def test_the_gain_of_an_input(tmp_path, node, given, gain):
    """A bias of 1/4 in front of a threshold of 1 is a quarter of the gain, in thresholds."""
    cell = read(tmp_path, {"a": ONE, "b": node}, "spikingjelly", **given).model.layers[-1].neuron
    assert isinstance(cell, Lif)
    assert Fraction(int(cell.bias[0]), int(cell.threshold[0])) == Fraction(gain) / 4


EIGHT = ("Linear", {"weight": np.eye(8)})
FLAT = ("Flatten", {"start_dim": 0, "end_dim": -1})


def scaled(tmp_path: Any, scale: Any) -> Imported:
    """A Scale of an input of two channels, two rows and two columns, before an identity and IF neurons."""
    nodes = {
        "in": ("Input", {"shape": np.array([2, 2, 2])}),
        "s": ("Scale", {"scale": np.array(scale, np.float32)}),
        "f": FLAT,
        "a": EIGHT,
        "b": if_(v_threshold=8.0),
    }
    return read(
        tmp_path, nodes, "sinabs", edges=[*pairwise(["in", "s", "f", "a", "b", "out"])], sensor=(2, 2)
    )


@pytest.mark.parametrize(
    ("shape", "places"),
    [
        ((2, 1, 1), [1, 1, 1, 1, 3, 3, 3, 3]),
        ((1, 2, 1), [1, 1, 3, 3, 1, 1, 3, 3]),
        ((1, 1, 2), [1, 3, 1, 3, 1, 3, 1, 3]),
        ((1, 2), [1, 3, 1, 3, 1, 3, 1, 3]),
    ],
)
def test_a_scale_is_matched_from_its_last_axis_on(tmp_path, shape, places):
    """Of channels, rows or columns; by each neuron, in the order of the file's Flatten: what one event adds."""
    layer = scaled(tmp_path, np.reshape([1, 3], shape)).model.layers[-1]
    largest = layer.weight.max(axis=0)  # [inputs, outputs], the outputs in the order of the file
    assert (np.count_nonzero(layer.weight, axis=0) == 1).all()
    found = [Fraction(8 * int(w), int(t)) for w, t in zip(largest, layer.neuron.threshold, strict=True)]
    assert found == places


def test_one_axis_that_may_be_channels_or_columns_is_refused(tmp_path):
    with pytest.raises(
        EdgeSastError,
        match=r"node 's' \(Scale\): scale has shape \[2\], which of \[2, 2, 2\] may be channels or columns; write "
        r"one for each channel as \[2, 1, 1\]",
    ):
        scaled(tmp_path, [1, 3])
    scaled(tmp_path, [3, 3])  # which is the same either way


@pytest.mark.parametrize("node", [("Scale", "scale", 3.0), ("Threshold", "threshold", 0.5)])
@pytest.mark.parametrize(
    ("shape", "taken"),
    [
        ((2, 2, 4), True),
        ((1, 2, 2, 4), True),
        ((16,), True),
        ((2, 4), True),
        ((4,), True),
        ((2, 1, 1), True),
        ((4, 2, 2), False),
        ((2, 4, 2), False),
        ((4, 4), False),
        ((5, 7), False),
    ],
)
def test_as_many_numbers_in_another_shape_are_refused(tmp_path, node, shape, taken):
    """Of what has two channels, two rows and four columns."""
    kind, name, value = node
    nodes = {
        "in": ("Input", {"shape": np.array([2, 2, 4])}),
        "s": (kind, {name: np.full(shape, value)}),
        "f": FLAT,
        "a": ("Linear", {"weight": np.ones((1, 16))}),
        "b": if_(v_threshold=100.0),
    }
    edges = list(pairwise(["in", "s", "f", "a", "b", "out"]))
    if taken:
        read(tmp_path, nodes, "sinabs", edges=edges, sensor=(4, 2))
        return
    with pytest.raises(
        EdgeSastError,
        match=rf"^node 's' \({kind}\): {name} has shape {re.escape(str(list(shape)))}, and what flows through it "
        r"\[2, 2, 4\]; write the file again$",
    ):
        read(tmp_path, nodes, "sinabs", edges=edges, sensor=(4, 2))


def test_parameters_of_a_channel_may_have_axes_of_one(tmp_path):
    """As Norse and sinabs take them for convolutions; and the one row of a Conv1d may be left out."""
    kernel = {"weight": np.ones((3, 2, 1, 1)), "bias": np.zeros(3), "stride": 1, "padding": 0, "dilation": 1}
    nodes = {
        "in": ("Input", {"shape": np.array([2, 2, 2])}),
        "c": ("Conv2d", {**kernel, "groups": 1}),
        "d": if_(v_threshold=np.array([2.0, 4.0, 8.0]).reshape(3, 1, 1), r=np.ones((3, 1, 1))),
        "f": FLAT,
        "a": ("Linear", {"weight": np.ones((1, 12))}),
        "b": if_(),
    }
    way = [*pairwise(["in", "c", "d", "f", "a", "b", "out"])]
    model = read(tmp_path, nodes, "sinabs", edges=way, sensor=(2, 2), spikes="one").model
    first = model.layers[0]
    np.testing.assert_array_equal(first.neuron.threshold // first.weight.reshape(3, -1)[:, 0], [2, 4, 8])


def test_a_graph_in_the_graph_that_only_passes_on(tmp_path):
    shape = {"shape": np.array([1])}
    nothing = ({"input": ("Input", shape), "output": ("Output", shape)}, [("input", "output")])
    way = [*pairwise(["in", "a", "p", "q", "b", "out"])]
    found = read(tmp_path, {"a": ONE, "p": nothing, "q": nothing, "b": lif()}, "spikingjelly", edges=way)
    plain = read(tmp_path, {"a": ONE, "b": lif()}, "spikingjelly")
    np.testing.assert_array_equal(found.model.layers[-1].weight, plain.model.layers[-1].weight)


def test_a_current_that_lasts_is_refused(tmp_path):
    fields = {"tau_mem": 8e-4, "tau_syn": 4e-4, "w_in": 1.0, "r": 8.0, "v_leak": 0.0, "v_threshold": 1.0}
    with pytest.raises(
        EdgeSastError, match=r"tau_syn leaves 0.75 of its current for the next step, and no integer"
    ):
        read(tmp_path, {"a": ONE, "b": ("CubaLIF", fields)}, "snntorch", reset="zero")


def test_a_current_of_norse_is_refused(tmp_path):
    fields = {"tau_mem": 8e-6, "tau_syn": 1e-6, "w_in": 1.0, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0}
    with pytest.raises(
        EdgeSastError, match="has a current of its own, which no integer neuron here has; train"
    ):
        read(tmp_path, {"a": ONE, "b": ("CubaLIF", fields)}, "norse", start="zero")


@pytest.mark.parametrize(("given", "gain"), [("none", 4), ("0.5", 2)])
def test_a_gain_of_its_own_leaves_the_weight_of_a_current(tmp_path, given, gain):
    fields = {"tau_mem": 8e-4, "tau_syn": 1e-4, "w_in": 4.0, "r": 8.0, "v_leak": 0.0, "v_threshold": 1.0}
    nodes = {"a": ONE, "b": ("CubaLIF", fields)}
    cell = read(tmp_path, nodes, "spikingjelly", gain=given).model.layers[-1].neuron
    assert Fraction(int(cell.bias[0]), int(cell.threshold[0])) == Fraction(gain, 4)


def test_a_start_far_above_the_threshold_counts_for_several_spikes(tmp_path):
    nodes = {"a": ("Linear", {"weight": np.array([[0.5, 0.5]])}), "b": lif(tau=8.0, v_leak=4.0)}
    rules = {"dt": 1.0, "decay": "euler", "start": "leak", "spikes": "many"}
    with pytest.raises(EdgeSastError, match=r"channel 0 could reach 4 times its threshold in a step"):
        read(tmp_path, nodes, "sinabs", **rules)


def test_a_leaky_read_out_tells_that_it_rounds(tmp_path):
    """By less than a unit in each step, of which the leak loses an eighth: 8 units, of the weight's."""
    nodes = {"a": ONE, "b": ("LI", {"tau": 8.0, "r": 1.0, "v_leak": 0.0})}
    found = read(tmp_path, nodes, "sinabs", decay="euler")
    layer = found.model.layers[-1]
    largest = int(layer.weight.max()) << layer.weight_shift
    assert (
        f"b: its leak rounds, outputs are up to {8 / largest:.2g} of the largest weight above the exact ones"
        in [line.replace("a: ", "b: ") for line in found.told]
    )


def test_the_leaks_own_gain_is_rid_of_noise(tmp_path):
    """r (1 - decay) of float32 parameters is 1: an input that is just the threshold does not exceed it."""
    node = lif(r=np.float32(1.6), tau=np.float32(1.6))
    rules = {"dt": 1.0, "gain": "leak", "decay": "euler", "threshold": "gt", "spikes": "one"}
    cell = read(tmp_path, {"a": ONE, "b": node}, "sinabs", reset="zero", **rules).model.layers[-1]
    added = int(cell.weight.reshape(-1)[0]) << cell.weight_shift
    assert added < cell.neuron.threshold[0] <= added + 1


def test_an_infinite_time_constant_with_a_finite_gain_is_refused(tmp_path):
    with pytest.raises(
        EdgeSastError, match=r"tau is infinite and r is not, which multiplies the input with 0"
    ):
        read(tmp_path, {"a": ONE, "b": lif(tau=np.inf)}, "spikingjelly")


def test_norse_leaks_to_v_leak_and_starts_there(tmp_path):
    """u - v_leak decays to 0: the threshold that much lower, what the input adds the same."""
    nodes = {"a": ONE, "b": lif(tau=8e-6, v_leak=0.25)}
    cell = read(tmp_path, nodes, "norse").model.layers[-1].neuron
    assert isinstance(cell, Lif)
    unit = Fraction(int(cell.threshold[0]) - 1)  # of a threshold of 1
    assert Fraction(int(cell.initial[0])) == unit / 4
    assert Fraction(int(cell.bias[0])) == unit * Fraction(1, 8) * (Fraction(1, 4) + Fraction(1, 4))


def test_a_current_that_does_not_last_is_a_lif(tmp_path):
    fields = {"tau_mem": 8e-4, "tau_syn": 1e-4, "w_in": 1.0, "r": 8.0, "v_leak": 0.0, "v_threshold": 1.0}
    cuba = read(tmp_path, {"a": ONE, "b": ("CubaLIF", fields)}, "spikingjelly").model
    plain = read(tmp_path, {"a": ONE, "b": lif(r=8.0)}, "spikingjelly").model
    for name in ("threshold", "bias", "initial"):
        np.testing.assert_array_equal(
            getattr(cuba.layers[-1].neuron, name), getattr(plain.layers[-1].neuron, name)
        )


def test_read_outs_without_spikes(tmp_path):
    nodes = {"a": ONE, "b": ("LI", {"tau": 8.0, "r": 1.0, "v_leak": 0.0})}
    last = read(tmp_path, nodes, "sinabs", decay="euler").model.layers[-1].neuron
    assert isinstance(last, Integrator)
    assert last.leak_shifts == (3,)
    summed = read(tmp_path, {"a": ONE}, "sinabs", edges=[("in", "a"), ("a", "out")]).model.layers[-1]
    assert isinstance(summed, Linear)
    np.testing.assert_array_equal(summed.weight.reshape(-1), [4, 2])
    assert (summed.neuron.bias[0], summed.neuron.leak_shifts) == (1, ())


def test_the_order_of_an_input_of_one_axis(tmp_path):
    weight = np.arange(1.0, 9.0).reshape(1, 8)
    nodes = {"a": ("Linear", {"weight": weight}), "b": ("IF", {"r": 1.0, "v_threshold": 100.0})}
    found = read(tmp_path, nodes, "norse", sensor=(2, 2)).model.layers[-1]
    np.testing.assert_array_equal(found.weight.reshape(-1), [1, 5, 2, 6, 3, 7, 4, 8])  # OFF, ON of each pixel


def test_a_conv1d_is_one_row(tmp_path):
    weight = np.arange(1.0, 13.0).reshape(2, 2, 3)
    conv = (
        "Conv1d",
        {"weight": weight, "bias": np.zeros(2), "stride": 1, "padding": 1, "dilation": 2, "groups": 1},
    )
    cell = ("IF", {"r": 1.0, "v_threshold": 3.0})
    nodes = {
        "a": conv,
        "b": cell,
        "c": ("Flatten", {"start_dim": 0, "end_dim": -1}),
        "in": ("Input", {"shape": np.array([2, 5])}),
    }
    nodes |= {"d": ("Linear", {"weight": np.eye(1, 6)}), "e": cell}
    edges = [("in", "a"), ("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "out")]
    layer = read(tmp_path, nodes, "norse", edges, sensor=(5, 1)).model.layers[0]
    assert (layer.weight.shape, layer.padding) == ((1, 5, 2, 2), (0, 1))
    np.testing.assert_array_equal(layer.weight[0, ::2, 1, 0], [4, 5, 6])
    assert not layer.weight[0, 1::2].any()


@pytest.mark.parametrize(("tool", "name"), BY_RULES)
def test_our_own_models_by_the_rules_of_a_tool(name, tool, tmp_path):
    """Without the metadata: what a tool that read the file would compute, if it had our reset."""
    model = MODELS[name]()
    rng = np.random.default_rng(1)
    counts = rng.integers(0, 2, (20, 8, 8, 2)).astype(np.uint8)
    path = tmp_path / "net.nir"
    path.write_bytes(nir_file.dumps(write_model(model, reader(tool))))
    reset = "zero" if "zero" in name else "subtract"
    rules, _ = choose(tool, {"reset": reset, "spikes": "one"})
    found = read_model(nir_file.read(path), Reading(rules), GRID, None).model
    np.testing.assert_array_equal(last_spikes(found, counts), last_spikes(model, counts))
    assert any(isinstance(layer, OrPool) for layer in found.layers) == ("or pool" in name)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"threshold": "eq"}, "--threshold is 'eq'; it must be gt, ge"),
        ({"dt": -1.0}, "--nir-dt is -1.0; it must be a time of a step above 0"),
        ({"gain": "much"}, "--input-gain is 'much'; it must be file, leak, none or a number above 0"),
        (
            {"gain": "1e-99999999"},
            "--input-gain is '1e-99999999'; it must be file, leak, none or a number above 0",
        ),
        (
            {"gain": "1e99999999"},
            "--input-gain is '1e99999999'; it must be file, leak, none or a number above 0",
        ),
    ],
)
def test_values_that_no_rule_has(given, told):
    with pytest.raises(EdgeSastError, match=told):
        choose("norse", given)


def test_all_rules_by_hand_are_a_tools():
    rules, _ = choose("norse", {})
    own = {name: getattr(rules, name) for name in OPTIONS}
    assert choose(None, own)[0] == rules
    own.pop("start")
    with pytest.raises(EdgeSastError, match=r"name the tool that wrote it .*, or give --start$"):
        choose(None, own)


def test_a_later_subtraction_with_a_leak(tmp_path):
    """u = 1/2 v + I - T·(spiked before), I = 1, T = 1.5, a spike above it: by hand in real numbers."""
    weight = np.zeros((1, 2))
    nodes = {
        "a": ("Affine", {"weight": weight, "bias": np.ones(1)}),
        "b": lif(tau=2e-4, r=2.0, v_threshold=1.5),
    }
    model = read(tmp_path, nodes, "snntorch").model
    trace = Simulator(model).trace(binned(model, [np.zeros((6, 1, 1, 2), np.uint8)]), 0)
    v, spiked, right = Fraction(0), 0, []
    for _ in range(6):
        v = v / 2 + 1 - Fraction(3, 2) * spiked
        spiked = int(v > Fraction(3, 2))
        right.append(spiked)
    assert sum(right) > 0
    np.testing.assert_array_equal(trace.spikes[:, 0], right)


def test_a_recurrent_neuron_of_snntorch_that_is_reset_to_zero_is_refused(tmp_path):
    """RLeaky then gives no spike in the step after one, whatever comes in."""
    nodes = {"a": ONE, "b": lif(r=8.0), "c": ("Linear", {"weight": np.ones((1, 1))})}
    edges = [*WAY, ("b", "c"), ("c", "b")]
    with pytest.raises(
        EdgeSastError, match=r"node 'b' \(LIF\): feeds itself and is reset to zero, .*'subtract'"
    ):
        read(tmp_path, nodes, "snntorch", edges, reset="zero")
    assert read(tmp_path, nodes, "spikingjelly", edges).model.layers


@pytest.mark.parametrize(("tau", "decay"), [(8e-6, 7 / 8), (1e-6 / (1 / 4 + 1 / 16), 11 / 16)])
@pytest.mark.parametrize("reset", ["subtract", "subtract-later"])
def test_above_the_threshold_by_subtraction_with_a_leak_takes_off_an_amount(tau, decay, reset, tmp_path):
    """u > T is u >= T + 1 of integers, which take off T, or T/decay at once for T one step later; 0 stays 0."""
    still = ("Affine", {"weight": np.zeros((1, 2)), "bias": np.zeros(1)})
    model = read(tmp_path, {"a": still, "b": lif(tau=tau)}, "norse", reset=reset).model
    [(_, layer)] = model.weighted()
    cell = layer.neuron
    assert isinstance(cell, Lif)
    below = int(cell.threshold[0]) - 1
    assert cell.taken.tolist() == [below if reset == "subtract" else round(below / decay)]
    trace = Simulator(model).trace(binned(model, [np.zeros((6, 1, 1, 2), np.uint8)]), 0)
    np.testing.assert_array_equal(trace.membranes, 0)
