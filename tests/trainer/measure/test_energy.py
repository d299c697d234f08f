"""The energy account against counts made one by one, and against a network worked by hand."""

import json
from dataclasses import astuple, replace

import numpy as np
import pytest
import torch

from edge_sast.errors import EdgeSastError
from tests.trainer.networks import lively_network, random_recordings
from trainer.data.batches import in_order
from trainer.gradients import losses
from trainer.measure.activity import fan_in, forward_activity, training_activity
from trainer.measure.energy import Counts, alike, backward, dense, forward, inference, measure, update
from trainer.measure.energy_prices import HOROWITZ, read_prices
from trainer.network.layers import Pool
from trainer.run.one_pass import evaluate
from trainer.settings.neuron import NeuronSettings
from trainer.settings.objective import Objective
from trainer.settings.passes import Integer, Spike

ARCHES = ["4c3p1s2-or2-fc6-rec5-out", "or2-4c3p1g2-sum2-6c2-count"]
WINDOW = Spike("hard", "rectangle", 2.0)


def synapses(layer):
    """Every pair of an input (c, y, x) and a neuron index that a weight joins, one by one."""
    shape, spec = layer.shape, layer.spec
    places = list(np.ndindex(shape.channels, shape.height, shape.width))
    if not hasattr(spec, "kernel"):
        return [(place, (out,)) for place in places for out in range(layer.channels)]
    pairs = []
    height, width = fan_in(layer).shape[1:]
    per_group, out_per_group = shape.channels // spec.groups, layer.channels // spec.groups
    for out, oy, ox in np.ndindex(layer.channels, height, width):
        for c in range(per_group):
            for ky, kx in np.ndindex(spec.kernel, spec.kernel):
                y, x = oy * spec.stride + ky - spec.padding, ox * spec.stride + kx - spec.padding
                if 0 <= y < shape.height and 0 <= x < shape.width:
                    pairs.append(((out // out_per_group * per_group + c, y, x), (out, oy, ox)))
    return pairs


@pytest.mark.parametrize("arch", ARCHES)
def test_activity_is_what_is_counted_one_by_one(arch):
    binned = random_recordings(2, 5, 4, 8, cap=3)
    network = lively_network(arch, binned, 0)
    kept = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    found = training_activity(network, binned, WINDOW, Objective())
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, kept[name])
    assert all(p.grad is None for p in network.parameters())
    x, labels = next(in_order(binned, 5, "cpu"))
    gradients, seen = {}, {}
    for layer in network.weighted():
        layer.watch = lambda g, layer=layer: gradients.update({layer: g})
    output = network(x, WINDOW, see=lambda layer, a, o: seen.update({layer: (a.detach(), o.detach())}))
    losses.per_recording(Objective(), output.logits, output.steps, labels).sum().backward()
    for layer, activity in zip(network.weighted(), found, strict=True):
        arrived, out = seen[layer]
        arrived = arrived.view(
            *arrived.shape[:2], layer.shape.channels, layer.shape.height, layer.shape.width
        )
        counts, active = arrived.sum((0, 1)), (arrived != 0).sum((0, 1))
        recurrent = layer.recurrent is not None
        own = out[:-1].sum() * layer.channels if recurrent else 0
        pairs = synapses(layer)
        assert activity.synops * 5 == pytest.approx(float(sum(counts[i] for i, _ in pairs) + own))
        assert activity.active_synapses * 5 == pytest.approx(float(sum(active[i] for i, _ in pairs) + own))
        assert activity.active_inputs * 5 == pytest.approx(
            float(active.sum() + (out[:-1].sum() if recurrent else 0))
        )
        if not layer.spiking:
            assert activity.active_slopes == activity.gradient_synapses == activity.spikes == 0
            continue
        assert activity.spikes * 5 == pytest.approx(float(out.sum()))
        active = (gradients[layer] != 0).sum((0, 1))
        assert activity.active_gradients * 5 == pytest.approx(float(active.sum()))
        back = sum(active[o] for _, o in pairs) if layer.place else 0
        back += (gradients[layer][1:] != 0).sum() * layer.channels if recurrent else 0
        assert activity.gradient_synapses * 5 == pytest.approx(float(back))
        assert activity.active_gradients > 0
        assert activity.active_slopes < fan_in(layer).numel() * layer.steps


def test_slopes_are_those_within_the_window():
    """Membranes of a plain loop: |u − 1| ≤ 1/β has a slope with the rectangle."""
    binned = random_recordings(3, 6, 4, 3)
    network = lively_network("fc4-out", binned, 1, norm="none", neuron=NeuronSettings(leak="2"))
    layer = network.weighted()[0]
    layer.neurons.threshold.fill_(1.0)
    found = training_activity(network, binned, WINDOW, Objective())[0]
    x, _ = next(in_order(binned, 6, "cpu"))
    weight, _, bias = (t if t is None else t.detach() for t in layer.folded())
    v, inside = torch.zeros(6, 4), 0
    for now in x.flatten(2):
        u = 0.75 * v + now @ weight.T + bias
        inside += int(((u - 1).abs() <= 0.5).sum())
        v = u * (u < 1)
    assert found.active_slopes * 6 == pytest.approx(inside)
    everywhere = training_activity(network, binned, Spike("hard", "arctan", 2.0), Objective())[0]
    assert everywhere.active_slopes == 4 * 4


def test_synops_and_spikes_are_those_of_the_pass():
    binned = random_recordings(2, 7, 4, 8, cap=3)
    network = lively_network(ARCHES[0], binned, 0)
    how = Integer((8, 4, 8, 2), Spike("hard"))
    found, told = forward_activity(network, binned, how), evaluate(network, binned, how)
    assert sum(each.synops for each in found) == pytest.approx(told.synops_per_sample)
    assert sum(each.spikes for each in found) == pytest.approx(told.spikes_per_sample)


def test_a_network_worked_by_hand():
    """fc2-out on 1 × 1 pixels with 2 polarities, 4 steps, 3 classes, leak 1 − 2^−3.

    fc2: m = 2, n = 2, w = 4, T = 4: updates 8, i = 4·2·1/32 = ¼ words. Say 3 SynOps of 2 active inputs and 1 spike,
    5 slopes and 4 gradients.
    """
    binned = random_recordings(1, 3, 4, 1)
    network = lively_network("fc2-out", binned, 0)
    hidden, out = network.weighted()
    active = replace(alike(hidden, 0.0), synops=3.0, active_inputs=2.0, active_synapses=3.0, spikes=1.0)
    active = replace(active, active_slopes=5.0, active_gradients=4.0)
    assert astuple(forward(hidden, active, False)) == (
        3 + 16, 16, 32 * 2 * 4.25, 32 * 2 * (4 + 8 + 0.25), 32 * 12.25
    )  # fmt: skip
    assert astuple(backward(hidden, active, False)) == (
        5, 8 + 5, 32 * (4 + 8), 32 * (4 + 56 + 0.5), 32 * 8.25
    )  # fmt: skip
    assert astuple(update(hidden, active, False)) == (
        3, 0, 32 * (2 * 9 * 4 + 8.25), 32 * (2 * 5 * 4 + 8.25), 32 * 8
    )  # fmt: skip
    # One shift, the bias and the comparison of each of 8 updates, 3 SynOps, 1 reset; addresses of 2 inputs have 1 bit.
    assert astuple(inference(hidden, active, 4)) == (3 + 24 + 1, 0, 0, 3 * 4 + 2 * 8 * 16 + 2 * 2 * 1, 0)
    assert astuple(dense(hidden, 4)) == (4 + 2, 4, 0, 4 * 4 + 2 * 2 * 3, 0)  # 5 values take 3 bits
    # The read-out: m = 2, n = 3, w = 6, 12 updates; the loss reaches 3 classes at 4 steps, each with 2 synapses back.
    real = replace(alike(out, 0.0), active_synapses=6.0, synops=2.5)
    assert forward(out, real, True).additions == 6 + 12
    assert forward(out, real, True).multiplications == 6
    assert forward(out, real, True).dram_bits == 32 * (6 + 12 + 8)  # a word for each real input
    assert (backward(out, real, True).additions, backward(out, real, True).multiplications) == (24, 24)
    assert inference(out, real, 8).additions == 2.5 + 12


def test_prices_times_counts():
    counts = Counts(10, 2, 64, 128, 32)
    moved = 1 * 10 + 2 * 20 + 0.5 * 1300
    assert counts.picojoules(HOROWITZ, integer=False) == pytest.approx(10 * 0.9 + 2 * 3.7 + moved)
    assert counts.picojoules(HOROWITZ, integer=True) == pytest.approx(10 * 0.1 + 2 * 0.2 + moved)


@pytest.mark.parametrize("arch", ARCHES)
def test_at_the_break_even_rate_both_cost_the_same(arch):
    binned = random_recordings(2, 4, 3, 8)
    network = lively_network(arch, binned, 0)
    layers = network.weighted()
    bits = (8,) * len(layers)
    trained = WINDOW, Objective()
    prices = replace(HOROWITZ, multiply_int8=3.0)  # so that there is a rate
    found = measure(network, binned, trained, Integer(bits, Spike("hard")), prices)
    pairs = {"rate": "inference", "break_even_rate": "dense"}
    for rate, what in pairs.items():
        spent = sum(
            inference(layer, alike(layer, found[rate]), 8).picojoules(prices, integer=True)
            for layer in layers
        )
        assert spent == pytest.approx(found[what]["picojoules"]), rate
    for stage in ("forward", "backward", "update"):
        told = found["training"][stage]
        for name in ("additions", "multiplications", "scratchpad_bits", "buffer_bits", "dram_bits"):
            assert told[name] == pytest.approx(sum(each[name] for each in told["layers"]))
        assert told["picojoules"] > 0
    stages = [found["training"][stage]["picojoules"] for stage in ("forward", "backward", "update")]
    assert found["training"]["picojoules"] == pytest.approx(sum(stages))


def test_where_membranes_alone_cost_more_no_rate_is_cheaper():
    """A 1 × 1 kernel: 8 weights for each pixel, but 4 membranes at each of 3 steps."""
    binned = random_recordings(2, 4, 3, 8)
    network = lively_network("4c1-out", binned, 0)
    found = measure(network, binned, None, Integer((8, 8), Spike("hard")), HOROWITZ)
    assert found["break_even_rate"] is None
    assert found["rate"] > 0
    assert found["training"] is None
    nothing = replace(HOROWITZ, add_int32=0.0, buffer=0.0)
    free = measure(network, binned, None, Integer((8, 8), Spike("hard")), nothing)
    assert (free["rate"], free["break_even_rate"]) == (None, None)


def test_smooth_spikes_are_multiplied():
    """Of every layer but the first, whose inputs are events."""
    binned = random_recordings(2, 4, 3, 8)
    network = lively_network("4c3p1-or2-4c3p1-out", binned, 0)
    integer, objective = Integer((8, 8, 8), Spike("hard")), Objective()
    hard = measure(network, binned, (Spike("hard"), objective), integer, HOROWITZ)["training"]["forward"]
    smooth = measure(network, binned, (Spike("smooth"), objective), integer, HOROWITZ)["training"]["forward"]
    assert smooth["layers"][0] == hard["layers"][0]
    pools = [layer for layer in network.layers if isinstance(layer, Pool)]
    assert len(pools) == 1
    second = network.weighted()[1]
    everything = int(second.fan_outs.sum()) * 3
    updates = 2 * fan_in(second).numel() * 3
    assert smooth["layers"][1]["multiplications"] == everything + updates
    assert hard["layers"][1]["multiplications"] == updates


TABLE = {"source": "a chip", **{name: 1.5 for name in list(HOROWITZ.__dataclass_fields__)[1:]}}


def written(path, values):
    if path.suffix == ".json":
        path.write_text(json.dumps(values))
    else:
        path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()))
    return str(path)


