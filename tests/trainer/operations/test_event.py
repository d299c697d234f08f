"""A first layer by its events against conv2d, batch_norm, lif through autograd and max_pool2d, one after the other."""

from unittest.mock import patch

import numba
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from edge_sast.jit import jit
from tests.trainer.operations.test_fused import layer, one_after_the_other
from trainer.kernels import event as event_kernels
from trainer.kernels import fused as fused_kernels
from trainer.operations import event as event_layer
from trainer.operations import fused
from trainer.operations import lif as lif_module
from trainer.operations.fused_parts import Neuron
from trainer.settings.architecture import ConvSpec
from trainer.settings.passes import Spike


@pytest.fixture(autouse=True)
def through_autograd(monkeypatch):
    monkeypatch.setattr(lif_module, "_fused", lif_module.stepwise)


def conv(channels=4, kernel=3, stride=1, padding=1, groups=1):
    return ConvSpec(channels, kernel, stride, padding, groups, False)


def events(shape, share=0.1, most=3, seed=0):
    """Counts float32 [T, B, C, H, W], of which about `share` are not 0."""
    rng = np.random.default_rng(seed)
    return torch.from_numpy(
        (rng.integers(1, most + 1, shape) * (rng.random(shape) < share)).astype(np.float32)
    )


def kernel_of(spec, inputs):
    shape = (spec.channels, inputs, spec.kernel, spec.kernel)
    return torch.randn(shape, generator=torch.Generator().manual_seed(7))


def dense(x, kernel, spec):
    y = functional.conv2d(x.flatten(0, 1), kernel, None, spec.stride, spec.padding)
    return y.unflatten(0, x.shape[:2])


def results(x, spec, norm, neuron, by_events):
    """Spikes, rate, running moments and every gradient."""
    kernel, tau = kernel_of(spec, x.shape[2]).requires_grad_(), torch.tensor(0.75, requires_grad=True)
    share = torch.linspace(0.8, 1.2, spec.channels, requires_grad=True)
    if by_events:
        sparse = event_layer.gather(x, spec)
        assert sparse is not None
        pooled, rate = event_layer.norm_lif_pool(sparse, kernel, norm, share, 0.1, tau, neuron)
    else:
        pooled, rate = one_after_the_other(dense(x, kernel, spec), norm, share, 0.1, tau, neuron)
    upstream = torch.linspace(-1, 1, pooled.numel()).roll(3).view_as(pooled)
    (pooled * upstream).sum().backward()
    gradients = [kernel.grad, norm.weight.grad, norm.bias.grad, share.grad, tau.grad]
    return [pooled.detach(), rate.detach(), norm.running_mean, norm.running_var, *gradients]


def agree(x, spec, neuron, training=True):
    found, wanted = (
        results(x, spec, layer(spec.channels, training), neuron, by_events) for by_events in (True, False)
    )
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=3e-4)


@pytest.mark.parametrize(
    "spec",
    [
        conv(),
        conv(5, 5, 2, 2),
        conv(3, 1, 1, 0),
        conv(2, 4, 3, 1),
        conv(17, 2, 3, 0),
        conv(4, 5, 1, 0),
        conv(4, 3, 2, 2),
    ],
)
@pytest.mark.parametrize("forward", ["smooth", "hard"])
def test_every_kind_of_convolution(spec, forward):
    agree(events((4, 3, 2, 9, 11)), spec, Neuron(Spike(forward), "zero", 1.0, 2))


@pytest.mark.parametrize("pool", [1, 2, 3])
@pytest.mark.parametrize("reset", ["zero", "subtract"])
@pytest.mark.parametrize("forward", ["smooth", "hard"])
@pytest.mark.parametrize("name", ["arctan", "logistic"])
@pytest.mark.parametrize("training", [False, True])
def test_values_and_gradients_of_every_neuron(name, forward, reset, pool, training):
    agree(events((5, 2, 2, 8, 7)), conv(), Neuron(Spike(forward, name, 3.0), reset, 0.7, pool), training)


