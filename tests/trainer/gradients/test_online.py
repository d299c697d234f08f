"""Online training against its formula in plain NumPy, against back-propagation where they agree, and its memory."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.trainer.networks import lively_network, random_recordings
from trainer.data.batches import in_order
from trainer.gradients import online
from trainer.gradients.losses import Penalty
from trainer.network.network import Network
from trainer.settings.network import NetworkSettings
from trainer.settings.neuron import NeuronSettings
from trainer.settings.objective import Objective
from trainer.settings.passes import Spike

SPIKE = Spike("hard", "logistic", 3.0)
OBJECTIVE = Objective("tet", tet_lambda=0.0)


def run(network, batch):
    network.zero_grad()
    result = online.gradient(network, batch, SPIKE, OBJECTIVE, Penalty(OBJECTIVE))
    return result, {name: p.grad.clone() for name, p in network.named_parameters() if p.grad is not None}


def test_one_step_is_back_propagation():
    binned = random_recordings(3, 6, 1, 8)
    network = lively_network("4c3p1-or2-fc6-out", binned, 1).train()
    batch = next(in_order(binned, 6, "cpu"))
    (each, output), got = run(network, batch)
    network.zero_grad()
    wanted = network(batch[0], SPIKE)
    loss = functional.cross_entropy(wanted.logits, batch[1], reduction="none")
    loss.mean().backward()
    torch.testing.assert_close(each, loss.detach())
    torch.testing.assert_close(output.logits, wanted.logits.detach())
    for name, p in network.named_parameters():
        torch.testing.assert_close(got[name], p.grad, msg=name)


def test_gradient_of_a_dense_layer_is_that_of_the_formula():
    """One spiking layer of weights W, read-out V: g_W = Σ_t g_u[t]·â[t]ᵀ."""
    steps, side = 5, 3
    torch.manual_seed(0)
    network = Network(NetworkSettings("fc4-out", 3, side, side, steps, norm="none"))
    binned = random_recordings(8, 1, steps, side, rate=0.6)
    batch = next(in_order(binned, 1, "cpu"))
    _, got = run(network, batch)
    first, last = network.weighted()
    weight, read_out = first.weight.detach().numpy(), last.weight.detach().numpy()
    v, trace = np.zeros(4), np.zeros(18)
    wanted = np.zeros_like(weight)
    for t in range(steps):
        x = batch[0][t, 0].numpy().reshape(-1)
        u = 0.875 * v + weight @ x
        s = (u >= 1).astype(float)
        trace = 0.875 * trace + x
        logits = read_out @ s
        share = np.exp(logits) / np.exp(logits).sum()
        share[int(batch[1])] -= 1
        sigma = 1 / (1 + np.exp(-3.0 * (u - 1)))
        wanted += np.outer(read_out.T @ share * 3.0 * sigma * (1 - sigma), trace) / steps
        v = u * (1 - s)
    np.testing.assert_allclose(got["layers.0.weight"].numpy(), wanted, rtol=1e-4, atol=1e-7)


def kept_bytes(steps, method):
    """The most bytes that autograd held at once."""
    binned = random_recordings(3, 4, steps, 8)
    network = lively_network("4c3p1-fc6-out", binned, 1).train()
    batch = next(in_order(binned, 4, "cpu"))
    held, most = 0, 0

    class Saved:
        def __init__(self, tensor):
            nonlocal held, most
            self.tensor, self.size = tensor, tensor.numel() * tensor.element_size()
            held += self.size
            most = max(most, held)

        def __del__(self):
            nonlocal held
            held -= self.size

    with torch.autograd.graph.saved_tensors_hooks(Saved, lambda saved: saved.tensor):
        if method == "online":
            run(network, batch)
        else:
            network(batch[0], SPIKE).logits.sum().backward()
    return most


def test_memory_does_not_grow_with_the_steps():
    assert kept_bytes(40, "online") <= 1.05 * kept_bytes(4, "online")
    assert kept_bytes(40, "bptt") > 8 * kept_bytes(4, "bptt")


@pytest.mark.parametrize("arch", ["4c3p1-or2-out", "4c3p1-count", "sum2-fc5-out"])
def test_rates_and_synops_are_those_of_the_whole_pass(arch):
    binned = random_recordings(4, 5, 6, 8, cap=2)
    network = lively_network(arch, binned, 2)
    batch = next(in_order(binned, 5, "cpu"))
    objective = Objective("tet", 0.0, synops_target=10.0)
    _, output = online.gradient(network, batch, SPIKE, objective, Penalty(objective))
    whole = network(batch[0], SPIKE, synops=True)
    torch.testing.assert_close(output.logits, whole.logits.detach())
    torch.testing.assert_close(torch.stack(output.rates), torch.stack(whole.rates).detach())
    torch.testing.assert_close(output.synops, whole.synops.detach())


@pytest.mark.parametrize("settings", [{"mp_init": True}, {"mp_init": True, "threshold": "adaptive"}])
def test_membranes_start_and_are_observed_as_in_the_whole_pass(settings):
    binned = random_recordings(4, 5, 6, 8)
    networks = [
        lively_network("4c3p1-out", binned, 2, norm="none", neuron=NeuronSettings(**settings)).train()
        for _ in range(2)
    ]
    batch = next(in_order(binned, 5, "cpu"))
    for network in networks:
        network.weighted()[0].neurons.initial.fill_(0.3)
    run(networks[0], batch)
    networks[1](batch[0], SPIKE)
    got, wanted = (n.weighted()[0].neurons.initial for n in networks)
    assert float(got) == pytest.approx(float(wanted))
    assert float(got) != pytest.approx(0.3)
    torch.testing.assert_close(*(n.weighted()[0].neurons.threshold for n in networks))
