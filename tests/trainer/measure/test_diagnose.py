"""Gradient norms and contraction against a plain network, formulas worked by hand, and the bounds they promise."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from tests.trainer import plain
from tests.trainer.networks import lively_network, random_recordings
from trainer.data.batches import in_order
from trainer.formulas import surrogate
from trainer.measure.diagnose import contraction, gradient_norms, left_side, membrane_bound, steepest
from trainer.settings.neuron import NeuronSettings
from trainer.settings.objective import Objective
from trainer.settings.passes import Spike


def plain_case(reset, name="arctan"):
    binned = random_recordings(3, 12, 5, 3)
    network = lively_network("fc4-out", binned, 1, norm="none", neuron=NeuronSettings(reset=reset))
    network.weighted()[0].neurons.threshold.fill_(1.0)
    x, labels = next(in_order(binned, len(binned), "cpu"))
    return network, binned, Spike("smooth", name, 3.0), x.double().flatten(2), labels


@pytest.mark.parametrize("reset", ["zero", "subtract"])
def test_gradient_norms_are_those_of_a_plain_network(reset):
    network, binned, spike, x, labels = plain_case(reset)
    found = gradient_norms(network, binned, spike, Objective(), batch_size=5)
    x.requires_grad_()
    logits, currents, _ = plain.run(plain.parameters(network), x, 0.875, 3.0, reset)
    total = plain.loss(logits, labels) * len(labels)
    by_input, *by_current = torch.autograd.grad(total, (x, *currents))
    both = (found["input"], found["layers"][0])
    for gradient, told in zip((by_input, torch.stack(by_current)), both, strict=True):
        norms = gradient.transpose(0, 1).flatten(1).norm(dim=1)
        assert told["mean"] == pytest.approx(float(norms.mean()), rel=1e-4)
        assert told["quantile_95"] == pytest.approx(float(norms.quantile(0.95)), rel=1e-4)
    assert [each["layer"] for each in found["layers"]] == ["layer 1 (fc4)"]
    assert all(p.grad is None for p in network.parameters())
    assert all(layer.watch is None for layer in network.weighted())


@pytest.mark.parametrize("arch", ["4c3p1-or2-fc6-rec5-out", "or2-4c3p1g2-sum2-4c3p1-count"])
def test_every_layer_is_watched_through_pools_and_recurrence(arch):
    binned = random_recordings(2, 6, 4, 8, cap=3)
    network = lively_network(arch, binned, 0)
    smooth = Spike("smooth", "logistic", 4.0)
    norms = gradient_norms(network, binned, smooth, Objective("tet"))
    layers = [layer.name for layer in network.weighted() if layer.spiking]
    assert [each["layer"] for each in norms["layers"]] == layers
    assert all(0 < each["mean"] <= each["quantile_95"] * len(binned) for each in norms["layers"])
    assert [each["layer"] for each in contraction(network, binned, smooth)] == layers


@pytest.mark.parametrize("name", ["arctan", "logistic"])
@pytest.mark.parametrize("reset", ["zero", "subtract"])
def test_the_measured_derivative_is_that_of_a_plain_step(reset, name):
    network, binned, spike, x, _ = plain_case(reset, name)
    (found,) = contraction(network, binned, spike, batch_size=5)
    _, currents, befores = plain.run(plain.parameters(network), x, 0.875, 3.0, reset, name)
    before = torch.stack(befores).requires_grad_()
    u = 0.875 * before + torch.stack(currents)
    s = plain.sigma(u - 1, 3.0, name)
    after = u * (1 - s) if reset == "zero" else u - s
    size = torch.autograd.grad(after.sum(), before)[0].abs()
    assert found["largest_seen"] == pytest.approx(float(size.max()), rel=1e-4)
    assert found["mean_seen"] == pytest.approx(float(size.mean()), rel=1e-4)


def test_recurrent_neurons_are_fed_what_they_were_fed():
    """The largest derivative seen is that at the membranes which the network's own steps have."""
    binned = random_recordings(2, 5, 4, 3)
    network = lively_network("rec4-out", binned, 0, norm="none")
    layer, spike = network.weighted()[0], Spike("smooth", "arctan", 2.0)
    (found,) = contraction(network, binned, spike)
    x, _ = next(in_order(binned, 5, "cpu"))
    weight, recurrent, bias = layer.folded()
    v = s = torch.zeros(5, 4)
    sizes = []
    for now in x.flatten(2):
        u = 0.875 * v + now @ weight.T + bias + s @ recurrent.T
        s = plain.sigma(u - 1, 2.0)
        slope = 1 / (1 + (math.pi * (u - 1)) ** 2)
        sizes.append((0.875 * (1 - s - u * slope)).abs())
        v = u * (1 - s)
    seen = torch.stack(sizes).detach()
    assert found["largest_seen"] == pytest.approx(float(seen.max()), rel=1e-4)
    assert found["mean_seen"] == pytest.approx(float(seen.mean()), rel=1e-4)