@st.composite
def geometries(draw):
    """A convolution, the shape of its inputs and a pool that fits its outputs."""
    kernel = draw(st.integers(1, 5))
    spec = conv(draw(st.integers(1, 6)), kernel, draw(st.integers(1, 6)), draw(st.integers(0, kernel - 1)))
    sides = [draw(st.integers(max(1, kernel - 2 * spec.padding), 12)) for _ in range(2)]
    outputs = [(n + 2 * spec.padding - kernel) // spec.stride + 1 for n in sides]
    shape = (draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 3)), *sides)
    return spec, shape, draw(st.integers(1, min(3, *outputs)))


def of_integers(x, spec, neuron, way):
    """Spikes, rate and gradients of a layer with a bias, whose currents and membranes float32 holds exactly."""
    generator = torch.Generator().manual_seed(5)
    size = (spec.channels, x.shape[2], spec.kernel, spec.kernel)
    kernel = torch.randint(-3, 4, size, generator=generator).float().requires_grad_()
    bias = (torch.randint(-3, 8, (spec.channels,), generator=generator) / 4).requires_grad_()
    tau = torch.tensor(0.5, requires_grad=True)
    y = dense(x.double(), kernel.double(), spec).float()
    if way == "events":
        pooled, rate = event_layer.lif_pool(event_layer.gather(x, spec), kernel, bias, tau, neuron)
    elif way == "dense":
        pooled, rate = fused.lif_pool(y, bias, tau, neuron)
    else:
        spikes, _ = lif_module.lif(y + bias.view(1, 1, -1, 1, 1), tau, neuron.spike, neuron.reset)
        pooled, rate = functional.max_pool2d(spikes.flatten(0, 1), neuron.pool), spikes.detach().mean()
        pooled = pooled.unflatten(0, x.shape[:2])
    upstream = torch.randint(-2, 3, pooled.shape, generator=torch.Generator().manual_seed(6))
    (pooled * upstream).sum().backward()
    return pooled.detach(), rate, [kernel.grad, bias.grad, tau.grad]


@settings(max_examples=100, deadline=None)
@given(geometries(), st.sampled_from(["zero", "subtract"]), st.booleans(), st.sampled_from([0.0, 0.1, 0.7]))
def test_any_geometry_spikes_exactly_as_its_dense_form(geometry, reset, last, share):
    spec, shape, pool = geometry
    x = events(shape, share)
    if last:
        x = x.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)
    neuron = Neuron(Spike("hard"), reset, 1.0, pool)
    spikes, rate, gradients = of_integers(x, spec, neuron, "one after the other")
    for way in ("events", "dense"):
        with patch.object(event_layer, "MOST", 1.0):  # of small recordings every input may be an event
            got, fired, found = of_integers(x, spec, neuron, way)
        assert torch.equal(got, spikes)
        torch.testing.assert_close(fired, rate)
        for a, b in zip(found, gradients, strict=True):
            torch.testing.assert_close(a, b, atol=1e-5 * max(1.0, float(b.abs().max())), rtol=1e-4)


@jit
def convolve(e, weights, b, t, out):
    """The kernel as others call it: Python cannot."""
    event_kernels.convolve(e, weights, b, t, np.int64(0), out)


def test_convolutions_of_integers_are_exact():
    """Sums of integers below 2^24 have no rounding, whatever their order."""
    x, spec = events((2, 3, 2, 12, 13), 0.08, 100), conv(8, 5, 2, 2)
    kernel = torch.randint(-500, 500, (8, 2, 5, 5)).float()
    sparse = event_layer.gather(x, spec)
    want = dense(x, kernel, spec).permute(0, 1, 3, 4, 2)
    weights = event_layer._laid_out(kernel, spec)
    for b in range(3):
        for t in range(2):
            out = np.empty(want[t, b].numel(), np.float32)
            convolve(sparse.events, weights, b, t, out)
            np.testing.assert_array_equal(out, want[t, b].flatten())


def test_any_order_in_memory_gives_the_same():
    x, neuron = events((3, 2, 2, 8, 9)), Neuron(Spike("hard"), "zero", 1.0, 2)
    last = x.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)
    odd = x.transpose(0, 1).contiguous().transpose(0, 1)
    want = results(x, conv(), layer(4), neuron, True)
    for other in (last, odd):
        for a, b in zip(results(other, conv(), layer(4), neuron, True), want, strict=True):
            torch.testing.assert_close(a, b, atol=2e-5, rtol=1e-4)  # sums of another order


