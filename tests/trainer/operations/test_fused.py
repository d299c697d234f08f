"""The fused operation against batch_norm, lif through autograd and max_pool2d, one after the other."""

import numba
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.trainer.networks import lively_network, random_recordings
from trainer.data.batches import in_order
from trainer.kernels import fused as fused_kernels
from trainer.operations import fused, fused_parts
from trainer.operations import lif as lif_module
from trainer.operations.fused_parts import Neuron
from trainer.operations.lif import lif
from trainer.settings.neuron import NeuronSettings
from trainer.settings.passes import Spike


@pytest.fixture(autouse=True)
def through_autograd(monkeypatch):
    """The reference is trainer/operations/lif.py's own slow form, not its jitted loops."""
    monkeypatch.setattr(lif_module, "_fused", lif_module.stepwise)


def layer(channels, training=True):
    norm = nn.BatchNorm1d(channels).train(training)
    with torch.no_grad():
        for i, vector in enumerate((norm.weight, norm.bias, norm.running_mean, norm.running_var)):
            vector.copy_(torch.linspace(0.3, 1.0, channels).roll(i))
    return norm


def one_after_the_other(x, norm, share, momentum, tau, neuron):
    merged = functional.batch_norm(
        x.flatten(0, 1),
        norm.running_mean,
        norm.running_var,
        norm.weight * share,
        norm.bias * share,
        norm.training,
        momentum,
        norm.eps,
    )
    spikes = lif(
        merged.unflatten(0, x.shape[:2]), tau, neuron.spike, neuron.reset, threshold=neuron.threshold
    )[0]
    pooled = functional.max_pool2d(spikes.flatten(0, 1), neuron.pool).unflatten(0, x.shape[:2])
    return pooled, spikes.mean()


def results(function, x, norm, neuron, tau=0.75):
    """Spikes, rate, running moments and every gradient."""
    x, tau = x.clone().requires_grad_(), torch.tensor(tau, requires_grad=True)
    share = torch.linspace(0.8, 1.2, x.shape[2], requires_grad=True)
    pooled, rate = function(x, norm, share, 0.1, tau, neuron)
    upstream = torch.linspace(-1, 1, pooled.numel()).roll(3).view_as(pooled)
    (pooled * upstream).sum().backward()
    gradients = [x.grad, norm.weight.grad, norm.bias.grad, share.grad, tau.grad]
    return [pooled.detach(), rate.detach(), norm.running_mean, norm.running_var, *gradients]


def agree(x, neuron, training=True):
    channels = x.shape[2]
    found = results(fused.norm_lif_pool, x, layer(channels, training), neuron)
    wanted = results(one_after_the_other, x, layer(channels, training), neuron)
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b, atol=3e-5, rtol=2e-4)


@pytest.mark.parametrize("pool", [1, 2, 3])
@pytest.mark.parametrize("reset", ["zero", "subtract"])
@pytest.mark.parametrize("forward", ["smooth", "hard"])
@pytest.mark.parametrize("name", ["arctan", "logistic"])
def test_values_and_gradients_equal_the_separate_operations(name, forward, reset, pool):
    x = torch.randn(5, 3, 4, 7, 8, generator=torch.Generator().manual_seed(1)) + 0.5
    agree(x, Neuron(Spike(forward, name, 3.0), reset, 0.7, pool))  # β/2 and θ other than 1


def test_the_upstream_gradient_stays_and_the_rate_has_none():
    x = torch.randn(2, 1, 4, 4, 3).permute(0, 1, 4, 2, 3).requires_grad_()
    neuron = Neuron(Spike("hard"), "zero", 1.0, 2)
    spikes, rate = fused.lif_pool(x, torch.zeros(3), torch.tensor(0.5), neuron)
    assert not rate.requires_grad
    upstream = torch.randn(2, 1, 2, 2, 3).permute(0, 1, 4, 2, 3)
    kept = upstream.clone()
    torch.autograd.grad(spikes, x, upstream)
    assert torch.equal(upstream, kept)


@pytest.mark.parametrize("forward", ["smooth", "hard"])
def test_a_membrane_that_is_no_number_shows_wherever_it_stands_in_a_window(forward):
    x = torch.randn(2, 1, 3, 4, 4)
    x[0, 0, 1, 1, 1] = float("nan")
    neuron, tau = Neuron(Spike(forward), "subtract", 1.0, 2), torch.tensor(0.5)
    spikes = lif(x, tau, neuron.spike, "subtract")[0]
    wanted = functional.max_pool2d(spikes.flatten(0, 1), 2).unflatten(0, (2, 1))
    found = fused.lif_pool(x, torch.zeros(3), tau, neuron)[0]
    torch.testing.assert_close(found, wanted, equal_nan=True)
    assert found.isnan().any() == (forward == "smooth")


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("shape", [(1, 2, 1, 1, 1), (3, 2, 17, 2, 2), (2, 1, 5, 6, 3), (2, 3, 6, 1, 1)])
def test_shapes_and_both_modes_of_batch_norm(shape, training):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(2))
    agree(x, Neuron(Spike("hard"), "zero", 0.5, min(2, shape[3], shape[4])), training)


