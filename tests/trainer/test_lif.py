"""The jitted loops against plain Python: float64 values, gradients by finite differences, integers."""

import numpy as np
import pytest
import torch

from trainer import lif as lif_module
from trainer import surrogate
from trainer.lif import IntegerState, integer_lif, integer_lif_step, lif, lif_step
from trainer.passes import Spike

RESETS = ("zero", "subtract")


def smooth_loss(current, weights, tau, spike, reset):
    """Σ weights·spikes of the smooth neuron, one float64 scalar at a time."""
    kind, total = surrogate.code(spike.surrogate), 0.0
    for index in np.ndindex(current.shape[1:]):
        v = 0.0
        for t in range(current.shape[0]):
            u = tau * v + current[(t, *index)]
            s = surrogate.value(kind, spike.beta, u - 1.0)
            v = u * (1 - s) if reset == "zero" else u - s
            total += weights[(t, *index)] * s
    return total


def difference(function, at, h=1e-5):
    """Central difference of a function of an array, element by element."""
    gradient = np.zeros_like(at)
    for index in np.ndindex(at.shape):
        up, down = at.copy(), at.copy()
        up[index] += h
        down[index] -= h
        gradient[index] = (function(up) - function(down)) / (2 * h)
    return gradient


@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("name", ["arctan", "logistic"])
def test_smooth_pass_and_its_exact_gradient(reset, name):
    rng = np.random.default_rng(3)
    current, weights = rng.normal(0.5, 1.0, (5, 2, 3, 2)), rng.normal(size=(5, 2, 3, 2))
    spike = Spike("smooth", name, 3.0)
    x = torch.tensor(current, dtype=torch.float32, requires_grad=True)
    tau = torch.tensor(0.875, requires_grad=True)
    loss = (lif(x, tau, spike, reset)[0] * torch.tensor(weights, dtype=torch.float32)).sum()
    loss.backward()
    assert float(loss.detach()) == pytest.approx(smooth_loss(current, weights, 0.875, spike, reset), abs=1e-4)
    wanted = difference(lambda c: smooth_loss(c, weights, 0.875, spike, reset), current)
    np.testing.assert_allclose(x.grad.numpy(), wanted, atol=2e-5, rtol=1e-4)
    by_tau = difference(lambda t: smooth_loss(current, weights, float(t), spike, reset), np.array(0.875))
    assert float(tau.grad) == pytest.approx(float(by_tau), rel=1e-4, abs=1e-4)


def hard_gradient(current, weights, tau, spike, reset):
    """Spikes, and the stated gradient: σ′ for the derivative of H, none through the reset."""
    kind = surrogate.code(spike.surrogate)
    spikes, gradient = np.zeros_like(current), np.zeros_like(current)
    for index in np.ndindex(current.shape[1:]):
        v, us = 0.0, []
        for t in range(current.shape[0]):
            u = tau * v + current[(t, *index)]
            s = float(u >= 1.0)
            spikes[(t, *index)] = s
            us.append((u, s))
            v = u * (1 - s) if reset == "zero" else u - s
        later = 0.0
        for t in reversed(range(current.shape[0])):
            u, s = us[t]
            kept = 1 - s if reset == "zero" else 1.0
            now = weights[(t, *index)] * surrogate.slope(kind, spike.beta, u - 1.0) + later * kept
            gradient[(t, *index)] = now
            later = tau * now
    return spikes, gradient


@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("name", ["arctan", "logistic"])
def test_hard_pass_and_its_surrogate_gradient(reset, name):
    rng = np.random.default_rng(4)
    current, weights = rng.normal(0.5, 1.0, (6, 2, 3, 3)), rng.normal(size=(6, 2, 3, 3))
    x = torch.tensor(current, dtype=torch.float32, requires_grad=True)
    spikes = lif(x, torch.tensor(0.75), Spike("hard", name, 2.0), reset)[0]
    spikes.backward(torch.tensor(weights, dtype=torch.float32))
    wanted_spikes, wanted = hard_gradient(current, weights, 0.75, Spike("hard", name, 2.0), reset)
    np.testing.assert_array_equal(spikes.detach().numpy(), wanted_spikes)
    np.testing.assert_allclose(x.grad.numpy(), wanted, atol=1e-5)


def test_a_membrane_at_its_threshold_spikes():
    spikes = lif(torch.tensor([1.0, 0.999999]).view(1, 1, 2), torch.tensor(0.5), Spike("hard"), "zero")[0]
    assert spikes.flatten().tolist() == [1.0, 0.0]


@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("shifts", [(), (3,), (1, 4)])
def test_integer_pass_is_integer_arithmetic(reset, shifts):
    rng = np.random.default_rng(5)
    current = rng.integers(-300, 300, (7, 3, 4, 5))
    threshold, low, high = [40, 100, 7, 255], -256, 255
    state = IntegerState(torch.tensor(threshold).float(), torch.ones(4), shifts, low, high)
    spikes = integer_lif(torch.tensor(current).float(), state, Spike("hard"), reset)[0].numpy()
    for b, c, k in np.ndindex(3, 4, 5):
        v = 0
        for t in range(7):
            leaked = v - sum(v >> shift for shift in shifts)
            u = min(max(leaked + int(current[t, b, c, k]), low), high)
            s = u >= threshold[c]
            assert spikes[t, b, c, k] == s
            v = (0 if reset == "zero" else u - threshold[c]) if s else u


@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("kind", ["smooth", "hard", "integer"])
def test_fused_loops_equal_the_stepwise_form(reset, kind, monkeypatch):
    torch.manual_seed(1)
    current = torch.randint(-90, 90, (6, 2, 3, 4)).float() if kind == "integer" else torch.randn(6, 2, 3, 4)
    state = IntegerState(torch.tensor([20.0, 50.0, 9.0]), torch.tensor([0.05, 0.02, 0.1]), (2, 3), -64, 63)
    spike = Spike("smooth" if kind == "smooth" else "hard", "arctan", 2.0)

    def run():
        x = current.clone().requires_grad_()
        tau = torch.tensor(0.75)
        spikes = integer_lif(x, state, spike, reset)[0] if kind == "integer" else lif(x, tau, spike, reset)[0]
        spikes.backward(torch.linspace(-1, 1, spikes.numel()).view_as(spikes))
        return spikes.detach(), x.grad

    fused = run()
    monkeypatch.setattr(lif_module, "_fused", lif_module.stepwise)
    for a, b in zip(fused, run(), strict=True):
        torch.testing.assert_close(a, b, atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("reset", RESETS)
def test_single_steps_equal_the_whole_pass(reset):
    torch.manual_seed(2)
    current = torch.randn(5, 2, 3)
    state = IntegerState(torch.tensor([20.0, 50.0, 9.0]), torch.ones(3), (2,), -512, 511)
    cases = [
        (
            lif_step(torch.tensor(0.5), Spike("hard"), reset, 1.0, 3),
            lif(current, torch.tensor(0.5), Spike("hard"), reset)[0],
        ),
        (
            integer_lif_step(state, Spike("hard"), reset),
            integer_lif((current * 40).round(), state, Spike("hard"), reset)[0],
        ),
    ]
    for i, (step, whole) in enumerate(cases):
        v = torch.zeros(2, 3)
        for t in range(5):
            v, s = step(v, (current[t] * 40).round() if i else current[t])
            torch.testing.assert_close(s, whole[t])