def test_blocks_of_rows_give_the_same(monkeypatch):
    x, neuron = events((4, 2, 2, 11, 9)), Neuron(Spike("smooth"), "zero", 1.0, 2)
    whole = results(x, conv(), layer(4), neuron, True)
    monkeypatch.setattr(fused_kernels, "BLOCK", 1)
    for a, b in zip(whole, results(x, conv(), layer(4), neuron, True), strict=True):
        torch.testing.assert_close(a, b, atol=2e-5, rtol=1e-4)


def test_threads_change_no_bit():
    x, neuron, most = events((6, 5, 2, 9, 9)), Neuron(Spike("hard"), "zero", 1.0, 2), numba.get_num_threads()
    found = []
    for threads in (1, most):
        numba.set_num_threads(threads)
        found.append(results(x, conv(), layer(4), neuron, True))
    for a, b in zip(*found, strict=True):
        assert torch.equal(a, b)


def test_a_bias_instead_of_batch_norm():
    x, spec, neuron = events((4, 2, 2, 6, 6)), conv(3), Neuron(Spike("hard"), "subtract", 1.0, 2)
    tau = torch.tensor(0.875)
    kernels = [kernel_of(spec, 2).requires_grad_() for _ in range(2)]
    biases = [torch.tensor([0.1, 0.5, -0.2], requires_grad=True) for _ in range(2)]
    a, rate = event_layer.lif_pool(event_layer.gather(x, spec), kernels[0], biases[0], tau, neuron)
    current = dense(x, kernels[1], spec) + biases[1].view(1, 1, -1, 1, 1)
    spikes = lif_module.lif(current, tau, neuron.spike, "subtract")[0]
    b = functional.max_pool2d(spikes.flatten(0, 1), 2).unflatten(0, (4, 2))
    torch.testing.assert_close(a, b)
    torch.testing.assert_close(rate, spikes.mean().detach())
    a.square().sum().backward()
    b.square().sum().backward()
    for got, want in zip(kernels[:1] + biases[:1], kernels[1:] + biases[1:], strict=True):
        torch.testing.assert_close(got.grad, want.grad, atol=1e-5, rtol=1e-4)


def test_no_events_at_all():
    agree(torch.zeros(2, 2, 2, 5, 5), conv(), Neuron(Spike("smooth"), "zero", 1.0, 2))


def test_where_it_does_not_apply():
    x = events((2, 2, 2, 6, 6))
    assert event_layer.gather(x, conv()) is not None
    assert event_layer.gather(events((2, 2, 2, 6, 6), 0.6), conv()) is None
    assert event_layer.gather(x, conv(4, groups=2)) is None
    assert event_layer.gather(x.double(), conv()) is None
    most = torch.zeros(1, 1, 1, 10, 10)
    most[..., :2, :] = 1  # MOST of them, all before the first line without any
    assert event_layer.gather(most, conv()) is not None
    assert event_layer.gather(x.clone().requires_grad_(), conv()) is None
    with torch.autocast("cpu", torch.bfloat16):
        assert event_layer.gather(x, conv()) is None


def test_the_gradient_of_a_frozen_kernel_is_not_needed():
    x, norm = events((2, 2, 2, 6, 6)), nn.BatchNorm1d(4)
    sparse, kernel = event_layer.gather(x, conv()), kernel_of(conv(), 2)
    args = (kernel, norm, torch.ones(4), 0.1, torch.tensor(0.5), Neuron(Spike("hard"), "zero"))
    event_layer.norm_lif_pool(sparse, *args)[0].sum().backward()
    assert norm.weight.grad is not None


def test_running_moments_may_move_before_the_backward_pass():
    """As where a batch is evaluated, the next one trained on, and the loss is that of both."""
    x, neuron, found = events((3, 2, 2, 6, 6)), Neuron(Spike("smooth"), "zero", 1.0, 2), []
    for moved in (0.0, 1.0):
        norm, kernel = layer(4, training=False), kernel_of(conv(), 2).requires_grad_()
        args = (kernel, norm, torch.ones(4), 0.1, torch.tensor(0.75), neuron)
        pooled, _ = event_layer.norm_lif_pool(event_layer.gather(x, conv()), *args)
        norm.running_mean += moved
        norm.running_var += moved
        pooled.square().sum().backward()
        found.append([kernel.grad, norm.weight.grad, norm.bias.grad])
    for a, b in zip(*found, strict=True):
        assert torch.equal(a, b)
