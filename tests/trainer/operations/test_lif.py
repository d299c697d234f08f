"""The jitted loops against plain Python: float64 values, gradients by finite differences, integers."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from edge_sast.errors import EdgeSastError
from trainer.formulas import surrogate
from trainer.operations import lif as lif_module
from trainer.operations.lif import IntegerState, integer_lif, integer_lif_step, lif, lif_step
from trainer.settings.passes import FORWARDS, Spike

RESETS = ("zero", "subtract")
SURROGATES = tuple(surrogate.CODES)
TAU, INITIAL = 0.875, np.array([0.4, -0.3, 1.2])


def neuron(current, spike, reset, betas, noise, tau=TAU, initial=INITIAL):
    """Membranes, spikes and σ of one float64 neuron at a time: [T, B, C, K] each."""
    kind = surrogate.code(spike.surrogate)
    us, spikes = np.zeros_like(current), np.zeros_like(current)
    for b, c, k in np.ndindex(current.shape[1:]):
        v = initial[c]
        for t in range(current.shape[0]):
            u = tau * v + current[t, b, c, k]
            smooth, step = surrogate.value(kind, betas[t], u - 1.0), float(u >= 1.0)
            s = {
                "smooth": smooth,
                "hard": step,
                "mixed": step if noise[t, b, c, k] < 1 - spike.mix else smooth,
                "stochastic": float(noise[t, b, c, k] < smooth),
            }[spike.forward]
            us[t, b, c, k], spikes[t, b, c, k] = u, s
            v = u * (1 - s) if reset == "zero" else u - s
    return us, spikes


def stated_gradients(weights, us, spikes, spike, reset, betas, noise):
    """d/dcurrent, d/dτ and d/dβ of Σ weights·spikes as trainer/operations/lif.py states them."""
    kind = surrogate.code(spike.surrogate)
    through_reset = 0.0 if spike.forward in ("hard", "stochastic") else 1.0
    gradient, by_tau, by_beta = np.zeros_like(us), 0.0, 0.0
    for b, c, k in np.ndindex(us.shape[1:]):
        later = 0.0
        for t in reversed(range(us.shape[0])):
            u, s = us[t, b, c, k], spikes[t, b, c, k]
            open_ = float(noise[t, b, c, k] >= spike.mask)
            to_spike = weights[t, b, c, k] - through_reset * later * (u if reset == "zero" else 1.0)
            by_beta += to_spike * open_ * surrogate.beta_slope(kind, betas[t], u - 1.0)
            to_u = to_spike * open_ * surrogate.slope(kind, betas[t], u - 1.0)
            to_u += later * (1 - s if reset == "zero" else 1.0)
            gradient[t, b, c, k] = to_u
            before = us[t - 1, b, c, k], spikes[t - 1, b, c, k]
            v = before[0] * (1 - before[1]) if reset == "zero" else before[0] - before[1]
            by_tau += to_u * (v if t else INITIAL[c])
            later = TAU * to_u
    return gradient, by_tau, by_beta


def difference(function, at, h=1e-6):
    """Central difference of a function of an array, element by element."""
    gradient = np.zeros_like(at)
    for index in np.ndindex(at.shape):
        up, down = at.copy(), at.copy()
        up[index] += h
        down[index] -= h
        gradient[index] = (function(up) - function(down)) / (2 * h)
    return gradient


def problem(seed=3):
    rng = np.random.default_rng(seed)
    current = rng.normal(0.5, 1.0, (5, 2, 3, 2)).astype(np.float32)
    weights = rng.normal(size=current.shape).astype(np.float32)
    torch.manual_seed(seed)
    noise = torch.rand(current.shape).double().numpy()
    torch.manual_seed(seed)
    return current.astype(np.float64), weights.astype(np.float64), noise


def run(current, weights, spike, reset, beta):
    """Membranes, spikes and gradients of the fused loops."""
    x = torch.tensor(current, dtype=torch.float32, requires_grad=True)
    tau = torch.tensor(TAU, requires_grad=True)
    spikes, us = lif(x, tau, spike, reset, beta=beta, initial=torch.tensor(INITIAL, dtype=torch.float32))
    assert not us.requires_grad
    spikes.backward(torch.tensor(weights, dtype=torch.float32))
    return us.numpy(), spikes.detach().numpy(), x.grad.numpy(), float(tau.grad)


@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("name", SURROGATES)
@pytest.mark.parametrize(("forward", "mask"), [*((f, 0.0) for f in FORWARDS), ("hard", 0.4)])
def test_values_and_stated_gradients(forward, mask, name, reset):
    current, weights, noise = problem()
    spike, beta = Spike(forward, name, mix=0.6, mask=mask), torch.tensor(1.7, requires_grad=True)
    us, spikes, gradient, by_tau = run(current, weights, spike, reset, beta)
    wanted_us, wanted_spikes = neuron(current, spike, reset, [1.7] * 5, noise)
    np.testing.assert_allclose(us, wanted_us, atol=1e-5)
    np.testing.assert_allclose(spikes, wanted_spikes, atol=1e-5)
    wanted = stated_gradients(weights, wanted_us, wanted_spikes, spike, reset, [1.7] * 5, noise)
    np.testing.assert_allclose(gradient, wanted[0], atol=2e-5)
    np.testing.assert_allclose([by_tau, float(beta.grad)], wanted[1:], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("name", SURROGATES)
def test_smooth_gradients_are_exact(name, reset):
    current, weights, noise = problem(8)
    spike, beta = Spike("smooth", name), torch.tensor([1.7], requires_grad=True)
    _, _, gradient, by_tau = run(current, weights, spike, reset, beta)

    def loss(current=current, tau=TAU, beta=1.7):
        return (weights * neuron(current, spike, reset, [float(beta)] * 5, noise, float(tau))[1]).sum()

    np.testing.assert_allclose(gradient, difference(loss, current), atol=2e-5, rtol=1e-4)
    assert by_tau == pytest.approx(
        float(difference(lambda t: loss(tau=t), np.array(TAU))), rel=1e-4, abs=1e-4
    )
    by_beta = float(difference(lambda b: loss(beta=b), np.array(1.7)))
    assert float(beta.grad[0]) == pytest.approx(by_beta, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("forward", ["smooth", "hard"])
def test_a_slope_for_each_step(forward):
    current, weights, noise = problem()
    spike, betas = Spike(forward, "triangle"), [3.0, 1.0, 0.5, 2.0, 1.5]
    given = torch.tensor(betas, requires_grad=True)
    _, spikes, gradient, _ = run(current, weights, spike, "zero", given)
    assert given.grad is None
    us, wanted = neuron(current, spike, "zero", betas, noise)
    np.testing.assert_allclose(spikes, wanted, atol=1e-5)
    np.testing.assert_allclose(
        gradient, stated_gradients(weights, us, wanted, spike, "zero", betas, noise)[0], atol=2e-5
    )


@pytest.mark.parametrize("forward", FORWARDS)
def test_a_membrane_at_its_threshold(forward):
    current = torch.tensor([1.0, 0.999999]).view(1, 1, 2).requires_grad_()
    spikes, membrane = lif(current, torch.tensor(0.5), Spike(forward, "rectangle", 2.0, mix=0.0), "zero")
    assert membrane.flatten().tolist() == pytest.approx([1.0, 0.999999])
    if forward in ("hard", "mixed"):
        assert spikes.flatten().tolist() == [1.0, 0.0]
    spikes.sum().backward()
    assert current.grad.flatten().tolist() == [1.0, 1.0]


@pytest.mark.parametrize("name", SURROGATES)
@pytest.mark.parametrize("reset", RESETS)
def test_the_ends_of_the_mix(name, reset):
    current = torch.randn(6, 4, 3, 20, generator=torch.Generator().manual_seed(4))

    def both(spike):
        x = current.clone().requires_grad_()
        spikes, membrane = lif(x, torch.tensor(0.75), spike, reset)
        spikes.backward(current.flip(0))
        return spikes.detach(), membrane, x.grad

    for mixed, smooth in zip(both(Spike("mixed", name, mix=1.0)), both(Spike("smooth", name)), strict=True):
        assert torch.equal(mixed, smooth)
    mixed, hard = both(Spike("mixed", name, mix=0.0)), both(Spike("hard", name))
    assert torch.equal(mixed[0], hard[0])
    assert torch.equal(mixed[1], hard[1])
    assert not torch.equal(mixed[2], hard[2])  # a gradient through the reset


@pytest.mark.parametrize("name", SURROGATES)
def test_draws_have_the_stated_probabilities(name):
    torch.manual_seed(6)
    draws, levels = 40_000, torch.tensor([0.3, 0.9, 1.1, 1.5])
    current = levels.view(1, 1, 4, 1).expand(1, 1, 4, draws)
    sigma = np.array([surrogate.value(surrogate.code(name), 1.5, float(u) - 1) for u in levels])
    near = 5 * 0.5 / draws**0.5
    spikes, _ = lif(current, torch.tensor(0.5), Spike("stochastic", name, 1.5), "zero")
    np.testing.assert_allclose(spikes.mean((0, 1, 3)).numpy(), sigma, atol=near)
    assert set(spikes.unique().tolist()) <= {0.0, 1.0}
    spikes, _ = lif(current, torch.tensor(0.5), Spike("mixed", name, 1.5, mix=0.25), "zero")
    wanted = 0.75 * np.array([0, 0, 1, 1]) + 0.25 * sigma
    np.testing.assert_allclose(spikes.mean((0, 1, 3)).numpy(), wanted, atol=near)


@pytest.mark.parametrize("integer", [False, True])
def test_a_mask_zeroes_the_slopes_that_its_draws_say(integer):
    current = torch.full((1, 50, 2, 100), 9.0 if integer else 0.9)
    state = IntegerState(torch.full((2,), 10.0), torch.full((2,), 0.1), (2,), -64, 63)

    def slopes(mask):
        torch.manual_seed(9)
        x, spike = current.clone().requires_grad_(), Spike("hard", mask=mask)
        spikes = (
            integer_lif(x, state, spike, "zero") if integer else lif(x, torch.tensor(0.5), spike, "zero")
        )[0]
        spikes.sum().backward()
        return x.grad

    torch.manual_seed(9)
    kept = torch.rand_like(current) >= 0.3
    assert torch.equal(slopes(0.3), slopes(0.0) * kept)
    assert float(kept.float().mean()) == pytest.approx(0.7, abs=0.02)


def test_nothing_is_drawn_where_nothing_needs_it():
    before = torch.get_rng_state()
    current = torch.linspace(-1, 2, 24).view(2, 2, 3, 2)
    for spike in (Spike("hard", mask=0.5), Spike("smooth"), Spike("mixed", mix=1.0)):
        lif(current, torch.tensor(0.5), spike, "zero")
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("shifts", [(), (3,), (1, 4)])
@pytest.mark.parametrize("initial", [None, (39, -256, 255, -1)])
def test_integer_pass_is_integer_arithmetic(reset, shifts, initial):
    rng = np.random.default_rng(5)
    current = rng.integers(-300, 300, (7, 3, 4, 5))
    threshold, low, high = [40, 100, 7, 255], -256, 255
    start = None if initial is None else torch.tensor(initial).float()
    state = IntegerState(torch.tensor(threshold).float(), torch.ones(4), shifts, low, high, start)
    spikes, membrane = integer_lif(torch.tensor(current).float(), state, Spike("hard"), reset)
    for b, c, k in np.ndindex(3, 4, 5):
        v = initial[c] if initial else 0
        for t in range(7):
            leaked = v - sum(v >> shift for shift in shifts)
            u = min(max(leaked + int(current[t, b, c, k]), low), high)
            s = u >= threshold[c]
            assert (membrane[t, b, c, k], spikes[t, b, c, k]) == (u, s)
            v = (0 if reset == "zero" else u - threshold[c]) if s else u


def check_against_stepwise(reset, name, forward, later, monkeypatch):
    """later: what is subtracted comes behind the leak in float passes, and is an amount in the integer one."""
    rng = torch.Generator().manual_seed(1)
    integer, initial = forward == "integer", torch.tensor([7.0, -30.0, 4.0])
    current = torch.randn(6, 2, 3, 4, generator=rng) * (40 if integer else 1)
    current = current.round() if integer else current
    state = IntegerState(
        torch.tensor([20.0, 50.0, 9.0]), torch.tensor([0.05, 0.02, 0.1]), (2, 3), -64, 63, initial
    )
    state = replace(state, amount=torch.tensor([31.0, 7.0, 60.0])) if later else state
    masks = (0.0, 0.3) if forward in ("hard", "integer") else (0.0,)

    def both(mask, beta):
        torch.manual_seed(2)
        spike = Spike("hard" if integer else forward, name, mix=0.4, mask=mask)
        x, tau = current.clone().requires_grad_(), torch.tensor(0.75, requires_grad=True)
        beta = beta.clone().requires_grad_()
        if integer:
            out = integer_lif(x, state, spike, reset, beta=beta)
        else:
            start = None if later else initial / 20
            out = lif(x, tau, spike, reset, beta=beta, initial=start, later=later)
        out[0].backward(torch.linspace(-1, 1, x.numel()).view_as(x))
        return [*(o.detach() for o in out), x.grad, *(p.grad for p in (tau, beta) if p.grad is not None)]

    for mask, beta in itertools.product(masks, (torch.tensor(2.3), torch.linspace(1, 3, 6))):
        fused = both(mask, beta)
        with monkeypatch.context() as patch:
            patch.setattr(lif_module, "_fused", lif_module.stepwise)
            slow = both(mask, beta)
        for a, b in zip(fused, slow, strict=True):
            torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("name", SURROGATES)
@pytest.mark.parametrize("forward", [*FORWARDS, "integer"])
def test_fused_loops_equal_the_stepwise_form(reset, name, forward, monkeypatch):
    check_against_stepwise(reset, name, forward, False, monkeypatch)


@pytest.mark.parametrize("name", SURROGATES)
@pytest.mark.parametrize("forward", [*FORWARDS, "integer"])
def test_fused_loops_that_subtract_later_equal_the_stepwise_form(name, forward, monkeypatch):
    check_against_stepwise("subtract", name, forward, True, monkeypatch)


@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("forward", ["smooth", "hard"])
def test_single_steps_equal_the_whole_pass(reset, forward):
    torch.manual_seed(2)
    current, tau, spike, beta = torch.randn(5, 2, 3), torch.tensor(0.5), Spike(forward), torch.tensor(3.0)
    initial = torch.tensor([11.0, -7.0, 30.0])
    state = IntegerState(torch.tensor([20.0, 50.0, 9.0]), torch.ones(3), (2,), -512, 511, initial)
    integers = (current * 40).round()
    cases = [
        (
            lif_step(tau, spike, reset, 1.0, 3, beta=beta),
            current,
            lif(current, tau, spike, reset, beta=beta, initial=initial),
        ),
        (integer_lif_step(state, spike, reset), integers, integer_lif(integers, state, spike, reset)),
    ]
    for step, currents, (whole, membranes) in cases:
        v = initial.expand(2, 3)
        for t in range(5):
            u, v, s = step(v, currents[t])
            torch.testing.assert_close(u.detach(), membranes[t])
            torch.testing.assert_close(s, whole[t])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_narrow_currents_are_converted(dtype):
    current = torch.linspace(-1, 3, 60).view(5, 2, 3, 2).to(dtype).requires_grad_()
    spikes, membrane = lif(current, torch.tensor(0.75), Spike("smooth"), "zero")
    wide = lif(current.detach().float(), torch.tensor(0.75), Spike("smooth"), "zero")
    assert torch.equal(spikes, wide[0])
    assert torch.equal(membrane, wide[1])
    spikes.sum().backward()
    assert current.grad.dtype == dtype


def test_tensors_of_another_shape_are_refused():
    current, tau, spike = torch.zeros(4, 2, 3), torch.tensor(0.5), Spike("hard", "asymmetric")
    with pytest.raises(
        ValueError, match=r"^beta has shape \(3,\); it must be a scalar or \[4\], one value per step$"
    ):
        lif(current, tau, spike, "zero", beta=torch.ones(3))
    with pytest.raises(ValueError, match=r"^a tensor of shape \(2,\) for 3 channels$"):
        lif(current, tau, spike, "zero", initial=torch.zeros(2))
    with pytest.raises(EdgeSastError, match=r"^--beta is 0\.5; --surrogate asymmetric needs 1 or more"):
        lif(current, tau, spike, "zero", beta=torch.tensor([2.0, 0.5, 2.0, 2.0]))


def test_a_start_that_moves_before_the_backward_pass_changes_no_gradient():
    """A running statistic of one channel is a view of itself."""
    found = []
    for moved in (0.5, 2.0):
        tau, start = torch.tensor(0.75, requires_grad=True), torch.tensor(0.5)
        spikes, _ = lif(torch.full((3, 2, 1, 4), 0.3), tau, Spike("smooth"), "zero", initial=start.expand(1))
        start.fill_(moved)
        spikes.sum().backward()
        found.append(float(tau.grad))
    assert found[0] == found[1]


@pytest.mark.parametrize("forward", ["smooth", "hard"])
def test_later_is_the_threshold_over_the_decay_at_once(forward):
    """Values, and gradients of the currents and of the decay, which is a power of two here, so that all is exact."""
    torch.manual_seed(4)
    current, decay, found = torch.randn(6, 2, 3) * 2, 0.5, []
    for later, threshold in ((True, 1.0), (False, 1.0)):
        x, tau = current.clone().requires_grad_(), torch.tensor(decay, requires_grad=True)
        rules = {"beta": torch.tensor(2.0), "threshold": threshold}
        if later:
            spikes, us = lif(x, tau, Spike(forward), "subtract", later=True, **rules)
        else:
            spikes, us = at_once(x, tau, Spike(forward), threshold, decay)
        spikes.backward(torch.linspace(-1, 1, x.numel()).view_as(x))
        found.append([spikes.detach(), us.detach(), x.grad, tau.grad])
    for mine, right in zip(*found, strict=True):
        torch.testing.assert_close(mine, right)


def at_once(x, tau, spike, threshold, decay):
    """u = τ·v + I, v = u − ϑ/τ·s step by step through autograd; ∂u/∂τ is that of τ·u − ϑ·s."""
    step = lif_step(torch.tensor(1.0), spike, "zero", threshold, x.shape[2], beta=torch.tensor(2.0))
    u, s, us, spikes = torch.zeros_like(x[0]), torch.zeros_like(x[0]), [], []
    for now in x:
        kept = s.detach() if spike.forward == "hard" else s
        u = tau * (u - threshold / decay * kept) + now + (tau - tau.detach()) * threshold / decay * kept
        _, _, s = step(torch.zeros_like(u), u)
        us.append(u)
        spikes.append(s)
    return torch.stack(spikes), torch.stack(us)


ABOVE = float(np.nextafter(np.float32(1.5), np.float32(2)))


@pytest.mark.parametrize("reset", RESETS)
def test_neurons_that_spike_above_their_threshold_only(reset):
    """Each channel has a threshold of its own; what is taken off is that threshold, not what a spike needs."""
    levels = np.array([1.0, 1.5, 1.25], np.float32)
    current = torch.tensor([[1.0, 1.5, 1.75], [0.0, ABOVE - 1.5, 0.75], [0.5, 1.5, 0.0]])[:, None, :, None]
    rules = {"threshold": levels, "above": True}
    one, hard = torch.tensor(1.0), Spike("hard")
    spikes, us = lif(current, one, hard, reset, **rules)
    first, second, third = spikes[:, 0, :, 0].tolist()
    assert (first, second) == ([0, 0, 1], [0, 1, 0])  # 1.5 at 1.5 is quiet, the next number is not
    left = {"zero": [1.5, 1.5, 0.75], "subtract": [1.5, ABOVE, 1.25]}[reset]
    assert us[2, 0, :, 0].tolist() == left
    assert third == [1, int(reset == "subtract"), 0]
    step = lif_step(one, hard, reset, levels, 3, above=True)
    v = torch.zeros(1, 3, 1)
    for now, spiked, u in zip(current, spikes, us, strict=True):
        found_u, v, found = step(v, now)
        assert torch.equal(found, spiked)
        assert torch.equal(found_u, u)
