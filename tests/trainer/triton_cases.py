"""The Triton kernels in Triton's interpreter, or on a GPU; test_lif_triton.py runs this file in processes of its own.

The tests of the jitted loops are run again on the kernels (float64 oracle, finite differences, integers, autograd),
then the kernels are held against the jitted loops.
"""

import itertools
import os
from dataclasses import replace

import pytest
import torch
import triton
from triton.runtime import interpreter

from tests.trainer.operations.test_fused import agree
from tests.trainer.operations.test_lif import (  # noqa: F401
    RESETS,
    SURROGATES,
    test_a_membrane_at_its_threshold,
    test_a_slope_for_each_step,
    test_fused_loops_equal_the_stepwise_form,
    test_integer_pass_is_integer_arithmetic,
    test_smooth_gradients_are_exact,
    test_the_ends_of_the_mix,
    test_values_and_stated_gradients,
)
from trainer.kernels import lif_triton as lif_triton_kernels
from trainer.operations import fused, fused_triton
from trainer.operations import lif as lif_module
from trainer.operations import lif_triton as lif_triton_module
from trainer.operations.fused_parts import Neuron
from trainer.operations.lif import IntegerState, integer_lif, lif
from trainer.settings.passes import FORWARDS, Spike

JITTED = lif_module._fused
ON_GPU = not os.environ.get("TRITON_INTERPRET")


def interpret_once_for_all():
    """Triton's interpreter replaces its language's functions anew for each call of a device function: half of its time.

    Here they are replaced once, as kernels and Triton's own device functions see them, and stay so.
    """
    for device_function in (lif_triton_kernels._tanh, triton.language.zeros):
        interpreter._patch_lang(device_function.fn)
    interpreter._patch_lang = lambda _: interpreter._LangPatchScope()


if not ON_GPU:
    interpret_once_for_all()


def lif_triton(current, tau, beta, noise, p):
    """The kernels' results on the CPU, where the tests are, wherever they ran."""
    if not ON_GPU:
        return lif_triton_module.lif_triton(current, tau, beta, noise, p)
    noise = None if noise is None else noise.cuda()
    spikes, membrane = lif_triton_module.lif_triton(current.cuda(), tau, beta, noise, p)
    return spikes.cpu(), membrane.cpu()


@pytest.fixture(autouse=True)
def kernels(monkeypatch):
    monkeypatch.setattr(lif_module, "_fused", lif_triton)


def results(form, forward, name, reset, mask, monkeypatch):
    """Spikes, membranes and gradients of more neurons than a program holds, their number no multiple of a block's."""
    monkeypatch.setattr(lif_module, "_fused", form)
    torch.manual_seed(5)
    integer = forward == "integer"
    current = torch.randn(4, 2, 5, 3, 7) * (40 if integer else 1)
    x, tau = (
        (current.round() if integer else current).requires_grad_(),
        torch.tensor(0.75, requires_grad=True),
    )
    beta, start = torch.tensor(1.8, requires_grad=True), torch.linspace(-0.5, 1.5, 5)
    spike = Spike("hard" if integer else forward, name, mix=0.4, mask=mask)
    if integer:
        start, scale = (20 * start).round(), torch.linspace(0.02, 0.1, 5)
        state = IntegerState(torch.linspace(9, 49, 5), scale, (2, 3), -64, 63, start)
        out = integer_lif(x, state, spike, reset, beta=beta)
    else:
        out = lif(x, tau, spike, reset, beta=beta, initial=start, threshold=0.8)
    out[0].backward(torch.linspace(-1, 1, x.numel()).roll(17).view_as(x))
    return [*(o.detach() for o in out), x.grad, beta.grad, *([] if integer else [tau.grad])]


@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("name", SURROGATES)
@pytest.mark.parametrize(("forward", "mask"), [*((f, 0.0) for f in (*FORWARDS, "integer")), ("hard", 0.3)])
def test_kernels_equal_the_jitted_loops(forward, mask, name, reset, monkeypatch):
    ours = results(lif_triton, forward, name, reset, mask, monkeypatch)
    theirs = results(JITTED, forward, name, reset, mask, monkeypatch)
    if forward in ("hard", "integer"):
        assert torch.equal(ours[0], theirs[0])
        assert torch.equal(ours[1], theirs[1])
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, atol=2e-6, rtol=2e-5)


def test_the_same_bits_again(monkeypatch):
    twice = [results(lif_triton, "mixed", "arctan", "zero", 0.0, monkeypatch) for _ in range(2)]
    assert all(torch.equal(a, b) for a, b in zip(*twice, strict=True))


