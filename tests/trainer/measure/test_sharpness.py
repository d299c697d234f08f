"""Loss gap and top eigenvalue against the exact Hessian of a plain network, and of matrices."""

import numpy as np
import pytest
import torch

from tests.trainer import plain
from tests.trainer.networks import lively_network, random_recordings
from trainer.data.batches import in_order
from trainer.measure.sharpness import Landscape, measure, stable_rank, top_eigenvalue
from trainer.settings.neuron import NeuronSettings
from trainer.settings.objective import Objective
from trainer.settings.passes import Spike


@pytest.fixture
def small():
    """A network of 2·9·4 + 4 + 12 + 3 parameters and its recordings."""

    def make(reset):
        binned = random_recordings(3, 20, 4, 3)
        network = lively_network("fc4-out", binned, 1, norm="none", neuron=NeuronSettings(reset=reset))
        for layer in network.weighted():
            if layer.neurons is not None:
                layer.neurons.threshold.fill_(1.0)
        return network, binned

    return make


def exact(network, binned, beta, reset):
    """Loss, gradient and Hessian of the plain network, in the order of `parameters`."""
    p = plain.parameters(network)
    # The order of Network.parameters(): weight and bias of each layer.
    sizes = {name: tensor.shape for name, tensor in p.items()}
    x, labels = next(in_order(binned, len(binned), "cpu"))
    x = x.double().flatten(2)

    def of(flat):
        parts = flat.split([s.numel() for s in sizes.values()])
        named = {name: part.view(s) for (name, s), part in zip(sizes.items(), parts, strict=True)}
        return plain.loss(plain.run(named, x, 0.875, beta, reset)[0], labels)

    at = torch.cat([t.flatten() for t in p.values()])
    functional = torch.autograd.functional
    return of, at, functional.jacobian(of, at), functional.hessian(of, at)


@pytest.mark.parametrize("reset", ["zero", "subtract"])
def test_gap_and_eigenvalue_are_those_of_the_exact_hessian(small, reset):
    network, binned = small(reset)
    of, at, gradient, hessian = exact(network, binned, 2.0, reset)
    landscape = Landscape(network, binned, Spike("smooth", "arctan", 2.0), Objective(), batch_size=7)
    torch.testing.assert_close(landscape.weights, at)
    torch.testing.assert_close(landscape.gradient(at), gradient, rtol=1e-4, atol=1e-6)
    direction = torch.nn.functional.normalize(torch.randn(len(at), dtype=torch.float64), dim=0)
    torch.testing.assert_close(landscape.curvature(direction), hessian @ direction, rtol=1e-2, atol=2e-4)
    found = measure(landscape, 0.2)
    top = float(torch.linalg.eigvalsh(hessian)[-1])
    assert found["top_eigenvalue"] == pytest.approx(top, rel=0.01)
    assert found["loss"] == pytest.approx(float(of(at)), rel=1e-5)
    assert found["gradient_norm"] == pytest.approx(float(gradient.norm()), rel=1e-4)
    gap = of(at + 0.2 * gradient / gradient.norm()) - of(at)
    assert found["gap"] == pytest.approx(float(gap), rel=1e-3)
    assert (found["pass"], found["gradient"], found["recordings"]) == ("smooth", "exact", 20)


def test_the_network_is_left_as_it_was(small):
    network, binned = small("zero")
    before = {name: t.clone() for name, t in network.state_dict().items()}
    measure(Landscape(network, binned, Spike("hard", "arctan", 2.0), Objective()), 0.1)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    assert all(p.grad is None for p in network.parameters())


def test_hard_spikes_are_told_to_have_a_surrogate_gradient(small):
    network, binned = small("zero")
    spike = Spike("hard", "arctan", 2.0)
    landscape = Landscape(network, binned, spike, Objective())
    found = measure(landscape, 0.1)
    assert (found["pass"], found["gradient"]) == ("hard", "surrogate")
    x, labels = next(in_order(binned, len(binned), "cpu"))
    assert found["loss"] == pytest.approx(
        float(plain.loss(network(x, spike).logits.detach(), labels)), rel=1e-5
    )


