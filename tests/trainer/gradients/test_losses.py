"""Losses against plain NumPy, and the multiplier that reaches a SynOps target."""

import numpy as np
import pytest
import torch

from edge_sast.errors import EdgeSastError
from trainer.gradients.losses import Penalty, per_recording
from trainer.settings.objective import KINDS, Objective

STEPS, LABELS = np.random.default_rng(5).normal(size=(6, 4, 3)), np.array([0, 2, 1, 1])


def cross_entropy(logits, label):
    return np.log(np.exp(logits).sum()) - logits[label]


def oracle(kind, steps, label, share):
    count = len(steps)
    if kind == "last":
        return cross_entropy(sum(steps) / count, label)
    if kind == "mean":
        return cross_entropy(sum(sum(steps[: t + 1]) / (t + 1) for t in range(count)) / count, label)
    if kind == "evidence":
        return sum(cross_entropy(sum(steps[: t + 1]), label) for t in range(count)) / count
    each = sum(cross_entropy(step, label) for step in steps) / count
    return (1 - share) * each + share * sum(((step - 1) ** 2).mean() for step in steps) / count


@pytest.mark.parametrize("kind", KINDS)
def test_losses_of_each_recording(kind):
    steps = torch.tensor(STEPS)
    got = per_recording(Objective(kind, tet_lambda=0.25), steps.mean(0), steps, torch.tensor(LABELS))
    wanted = [oracle(kind, STEPS[:, i], LABELS[i], 0.25) for i in range(4)]
    np.testing.assert_allclose(got.numpy(), wanted, rtol=1e-12)


def test_rates_above_the_limit_are_penalised():
    penalty = Penalty(Objective(rate_limit=0.1, rate_weight=2.0))
    rates = [torch.tensor(0.3), torch.tensor(0.05), torch.tensor(0.15)]
    assert float(penalty.value(rates, None)) == pytest.approx(2 * (0.2**2 + 0.05**2))


def test_nothing_asked_for_costs_nothing():
    penalty = Penalty(Objective())
    assert penalty.value([torch.tensor(0.9)], None) == 0.0
    penalty.ascend(1e9)
    assert float(penalty.multiplier) == 0.0


def test_the_multiplier_finds_what_holds_the_synops_at_the_target():
    """A stand-in for a network: its loss alone would have it spend 500; SynOps descend along the whole gradient."""
    penalty = Penalty(Objective(synops_target=100.0))
    spent = torch.tensor(500.0, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.SGD([spent], lr=20_000.0)
    for _ in range(4000):
        optimiser.zero_grad()
        loss = (spent / 500 - 1).square() + penalty.value([], spent)
        loss.backward()
        optimiser.step()
        penalty.ascend(float(spent.detach()))
    assert float(spent.detach()) == pytest.approx(100, rel=0.01)


def test_unknown_loss_is_refused():
    with pytest.raises(EdgeSastError, match=r"--loss is 'l2'; choose last, mean, tet"):
        Objective("l2")


def test_one_target_at_a_time():
    message = (
        "^--synops-target is 500 and --instructions-target 9000; one multiplier holds one of them: leave the other "
        "out$"
    )
    with pytest.raises(EdgeSastError, match=message):
        Objective(synops_target=500.0, instructions_target=9000.0)


def test_instructions_are_held_as_synops_are():
    both = [Penalty(Objective(**{name: 100.0})) for name in ("synops_target", "instructions_target")]
    for penalty in both:
        penalty.ascend(150.0)
    assert float(both[0].multiplier) == float(both[1].multiplier) == pytest.approx(0.005)
    assert both[0].value([], torch.tensor(300.0)) == both[1].value([], torch.tensor(300.0))