def test_the_condition_worked_by_hand():
    """Two neurons, counts up to 2, W = [[1, −2, …], [0.5, 0, …]], b = [0.25, 1], τ = ¾, logistic with β = 4: k = 1.

    ‖W‖∞·S + b = 3·2 + 0.25 = 6.25, U = 25, left side ¾·(1 + 25) = 19.5.
    """
    binned = random_recordings(1, 4, 3, 2, cap=2)
    spike = Spike("smooth", "logistic", 4.0)
    network = lively_network("fc2-out", binned, 0, norm="none", neuron=NeuronSettings(leak="2"))
    layer = network.weighted()[0]
    with torch.no_grad():
        layer.neurons.threshold.fill_(1.0)
        layer.weight.zero_()
        layer.weight[:, :2] = torch.tensor([[1.0, -2.0], [0.5, 0.0]])
        layer.bias.copy_(torch.tensor([0.25, 1.0]))
    (found,) = contraction(network, binned, spike)
    assert (found["tau"], found["steepest"], found["bound"], found["left_side"]) == (0.75, 1.0, 25.0, 19.5)
    assert found["holds"] is False
    layer.reset = "subtract"
    (found,) = contraction(network, binned, spike)
    assert (found["left_side"], found["holds"]) == (0.75, True)  # max(0.75, 1 − 0.75)
    assert (
        contraction(network, binned, Spike("smooth", "logistic", 6.99))[0]["holds"] is True
    )  # β < 4(1 + τ)/ϑ = 7
    assert contraction(network, binned, Spike("smooth", "logistic", 7.01))[0]["holds"] is False


def test_without_a_leak_nothing_is_bounded():
    binned = random_recordings(1, 4, 3, 2)
    for reset, left in (("zero", None), ("subtract", 1.0)):
        network = lively_network("fc2-out", binned, 0, neuron=NeuronSettings(reset=reset, leak="none"))
        (found,) = contraction(network, binned, Spike("smooth", "logistic", 4.0))
        assert (found["bound"], found["left_side"], found["holds"]) == (None, left, False)


def test_thresholds_that_change_are_refused():
    binned = random_recordings(1, 4, 3, 2)
    network = lively_network("fc2-out", binned, 0, neuron=NeuronSettings(threshold="adaptive-step"))
    with pytest.raises(
        EdgeSastError, match="--threshold is 'adaptive-step', which changes within a recording"
    ):
        contraction(network, binned, Spike("smooth"))


@pytest.mark.parametrize("name", surrogate.CODES)
@pytest.mark.parametrize("beta", [1.0, 2.0, 4.9, 49.0])
def test_no_slope_is_steeper(name, beta):
    kind = surrogate.code(name)
    xs = [i / 1000 / beta for i in range(-3000, 3001)]
    largest = max(surrogate.slope(kind, beta, x) for x in xs)
    by_formula = {"logistic": beta / 4, "asymmetric": (beta + 1) / 2}.get(name, beta / 2)
    assert steepest(name, beta) == pytest.approx(by_formula)
    assert largest <= steepest(name, beta) * (1 + 1e-9)


@given(
    st.floats(0.1, 0.99),
    st.floats(0.5, 8.0),
    st.floats(-5, 5),
    st.sampled_from(("arctan", "logistic", "triangle")),
)
def test_the_left_sides_bound_the_derivative(tau, beta, u, name):
    """Of any membrane within ±U."""
    kind = surrogate.code(name)
    s, slope, steep = (
        surrogate.value(kind, beta, u - 1),
        surrogate.slope(kind, beta, u - 1),
        steepest(name, beta),
    )
    assert abs(tau * (1 - s - u * slope)) <= left_side("zero", tau, steep, abs(u)) + 1e-12
    assert abs(tau * (1 - slope)) <= left_side("subtract", tau, steep, None) + 1e-12


@pytest.mark.parametrize("mp_init", [False, True])
def test_membranes_stay_within_their_bound(mp_init):
    binned = random_recordings(4, 8, 12, 6, cap=2, rate=0.9)
    network = lively_network("6c3p1g2-rec6-out", binned, 2, neuron=NeuronSettings(mp_init=mp_init))
    seen = {}
    smooth = Spike("smooth", "arctan", 2.0)

    def keep(layer, _, spikes):
        if layer.spiking:
            # The spike says the membrane: u = 1 + tan(π(s − ½))·2/(πβ).
            s = spikes.double().clamp(1e-6, 1 - 1e-6)
            seen[layer] = float((1 + torch.tan(math.pi * (s - 0.5)) / math.pi).abs().max())

    with torch.no_grad():
        for x, _ in in_order(binned, 8, "cpu"):
            network(x, smooth, see=keep)
    for layer, highest in seen.items():
        assert 0 < highest <= membrane_bound(layer, 0.875)
