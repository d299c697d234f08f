"""The trainer's own integer pass must be the runtime, output for output."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.model import modelfile
from edge_sast.model.layers import Flatten, Lif, Linear
from edge_sast.runtime import Simulator
from tests.trainer.networks import CLASSES, lively_network, random_recordings
from trainer.data.batches import in_order
from trainer.network.to_integers import export
from trainer.run.one_pass import evaluate
from trainer.settings.neuron import NeuronSettings
from trainer.settings.passes import Integer, Spike

ARCHS = (
    "6c3s2p1-or2-8c3p1-out",
    "4c3-sum2-8c3g2p1-or2-fc12-out",
    "sum2-rec9-out",
    "8c3g2s3-or2-fc7-rec6-out",
    "or2-5c2-count",
    "fc11-count",
    "4c3p1-4c3p1g2r-or2-out",
)


def uniform(network, width):
    """One width for all weighted layers."""
    return (width,) * len(network.weighted())


def trainer_outputs(network, binned, bits):
    """Integer outputs of the last layer, int64 [N, classes], read back from the trainer's logits."""
    last = network.weighted()[-1]
    with torch.no_grad():
        logits = torch.cat(
            [network(x, Integer(bits, Spike("hard"))).logits for x, _ in in_order(binned, 5, "cpu")]
        ).double()
        if last.spiking:
            return torch.round(logits / 10 * binned.binning.steps).long().numpy()
        lsb = last.integers(bits[-1]).lsb.double()
    return torch.round(logits / lsb * binned.binning.steps).long().numpy()


@settings(max_examples=40, deadline=None)
@given(
    arch=st.sampled_from(ARCHS),
    bits=st.integers(1, 8) | st.lists(st.integers(1, 8), min_size=4, max_size=4),
    reset=st.sampled_from(["zero", "subtract"]),
    leak=st.sampled_from(["3", "1,4", "none", "learn"]),
    norm=st.sampled_from(["batch", "none"]),
    cap=st.sampled_from([1, 3]),
    threshold=st.sampled_from(["fixed", "learn", "adaptive"]),
    start=st.sampled_from(["zero", "mp", "later"]),
    seed=st.integers(0, 1000),
)
def test_integer_pass_equals_the_runtime(arch, bits, reset, leak, norm, cap, threshold, start, seed):
    """start: at 0; by --mp-init; at 0, with a reset by subtraction one step later."""
    binned = random_recordings(seed, 7, 5, 9, cap)
    neuron = NeuronSettings(reset, leak, threshold, start == "mp", later=start == "later")
    network = lively_network(arch, binned, seed, norm=norm, neuron=neuron)
    layers = len(network.weighted())
    bits = uniform(network, bits) if isinstance(bits, int) else tuple(bits[:layers])
    model = export(network, binned.binning, CLASSES, bits, "test")
    assert tuple(layer.bits for _, layer in model.weighted()) == bits
    cells = [layer.neuron for _, layer in model.weighted() if isinstance(layer.neuron, Lif)]
    assert all((cell.amount is not None) == (neuron.takes_later and bool(cell.leak_shifts)) for cell in cells)
    run = Simulator(model).run(binned)
    np.testing.assert_array_equal(run.outputs, trainer_outputs(network, binned, bits))
    own = evaluate(network, binned, Integer(bits, Spike("hard")))
    np.testing.assert_array_equal(own.predictions, run.predictions)
    assert own.synops_per_sample == pytest.approx(run.synops.sum(1).mean())
    assert own.spikes_per_sample == pytest.approx(run.spikes.sum(1).mean())


def test_networks_of_these_tests_do_fire():
    for arch in ARCHS:
        binned = random_recordings(1, 7, 5, 9)
        network = lively_network(arch, binned, 1)
        run = Simulator(export(network, binned.binning, CLASSES, uniform(network, 8), "test")).run(binned)
        spiking = run.spikes if network.weighted()[-1].spiking else run.spikes[:, :-1]
        assert (spiking.sum(0) > 0).all(), arch


def test_high_bits_approach_the_hard_pass():
    binned = random_recordings(2, 60, 5, 9)
    network = lively_network(ARCHS[0], binned, 2)
    hard = evaluate(network, binned, Spike("hard"))
    int8 = evaluate(network, binned, Integer(uniform(network, 8), Spike("hard")))
    assert (hard.predictions == int8.predictions).mean() > 0.8
    assert int8.spikes_per_sample == pytest.approx(hard.spikes_per_sample, rel=0.05)


def test_export_leaves_the_network_alone_and_repeats_itself():
    binned = random_recordings(3, 3, 4, 9)
    network = lively_network(ARCHS[0], binned, 3)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    files = [
        modelfile.dumps(export(network, binned.binning, CLASSES, uniform(network, 4), "test"))
        for _ in range(2)
    ]
    assert files[0] == files[1]
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_flatten_is_written_once_before_the_first_dense_layer():
    binned = random_recordings(4, 3, 4, 9)
    network = lively_network("4c3-fc5-fc6-out", binned, 4)
    model = export(network, binned.binning, CLASSES, uniform(network, 8), "test")
    kinds = [type(layer) for layer in model.layers]
    assert kinds.count(Flatten) == 1
    assert kinds[1:] == [Flatten, Linear, Linear, Linear]


def test_a_layer_without_integer_form_is_refused():
    binned = random_recordings(5, 3, 4, 9)
    network = lively_network("4c3-out", binned, 5)
    network.layers.insert(1, torch.nn.Softmax(dim=2))
    with pytest.raises(EdgeSastError, match=r"^layer Softmax has no integer form; use convolutions"):
        export(network, binned.binning, CLASSES, uniform(network, 8), "test")


def test_bits_are_checked():
    binned = random_recordings(6, 3, 4, 9)
    with pytest.raises(EdgeSastError, match=r"^--bits is 9; it must be 1 to 8$"):
        export(lively_network("4c3-out", binned, 6), binned.binning, CLASSES, (8, 9), "test")


def test_a_long_read_out_is_exact_where_float32_is_not():
    binned = random_recordings(3, 4, 1500, 4, 255, rate=0.5)
    network = lively_network("out", binned, 3)
    run = Simulator(export(network, binned.binning, CLASSES, uniform(network, 8), "test")).run(binned)
    assert int(np.abs(run.outputs).max()) > 1 << 24
    np.testing.assert_array_equal(run.outputs, trainer_outputs(network, binned, uniform(network, 8)))


@pytest.mark.parametrize("bits", [8, 2, 1])
def test_a_read_out_without_weights_gives_its_biases(bits):
    """What training leaves that has pulled the read-out to nothing, or not begun: legal, and the bias decides."""
    binned = random_recordings(7, 4, 6, 9)
    network = lively_network("4c3-out", binned, 7)
    readout = network.weighted()[-1]
    with torch.no_grad():
        readout.weight.zero_()
        readout.bias.copy_(torch.tensor([-0.1, 0.3, 0.2]))
    integers = readout.integers(bits)
    widths = uniform(network, bits)
    run = Simulator(export(network, binned.binning, CLASSES, widths, "test")).run(binned)
    np.testing.assert_array_equal(run.outputs, trainer_outputs(network, binned, widths))
    assert run.predictions.tolist() == [1] * 4
    differences = (run.outputs - run.outputs[:, :1]) * float(integers.lsb[0])
    np.testing.assert_allclose(differences, [[0, 6 * 0.4, 6 * 0.3]] * 4, rtol=1e-6)
