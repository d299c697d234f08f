import pytest
import torch

from trainer.sam import perturbed_gradient


def test_gradient_is_taken_at_w_plus_rho_g_over_norm_and_w_is_restored():
    w, v = torch.tensor([1.0, -2.0], requires_grad=True), torch.tensor([0.5], requires_grad=True)

    def loss():
        return (w**4).sum() + 3 * (v**2).sum() + (w[0] * v[0])

    loss().backward()
    g = torch.cat([w.grad, v.grad]).double()
    at = torch.tensor([1.0, -2.0, 0.5], dtype=torch.double) + 0.3 * g / g.norm()
    before = w.detach().clone(), v.detach().clone()
    second = perturbed_gradient([w, v], loss, 0.3)
    expected = at[0] ** 4 + at[1] ** 4 + 3 * at[2] ** 2 + at[0] * at[2]
    assert float(second) == pytest.approx(float(expected), rel=1e-5)
    assert w.grad.tolist() == pytest.approx([float(4 * at[0] ** 3 + at[2]), float(4 * at[1] ** 3)], rel=1e-5)
    assert v.grad.tolist() == pytest.approx([float(6 * at[2] + at[0])], rel=1e-5)
    assert torch.equal(w, before[0])
    assert torch.equal(v, before[1])


def test_parameters_without_a_gradient_stay_out():
    w, unused = torch.tensor([3.0], requires_grad=True), torch.tensor([7.0], requires_grad=True)
    (w**2).sum().backward()
    perturbed_gradient([w, unused], lambda: (w**2).sum(), 0.5)
    assert w.grad.tolist() == [7.0]
    assert unused.grad is None


def test_a_zero_gradient_does_not_become_nan():
    w = torch.tensor([0.0], requires_grad=True)
    (w**2).sum().backward()
    perturbed_gradient([w], lambda: (w**2).sum(), 0.5)
    assert w.grad.tolist() == [0.0]


def test_parameters_are_restored_when_the_second_pass_fails():
    w = torch.tensor([0.1], requires_grad=True)
    (w**2).sum().backward()

    def broken():
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        perturbed_gradient([w], broken, 0.5)
    assert w.tolist() == pytest.approx([0.1])