@pytest.mark.parametrize("name", ["table.toml", "table.json"])
def test_a_table_of_prices_is_read(tmp_path, name):
    prices = read_prices(written(tmp_path / name, TABLE))
    assert (prices.source, prices.dram, prices.add_float32) == ("a chip", 1.5, 1.5)
    assert read_prices(None) == HOROWITZ


@pytest.mark.parametrize("name", ["table.toml", "table.json"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dram": -1}, "dram is -1; it must be 0 to 1e+09, in pJ"),
        ({"dram": True}, "dram is True; it must be 0 to 1e+09, in pJ"),
        ({"buffer": "much"}, "buffer is 'much'; it must be 0 to 1e+09, in pJ"),
        ({"buffer": 10**400}, "in pJ"),
        ({"source": 3}, "source is 3; write in up to 200 characters where the prices come from"),
        ({"flash": 3}, "key 'flash' is unknown; it holds source, add_float32, "),
    ],
)
def test_a_bad_price_is_named(tmp_path, name, change, message):
    with pytest.raises(EdgeSastError) as error:
        read_prices(written(tmp_path / name, TABLE | change))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.toml", "add_int32 = ", "t.toml: is not TOML"),
        ("t.json", "{", "t.json: is not JSON"),
        ("t.json", "[1]", "t.json: is [1]; write prices such as"),
        (
            "t.json",
            '{"source": "x", "dram": NaN}',
            "t.json: add_float32 is missing; give source, add_float32",
        ),
        ("t.toml", "#" * 70_000, "t.toml: has 70000 bytes; it may have 65536"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(EdgeSastError) as error:
        read_prices(str(tmp_path / name))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_not_a_number_is_no_price(tmp_path):
    text = json.dumps(TABLE).replace('"dram": 1.5', '"dram": NaN')
    (tmp_path / "t.json").write_text(text)
    with pytest.raises(EdgeSastError, match="dram is nan; it must be 0 to"):
        read_prices(str(tmp_path / "t.json"))