@pytest.mark.parametrize(
    ("spike", "kept"), [(Spike("smooth"), 4), (Spike("mixed"), 5), (Spike("hard", mask=0.5), 5)]
)
def test_bytes_kept_for_the_backward_pass(spike, kept):
    sizes = []
    x = torch.randn(6, 2, 3, 7, requires_grad=True)

    def pack(tensor):
        sizes.append(tensor.nbytes if tensor.numel() == x.numel() else 0)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        lif(x, torch.tensor(0.5), spike, "zero")
    assert sum(sizes) == kept * x.numel()


@pytest.mark.parametrize("channels_last", [False, True])
def test_layouts_and_leaves_of_other_kinds(channels_last, monkeypatch):
    """Strided currents and gradients, one neuron a channel, and a gradient that nobody asked for."""
    x = torch.linspace(-1, 2, 48).view(4, 2, 3, 2)
    x = (x.transpose(2, 3).contiguous().transpose(2, 3) if channels_last else x).requires_grad_()
    outcome = []
    for form, flat in itertools.product((lif_triton, JITTED), (False, True)):
        monkeypatch.setattr(lif_module, "_fused", form)
        current, x.grad = (x[..., 0] if flat else x), None
        spikes, _ = lif(current, torch.tensor(0.5), Spike("smooth", "logistic"), "subtract")
        spikes.sum().backward()
        outcome.append([spikes.detach(), x.grad.clone()])
    for ours, theirs in zip(outcome[:2], outcome[2:], strict=True):
        torch.testing.assert_close(ours, theirs)
    monkeypatch.setattr(lif_module, "_fused", lif_triton)
    assert lif(x, torch.tensor(0.5), Spike("hard"), "zero")[1].grad_fn is None


@pytest.fixture
def fused_on_kernels(monkeypatch):
    """trainer/operations/fused.py's operation by its kernels, wherever they ran."""

    class OnGpu:
        @staticmethod
        def apply(x, gamma, beta, tau, of, neuron):
            if not ON_GPU:
                return fused_triton.NormLifPool.apply(x, gamma, beta, tau, of, neuron)
            moved = replace(of, mean=of.mean.cuda(), inverse_std=of.inverse_std.cuda())
            pooled, rate = fused_triton.NormLifPool.apply(
                x.cuda(), gamma.cuda(), beta.cuda(), tau, moved, neuron
            )
            return pooled.cpu(), rate.cpu()

    def moments(x):
        return tuple(m.cpu() for m in fused_triton.moments(x.cuda() if ON_GPU else x))

    monkeypatch.setattr(fused, "_forms", lambda _: (OnGpu, moments))


@pytest.mark.usefixtures("fused_on_kernels")
class TestFused:
    """tests/trainer/operations/test_fused.py's comparison with the separate operations."""

    @pytest.mark.parametrize("pool", [1, 2, 3])
    @pytest.mark.parametrize("reset", RESETS)
    @pytest.mark.parametrize("forward", ["smooth", "hard"])
    @pytest.mark.parametrize("name", ["arctan", "logistic"])
    def test_values_and_gradients(self, name, forward, reset, pool):
        images = 1 if pool == 1 else 3  # each as many windows as make two programs, or one
        x = torch.randn(5, images, 4, 7, 8, generator=torch.Generator().manual_seed(1)) + 0.5
        agree(x, Neuron(Spike(forward, name, 2.0), reset, 1.0, pool))

    @pytest.mark.parametrize("training", [False, True])
    @pytest.mark.parametrize("shape", [(1, 2, 1, 1, 1), (3, 2, 37, 2, 2), (2, 1, 5, 6, 3), (2, 3, 6, 1, 1)])
    def test_shapes_and_both_modes_of_batch_norm(self, shape, training):
        x = torch.randn(shape, generator=torch.Generator().manual_seed(2))
        agree(x, Neuron(Spike("hard"), "zero", 0.5, min(2, shape[3], shape[4])), training)

    def test_moments_far_from_zero(self):
        x = torch.randn(3, 4, 33, 5, 5, generator=torch.Generator().manual_seed(3)) + 1000
        mean, var = fused._forms(x)[1](x)
        wide = x.double()
        torch.testing.assert_close(mean, wide.mean((0, 1, 3, 4)).float())
        torch.testing.assert_close(var, wide.var((0, 1, 3, 4), correction=0).float(), rtol=1e-4, atol=0)

    def test_a_bias_instead_of_batch_norm(self, monkeypatch):
        x, neuron = torch.randn(4, 2, 3, 5, 5), Neuron(Spike("hard"), "subtract", 1.0, 2)
        found = []
        for _ in range(2):
            bias = torch.tensor([0.1, 0.5, -0.2], requires_grad=True)
            pooled, rate = fused.lif_pool(x, bias, torch.tensor(0.875), neuron)
            pooled.square().sum().backward()
            found.append([pooled.detach(), rate, bias.grad])
            monkeypatch.setattr(fused, "_forms", lambda _: (fused._NormLifPool, fused.moments))
        for a, b in zip(*found, strict=True):
            torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)