def test_any_order_in_memory_gives_the_same():
    x = torch.randn(3, 2, 4, 6, 6)
    last = x.flatten(0, 1).contiguous(memory_format=torch.channels_last).unflatten(0, (3, 2))
    neuron = Neuron(Spike("hard"), "zero", 1.0, 2)
    for a, b in zip(*(results(fused.norm_lif_pool, y, layer(4), neuron) for y in (x, last)), strict=True):
        torch.testing.assert_close(a, b, atol=0, rtol=0)


def test_rows_in_small_parts_give_the_same(monkeypatch):
    x, neuron = torch.randn(4, 2, 3, 9, 9), Neuron(Spike("smooth"), "zero", 1.0, 2)
    whole = results(fused.norm_lif_pool, x, layer(3), neuron)
    python = {
        name: getattr(fused_kernels, name) for name in ("moments", "forward", "backward", "through_norm")
    }
    for name, function in python.items():
        monkeypatch.setattr(fused_kernels, f"{name}_jit", function)
    monkeypatch.setattr(fused_kernels, "BLOCK", 1)
    for a, b in zip(whole, results(fused.norm_lif_pool, x, layer(3), neuron), strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)


def test_a_bias_instead_of_batch_norm():
    x, bias = torch.randn(4, 2, 3, 5, 5), torch.tensor([0.1, 0.5, -0.2])
    neuron, tau = Neuron(Spike("hard"), "subtract", 1.0, 2), torch.tensor(0.875)
    got, want = (bias.clone().requires_grad_() for _ in range(2))
    a, rate = fused.lif_pool(x, got, tau, neuron)
    spikes = lif(x + want.view(1, 1, -1, 1, 1), tau, neuron.spike, "subtract")[0]
    b = functional.max_pool2d(spikes.flatten(0, 1), 2).unflatten(0, (4, 2))
    torch.testing.assert_close(a, b)
    torch.testing.assert_close(rate, spikes.mean().detach())
    a.square().sum().backward()
    b.square().sum().backward()
    torch.testing.assert_close(got.grad, want.grad, atol=1e-5, rtol=1e-4)


def test_moments_keep_their_digits_far_from_zero():
    x = torch.randn(3, 4, 2, 5, 5, generator=torch.Generator().manual_seed(3)) + 1000
    mean, var = fused.moments(x)
    exact = x.double().permute(2, 0, 1, 3, 4).flatten(1)
    np.testing.assert_allclose(mean, exact.mean(1), rtol=1e-6)
    np.testing.assert_allclose(var, exact.var(1, correction=0), rtol=1e-3)


def test_what_is_supported():
    assert fused_parts.supports(Spike("hard", "logistic", 3.0))
    assert fused_parts.supports(Spike("smooth", "arctan"))
    for other in (Spike("mixed"), Spike("stochastic"), Spike("hard", "triangle"), Spike("hard", mask=0.5)):
        assert not fused_parts.supports(other)


def test_threads_change_no_bit():
    x = torch.randn(6, 5, 3, 9, 9, generator=torch.Generator().manual_seed(4))
    neuron, most = Neuron(Spike("hard"), "zero", 1.0, 2), numba.get_num_threads()
    found = []
    for threads in (1, most):
        numba.set_num_threads(threads)
        found.append(results(fused.norm_lif_pool, x, layer(3), neuron))
    for a, b in zip(*found, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    "arch", ["6c3s2p1-or2-6c3p1g2r-out", "or2-5c3-sum2-fc7-count", "4c3p1-or2-or2-fc6-out"]
)
@pytest.mark.parametrize(("norm", "threshold"), [("batch", "learn"), ("none", "learn"), ("batch", "fixed")])
def test_a_network_gives_the_same_with_and_without(arch, norm, threshold):
    """What a network computes is the same where the fused operation cannot be used; see keeps it from being used."""
    binned = random_recordings(2, 8, 5, 12, rate=0.1)  # few enough that a first convolution takes events
    x, labels = next(in_order(binned, 8, "cpu"))
    spike, found = Spike("hard", "arctan", 2.0), []
    for see in (None, lambda *_: None):
        neuron = NeuronSettings(threshold=threshold, leak="learn")
        network = lively_network(arch, binned, 1, norm=norm, neuron=neuron).train()
        assert network.weighted()[0].fusable(x, spike)
        output = network(x, spike, synops=True, see=see)
        (functional.cross_entropy(output.logits, labels) + 1e-3 * output.synops).backward()
        gradients = {name: p.grad for name, p in network.named_parameters()}
        state = {k: v for k, v in network.state_dict().items() if "running" in k}
        found.append([output.logits, output.synops, torch.stack(output.rates), gradients, state])
    torch.testing.assert_close(*found, atol=3e-5, rtol=3e-4)
