"""Implicit gradient descent against the step solved exactly, and in a training."""

from dataclasses import replace

import pytest
import torch

from edge_sast.errors import EdgeSastError
from tests.trainer.run.test_loop import assert_same, bars, lines, state
from trainer.data.recordings import Data
from trainer.gradients.losses import per_recording
from trainer.run import checkpoint
from trainer.run.implicit import ImplicitSgd
from trainer.run.loop import Trainer
from trainer.run.metrics import append
from trainer.run.one_pass import evaluate
from trainer.settings.config import TrainConfig

COMMON = {
    "data": "bars",
    "arch": "6c3p1-or2-out",
    "dt_us": 1000,
    "steps": 4,
    "batch_size": 16,
    "augment_shift": 0,
}


@pytest.fixture(scope="module")
def data():
    return Data(bars(0, 96), bars(1, 48))


def quadratic(top):
    """Its Hessian, eigenvalues 0 to `top`, and where it begins."""
    generator = torch.Generator().manual_seed(1)
    basis = torch.linalg.qr(torch.randn(5, 5, generator=generator, dtype=torch.float64))[0]
    hessian = basis @ torch.diag(torch.linspace(0, top, 5, dtype=torch.float64)) @ basis.T
    return hessian, torch.randn(5, generator=generator, dtype=torch.float64)


def one_step(hessian, start, rate, gradients):
    w = start.clone().requires_grad_()
    optimiser = ImplicitSgd([w], rate, gradients)

    def gradient():
        (w @ hessian @ w / 2).backward()

    gradient()
    optimiser.step(gradient)
    return w.detach()


@pytest.mark.parametrize("top", [0.5, 1.9, 2.8])
def test_it_ends_where_the_gradient_is_that_of_the_step(top):
    """w⁺ = (1 + αH)⁻¹w, also where the plain step overshoots."""
    hessian, start = quadratic(top / 0.1)
    exact = torch.linalg.solve(torch.eye(5, dtype=torch.float64) + 0.1 * hessian, start)
    torch.testing.assert_close(one_step(hessian, start, 0.1, 200), exact)


def test_the_first_gradients_worked_by_hand():
    hessian, start = quadratic(10.0)
    plain = start - 0.1 * hessian @ start
    torch.testing.assert_close(one_step(hessian, start, 0.1, 1), plain)
    torch.testing.assert_close(
        one_step(hessian, start, 0.1, 2), start - 0.05 * hessian @ start - 0.05 * hessian @ plain
    )


def test_a_steep_loss_falls_where_plain_descent_diverges():
    hessian, w = quadratic(25.0)
    plain = w.clone()
    for _ in range(30):
        w = one_step(hessian, w, 0.1, 8)
        plain = one_step(hessian, plain, 0.1, 1)
    assert float(w @ hessian @ w) < 1e-3
    assert float(plain @ hessian @ plain) > 1e3


def test_a_parameter_without_a_gradient_stays():
    a, b = torch.ones(2, requires_grad=True), torch.ones(3, requires_grad=True)
    optimiser = ImplicitSgd([a, b], 0.5, 3)
    (a * a).sum().backward()
    optimiser.step(lambda: (a * a).sum().backward())
    assert torch.equal(b.detach(), torch.ones(3))
    assert float(a.detach().max()) < 1


def test_a_training_takes_the_gradients_of_its_batch(tmp_path, data):
    """One step of the trainer is that of plain functions of the same network and batch."""
    config = TrainConfig.of(
        "hard", **COMMON, epochs=1, qat_epochs=0, optimiser="implicit", implicit_steps=3, lr=0.3, norm="none"
    )
    first = Trainer(config, data, tmp_path / "run", quiet=True)
    own = Trainer(config, data, tmp_path / "own", quiet=True)
    network, how = own.network.train(), config.train_spike
    weights, losses = list(network.parameters()), []
    for i, batch in enumerate(own._batches(0, 0, own.workers)):
        rate, start = config.learning_rate(i / 6), [w.detach().clone() for w in weights]
        for done in range(3):
            total = per_recording(config.objective, network(batch[0], how).logits, None, batch[1]).mean()
            found = torch.autograd.grad(total, weights)
            losses.append(float(total.detach()))
            with torch.no_grad():
                for w, origin, g in zip(weights, start, found, strict=True):
                    w.copy_((w + origin - rate * g) / 2 if done else origin - rate * g)
    first.run()
    assert len(losses) == 3 * 6
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(state(first)[name], tensor, rtol=1e-4, atol=1e-5)


def test_a_run_learns_and_goes_on_in_the_same_bits(tmp_path, data):
    config = TrainConfig.of(
        "hard", **COMMON, epochs=6, qat_epochs=2, optimiser="implicit", lr=1.0, qat_lr=0.1
    )
    whole = Trainer(config, data, tmp_path / "whole", quiet=True)
    network = whole.run()
    assert evaluate(network, data.valid, config.integer()).accuracy > 0.8
    assert not [name for name in checkpoint.load(tmp_path / "whole").tensors if name.startswith("optimiser.")]
    part = Trainer(config, data, tmp_path / "part", quiet=True)
    part._prepare_folder()
    for _ in range(3):
        append(part.folder, part._run_epoch(part.epoch), config.total_epochs, quiet=True)
        part.epoch += 1
        part._save(part.epoch)
    resumed = Trainer(config, data, tmp_path / "part", quiet=True)
    resumed.resume()
    resumed.run()
    assert_same(state(whole), state(resumed))
    assert lines(tmp_path / "whole") == lines(tmp_path / "part")


@pytest.mark.parametrize(
    ("method", "given", "message"),
    [
        (
            "hard",
            {"implicit_steps": 2},
            r"--implicit-steps is 2, but --method hard \(--optimiser adam\) does not",
        ),
        (
            "sast",
            {"optimiser": "implicit"},
            "--optimiser is 'implicit', which takes its gradients at other weights",
        ),
        (
            "ottt",
            {"optimiser": "implicit"},
            "--optimiser is 'implicit'; online training sees one step at a time",
        ),
        ("hard", {"optimiser": "lion"}, "--optimiser is 'lion'; choose adam, implicit"),
        (
            "hard",
            {"optimiser": "implicit", "implicit_steps": 0},
            "--implicit-steps is 0; it must be 1 to 100",
        ),
    ],
)
def test_what_cannot_be_is_named(method, given, message):
    with pytest.raises(EdgeSastError, match=message):
        TrainConfig.of(method, **COMMON, **given)


def test_older_runs_took_adam():
    config = TrainConfig.of("hard", **COMMON)
    older = {n: v for n, v in vars(config).items() if n not in ("optimiser", "implicit_steps")}
    assert TrainConfig.from_dict(older, "here") == replace(config)