def test_a_rounded_leak_is_held_fixed():
    binned = random_recordings(3, 6, 3, 4)
    network = lively_network("fc4-out", binned, 1, neuron=NeuronSettings(leak="learn"))
    count = sum(p.numel() for p in network.parameters())
    landscape = Landscape(network, binned, Spike("smooth"), Objective())
    assert len(landscape.weights) == count - 1


@pytest.mark.parametrize("values", [(5.0, 2.0, -4.0), (1.0, 0.5, -6.0), (-1.0, -2.0, -3.0), (0.0, 0.0, 0.0)])
def test_the_top_eigenvalue_has_its_sign(values):
    rng = np.random.default_rng(1)
    basis = torch.from_numpy(np.linalg.qr(rng.normal(size=(3, 3)))[0])
    matrix = basis @ torch.diag(torch.tensor(values, dtype=torch.float64)) @ basis.T
    found = top_eigenvalue(lambda v: matrix @ v, 3)
    assert found.value == pytest.approx(max(values), abs=0.03)
    assert found.products <= 100


@pytest.mark.parametrize("forward", ["smooth", "hard"])
def test_the_gradient_holds_batch_norms_statistics_fixed(forward):
    """Batch by batch the same as in one batch, layer by layer the same as in one operation."""
    binned = random_recordings(3, 11, 4, 8)
    network = lively_network("6c3p1-or2-4c3p1-out", binned, 1)
    spike = Spike(forward, "arctan", 2.0)
    landscape = Landscape(network, binned, spike, Objective(), batch_size=4)
    x, labels = next(in_order(binned, len(binned), "cpu"))
    total = plain.loss(network(x, spike, see=lambda *_: None).logits, labels)
    parts = torch.autograd.grad(total, list(network.parameters()))
    expected = torch.cat([part.double().flatten() for part in parts])
    torch.testing.assert_close(landscape.gradient(landscape.weights), expected, rtol=1e-4, atol=1e-6)
    assert landscape.loss(landscape.weights) == pytest.approx(float(total.detach()), rel=1e-5)


def test_stable_ranks_are_those_of_the_folded_weights():
    """By power iteration on WᵀW, of W put together output by output."""
    binned = random_recordings(3, 4, 3, 8)
    network = lively_network("or2-4c3p1g2-rec5-out", binned, 1)
    found = measure(Landscape(network, binned, Spike("smooth"), Objective()), 0.1)["stable_ranks"]
    assert [each["layer"] for each in found] == [layer.name for layer in network.weighted()]
    assert [each["largest"] for each in found] == [4, 5, 3]
    assert ["recurrent_stable_rank" in each for each in found] == [False, True, False]
    for layer, each in zip(network.weighted(), found, strict=True):
        weight, recurrent, _ = layer.folded()
        for name, matrix in (("stable_rank", weight), ("recurrent_stable_rank", recurrent)):
            if matrix is None:
                continue
            rows = np.array([row.detach().numpy().ravel() for row in matrix], np.float64)
            v = np.ones(rows.shape[1])
            for _ in range(3000):
                v = rows.T @ (rows @ v)
                v /= np.sqrt(v @ v)
            wanted = sum(w * w for w in rows.ravel()) / ((rows @ v) ** 2).sum()
            assert each[name] == pytest.approx(wanted, rel=1e-6)
            assert 1 <= each[name] <= min(rows.shape)


def test_the_stable_rank_counts_directions():
    assert stable_rank(torch.eye(4)) == pytest.approx(4)
    assert stable_rank(torch.ones(3, 5)) == pytest.approx(1)
    assert stable_rank(torch.diag(torch.tensor([2.0, 1.0]))) == pytest.approx(1.25)
    assert stable_rank(torch.zeros(3, 2)) is None
    assert stable_rank(torch.eye(3) * 1e-30) == pytest.approx(3)
