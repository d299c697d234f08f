"""Tandem learning against a naive network in double precision through plain autograd, and what each stage may move."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from edge_sast.errors import EdgeSastError
from tests.trainer.networks import lively_network, random_recordings
from tests.trainer.run.test_loop import COMMON, assert_same, bars, lines, state
from trainer.data.batches import in_order
from trainer.data.recordings import Data
from trainer.gradients import tandem
from trainer.network.network import Network
from trainer.run import checkpoint
from trainer.run.loop import Trainer
from trainer.run.one_pass import Result, evaluate
from trainer.run.silence import Silence
from trainer.settings.config import TrainConfig
from trainer.settings.layers import LayerSettings
from trainer.settings.neuron import NeuronSettings
from trainer.settings.passes import Spike

HARD = Spike("hard")
NEURON = NeuronSettings(reset="subtract", leak="none")
ARCH = "4c3s2p1-fc6-out"


@pytest.fixture(scope="module")
def recordings():
    return random_recordings(3, 8, 6, 8, rate=0.3)


def naive(network, x, labels, converted):
    """Loss and gradients by name, in float64: fired rates plus a twin that is 0 but for its gradient."""
    p = {name: q.detach().double().requires_grad_() for name, q in network.named_parameters()}
    spikes, rate = x.double(), x.double().mean(0)
    for place in range(2):
        layer, key = network.weighted()[place], f"layers.{place}."
        theta = layer.neurons.threshold.double()
        shape = (-1, 1, 1) if place == 0 else (-1,)

        def connected(v, key=key, place=place):
            if place == 0:
                return functional.conv2d(v, p[key + "weight"], stride=2, padding=1)
            return v.flatten(1) @ p[key + "weight"].T

        def bent(z, mean, var, key=key, shape=shape, theta=theta):
            gain = (p[key + "norm.weight"] / (var + 1e-5).sqrt() / theta).view(shape)
            return (z - mean.view(shape)) * gain + (p[key + "norm.bias"] / theta).view(shape)

        z = connected(rate)
        over = (0, 2, 3) if place == 0 else (0,)
        twin = bent(z, z.mean(over), z.var(over, correction=0)).clamp_min(0)
        if place < converted:
            mean, var = layer.norm.running_mean.double(), layer.norm.running_var.double()
            if place == converted - 1:  # the twin has moved them
                mean = 0.9 * mean + 0.1 * z.mean(over).detach()
                var = 0.9 * var + 0.1 * z.var(over, correction=1).detach()
            v, out = torch.zeros_like(twin), []
            for now in spikes:
                v = v + bent(connected(now), mean, var).detach()
                out.append((v >= 1).double())
                v = v - out[-1]
            spikes = torch.stack(out)
            rate = spikes.mean(0)
            if place == converted - 1:
                rate = rate + twin - twin.detach()
        else:
            rate = twin
    logits = rate @ p["layers.2.weight"].T + p["layers.2.bias"]
    loss = functional.cross_entropy(logits, labels)
    loss.backward()
    return loss.detach(), {name: q.grad for name, q in p.items()}


@pytest.mark.parametrize("converted", [0, 1, 2])
def test_gradients_are_those_of_a_naive_network(recordings, converted):
    network = lively_network(ARCH, recordings, 5, neuron=NEURON)
    x, labels = next(in_order(recordings, 8, "cpu"))
    wanted_loss, wanted = naive(network, x, labels, converted)
    network.train()
    output = tandem.forward(network, x, HARD, converted)
    loss = functional.cross_entropy(output.logits, labels)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(float(wanted_loss), rel=1e-5)
    for name, p in network.named_parameters():
        if wanted[name] is None:
            assert p.grad is None, name
        else:
            torch.testing.assert_close(p.grad.double(), wanted[name], rtol=1e-3, atol=1e-6, msg=name)
    moved = [p.grad is not None and bool(p.grad.any()) for p in network.parameters()]
    assert any(moved)


def test_a_whole_converted_network_is_the_one_that_is_judged(recordings):
    network = lively_network("4c3p1-sum2-or2-fc6-out", recordings, 5, neuron=NEURON)
    x, _ = next(in_order(recordings, 8, "cpu"))
    got, wanted = tandem.forward(network, x, HARD, 2), network(x, HARD)
    torch.testing.assert_close(got.logits, wanted.logits)
    torch.testing.assert_close(torch.stack(got.rates), torch.stack(wanted.rates))


def test_layers_before_the_one_that_learns_keep_their_statistics(recordings):
    network = lively_network(ARCH, recordings, 5, neuron=NEURON).train()
    x, _ = next(in_order(recordings, 8, "cpu"))
    before = [layer.norm.running_mean.clone() for layer in network.weighted()[:2]]
    tandem.forward(network, x, HARD, 2)
    moved = [
        not torch.equal(layer.norm.running_mean, b)
        for layer, b in zip(network.weighted(), before, strict=False)
    ]
    assert moved == [False, True]
    assert network.training
    assert all(layer.training for layer in network.weighted())


@pytest.mark.parametrize("norm", ["batch", "none"])
@pytest.mark.parametrize("place", [0, 1])
def test_conversion_sets_the_threshold_by_the_activations_and_leaves_what_comes_after(
    recordings, norm, place
):
    network = lively_network(ARCH, recordings, 5, neuron=NEURON, norm=norm)
    x, _ = next(in_order(recordings, 8, "cpu"))
    layer = network.weighted()[place]
    rate = tandem.forward(network, x, HARD, place).logits.detach()
    arriving = x.mean(0) if place == 0 else network.weighted()[0](x, HARD).mean(0)
    found = tandem.activation(layer, arriving).detach().flatten().sort().values
    theta = layer.neurons.threshold.clone()
    tandem.convert(network, x, HARD, place)
    factor = float((layer.neurons.threshold / theta)[0])
    assert factor == pytest.approx(float(found[round(0.999 * (len(found) - 1))]))
    assert (tandem.activation(layer, arriving) <= 1.0001).double().mean() >= 0.998
    torch.testing.assert_close(
        tandem.forward(network, x, HARD, place).logits.detach(), rate, rtol=1e-4, atol=1e-5
    )


def test_stages_are_of_equal_length():
    config = TrainConfig.of("tandem", **COMMON | {"arch": ARCH, "epochs": 7})
    assert [config.converted_at(e) for e in range(9)] == [0, 0, 0, 1, 1, 2, 2, 2, 2]


def test_layers_that_do_not_spike_yet_may_be_silent(recordings):
    config = TrainConfig.of("tandem", **COMMON | {"arch": ARCH, "epochs": 7, "qat_epochs": 0})
    network = Network(config.network(recordings.binning, 3))
    nothing = Result(np.zeros(3, np.int64), 1 / 3, 0.0, 0.0, (0.0, 0.0), ())
    silence = Silence(config)
    for epoch in range(6):
        silence.check(network, nothing, epoch, 0.3)
    with pytest.raises(
        EdgeSastError, match="fires nowhere in 3 held-out recordings, epoch 7: the network is silent"
    ):
        silence.check(network, nothing, 6, 0.3)


@pytest.fixture(scope="module")
def data():
    return Data(bars(0, 96), bars(1, 48))


def test_training_resumes_in_the_same_bits_and_learns(tmp_path, data, monkeypatch):
    config = TrainConfig.of("tandem", **COMMON | {"arch": "8c3s2p1-fc12-out", "epochs": 12, "lr": 0.02})
    whole = Trainer(config, data, tmp_path / "whole", quiet=True)
    whole.run()
    held = checkpoint.load(tmp_path / "whole")
    assert evaluate(held.network(), data.valid, config.integer()).accuracy > 0.6
    assert {float(layer.neurons.threshold[0]) for layer in held.network().weighted()[:2]}.isdisjoint({1.0})
    run_epoch = Trainer._run_epoch

    def stop(self, epoch):
        if epoch == 4:  # the first one of a stage
            run_epoch(self, epoch)
            raise KeyboardInterrupt
        return run_epoch(self, epoch)

    monkeypatch.setattr(Trainer, "_run_epoch", stop)
    with pytest.raises(KeyboardInterrupt):
        Trainer(config, data, tmp_path / "parts", quiet=True).run()
    monkeypatch.undo()
    resumed = Trainer(config, data, tmp_path / "parts", quiet=True)
    resumed.resume()
    resumed.run()
    assert_same(state(whole), state(resumed))
    assert lines(tmp_path / "whole") == lines(tmp_path / "parts")


def test_a_stage_leaves_the_layers_before_it_alone(tmp_path, data):
    config = TrainConfig.of("tandem", **COMMON | {"arch": "8c3s2p1-fc12-out", "epochs": 6, "qat_epochs": 0})
    trainer = Trainer(config, data, tmp_path / "a", quiet=True)
    trainer.network.train()
    trainer.epoch = 4
    before = state(trainer)
    trainer._run_epoch(4)
    after = state(trainer)
    held = [name for name in before if name.startswith("layers.0.")]
    assert held
    for name in held:
        assert torch.equal(before[name], after[name]), name
    for name in ("weight", "norm.weight", "norm.running_var", "neurons.threshold"):
        assert not torch.equal(before[f"layers.1.{name}"], after[f"layers.1.{name}"]), name
    assert not torch.equal(before["layers.2.weight"], after["layers.2.weight"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"arch": "rec8-out"}, "--arch 'rec8-out' is recurrent, for which there is no dense twin"),
        ({"arch": "4c3-count"}, "--arch '4c3-count' ends in 'count', for which there is no dense twin"),
        ({"loss": "tet"}, "--loss is 'tet'; --through-time tandem takes 'last' only"),
        ({"leak": "3"}, "--leak is '3', but --method tandem means --leak none"),
        ({"synops_target": 100.0}, "--synops-target is 100.0; --through-time tandem does not know it"),
        (
            {"instructions_target": 1e5},
            "--instructions-target is 100000.0; --through-time tandem does not know it",
        ),
        ({"threshold": "learn"}, "--threshold is 'learn'; --through-time tandem takes 'fixed' only"),
        ({"beta_start": 1.0}, r"--beta-start is 1.0, but --method tandem \(--through-time tandem\) does not"),
        ({"epochs": 2, "arch": ARCH}, "--epochs is 2; --through-time tandem has 3 stages"),
    ],
)
def test_what_does_not_go_with_it_is_refused_by_name(given, message):
    with pytest.raises(EdgeSastError, match=message):
        TrainConfig.of("tandem", **COMMON | given)


def test_layers_with_rules_of_their_own_have_no_twin():
    config = TrainConfig.of("tandem", **COMMON)
    planned = TrainConfig.of("hard", **COMMON)
    layers = tuple(LayerSettings(token) for token in planned.arch.split("-"))
    with pytest.raises(EdgeSastError, match="--from None: its layers have rules of their own"):
        replace(config, layers=layers, reset="zero", leak="3")


@pytest.mark.parametrize("converted", [0, 1, 2])
def test_what_is_kept_for_the_gradient_does_not_grow_with_the_steps(converted):
    held = []
    for steps in (4, 40):
        binned = random_recordings(3, 4, steps, 8)
        network = lively_network(ARCH, binned, 1, neuron=NEURON).train()
        x, _ = next(in_order(binned, 4, "cpu"))
        sizes = []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda t, s=sizes: (s.append(t.numel()), t)[1], lambda t: t
        ):
            tandem.forward(network, x, HARD, converted)
        held.append(sum(sizes))
    assert held[0] == held[1]
