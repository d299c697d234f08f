"""Every method and neuron trains, resumes in the same bits, and what it trains is what the integer runtime runs."""

from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
import torch

from edge_sast.errors import EdgeSastError
from edge_sast.runtime import Simulator
from firmware_gen.estimate.prices import prices_of
from tests.trainer.networks import random_recordings
from tests.trainer.run.test_loop import COMMON, assert_same, bars, lines, state
from trainer.data.batches import in_order
from trainer.data.recordings import Data
from trainer.measure.figures import measure
from trainer.network.network import Network
from trainer.network.to_integers import export
from trainer.run import checkpoint
from trainer.run.loop import Trainer
from trainer.run.one_pass import evaluate
from trainer.settings.config import TrainConfig
from trainer.settings.methods import METHODS

NEURONS = {
    "learnt threshold": {"threshold": "learn"},
    "adaptive threshold": {"threshold": "adaptive"},
    "learnt leak": {"leak": "learn"},
    "two shifts": {"leak": "2,4", "reset": "subtract"},
    "mp-init": {"mp_init": True},
    "no norm": {"norm": "none", "threshold": "learn", "mp_init": True},
    "recurrent": {"arch": "sum2-rec12-out", "threshold": "learn", "mp_init": True},
    "residual": {"arch": "4c3p1-4c3p1r-or2-out"},
    "residual in groups, counted": {"arch": "4c3p1-4c3p1g2r-count"},
}


@pytest.fixture(scope="module")
def data():
    return Data(bars(0, 96), bars(1, 48))


def assert_runtime_agrees(network, binned, bits=8):
    """The trainer's integer pass and the exported model: the same predictions, spikes and SynOps."""
    config = TrainConfig.of("hard", **COMMON)
    widths = (bits,) * len(network.weighted())
    own = evaluate(network, binned, config.integer(widths))
    run = Simulator(export(network, binned.binning, binned.classes, widths, "test")).run(binned)
    np.testing.assert_array_equal(own.predictions, run.predictions)
    assert own.spikes_per_sample == pytest.approx(run.spikes.sum(1).mean(), rel=1e-12)
    assert own.synops_per_sample == pytest.approx(run.synops.sum(1).mean(), rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_trains_resumes_and_exports(tmp_path, data, method):
    config = TrainConfig.of(method, **COMMON)
    whole = Trainer(config, data, tmp_path / "whole", quiet=True)
    whole.run()
    part = Trainer(config, data, tmp_path / "part", quiet=True)
    with patch.object(TrainConfig, "total_epochs", 1):
        part.run()
    resumed = Trainer(config, data, tmp_path / "part", quiet=True)
    resumed.resume()
    assert resumed.epoch == 1
    resumed.run()
    assert_same(state(whole), state(resumed))
    assert lines(tmp_path / "whole") == lines(tmp_path / "part")
    first = Network(config.network(data.train.binning, 3)).state_dict()
    assert not torch.equal(first["layers.0.weight"], state(whole)["layers.0.weight"])
    assert_runtime_agrees(whole.network, data.valid)


@pytest.mark.parametrize("method", ["hard", "asgl", "a2sg", "mpd-agl", "shape", "ottt"])
def test_methods_learn(tmp_path, data, method):
    config = TrainConfig.of(method, **COMMON | {"epochs": 8, "qat_epochs": 2, "augment_shift": 0})
    Trainer(config, data, tmp_path, quiet=True).run()
    assert lines(tmp_path)[-1]["valid_accuracy"] > 0.9


@pytest.mark.parametrize("neuron", NEURONS)
def test_neurons_train_and_export(tmp_path, data, neuron):
    config = TrainConfig.of("hard", **COMMON | NEURONS[neuron])
    trainer = Trainer(config, data, tmp_path, quiet=True)
    trainer.run()
    stored = checkpoint.load(tmp_path).network()
    assert_same(state(trainer), dict(stored.state_dict()))
    for bits in (8, 4, 1):
        assert_runtime_agrees(stored, data.valid, bits)
    hard = evaluate(stored, data.valid, config.spike(hard=True)).accuracy
    integer = evaluate(stored, data.valid, config.integer()).accuracy
    assert abs(hard - integer) < 0.2


def test_membranes_start_where_training_found_them(tmp_path, data):
    config = TrainConfig.of("hard", **COMMON, mp_init=True)
    network = Trainer(config, data, tmp_path, quiet=True).run()
    layer = network.weighted()[0]
    assert float(layer.neurons.initial) > 1.0  # the mean of neurons that fired
    model = export(network, data.train.binning, data.train.classes, (8, 8), "test")
    neuron = model.layers[0].neuron
    np.testing.assert_allclose(neuron.initial / neuron.threshold, float(layer.neurons.initial), rtol=0.01)


def test_a_threshold_for_each_step_is_no_integer(tmp_path, data):
    config = TrainConfig.of("hard", **COMMON | {"qat_epochs": 0}, threshold="adaptive-step")
    network = Trainer(config, data, tmp_path, quiet=True).run()
    thresholds = network.weighted()[0].neurons.step_threshold
    assert len(set(thresholds.tolist())) == config.steps
    with pytest.raises(EdgeSastError, match=r"layer 1 \(6c3p1\): --threshold adaptive-step changes within"):
        export(network, data.train.binning, data.train.classes, (8, 8), "test")
    with pytest.raises(EdgeSastError, match="has no integer form"):
        evaluate(network, data.valid, config.integer((8, 8)))
    figures = measure(network, checkpoint.load(tmp_path), data.valid)
    assert figures.keys() == {"samples", "classes", "surrogate", "hard"}


@pytest.mark.parametrize(
    ("method", "threshold"), [("hard", "adaptive"), ("hard", "adaptive-step"), ("ottt", "adaptive")]
)
def test_a_single_membrane_has_no_spread(tmp_path, method, threshold):
    recordings = Data(random_recordings(0, 4, 1, 8), random_recordings(1, 4, 1, 8))
    small = {"arch": "fc1-out", "steps": 1, "batch_size": 1, "norm": "none", "epochs": 1, "qat_epochs": 0}
    config = TrainConfig.of(method, **COMMON | small, threshold=threshold)
    network = Trainer(config, recordings, tmp_path, quiet=True).run()
    assert all(bool(t.isfinite().all()) for t in network.state_dict().values())


@pytest.mark.parametrize("extra", [{}, {"mp_init": True}, {"threshold": "adaptive"}])
def test_recomputing_gives_the_same_bits(tmp_path, data, extra):
    results = []
    for recompute in (False, True):
        config = TrainConfig.of("sast", **COMMON | extra, recompute=recompute)
        trainer = Trainer(config, data, tmp_path / str(recompute), quiet=True)
        trainer.run()
        results.append(state(trainer))
    assert_same(*results)


def test_half_precision_learns(tmp_path, data):
    changes = {"epochs": 8, "qat_epochs": 1, "augment_shift": 0, "precision": "bfloat16"}
    Trainer(TrainConfig.of("hard", **COMMON | changes), data, tmp_path, quiet=True).run()
    assert lines(tmp_path)[-1]["valid_accuracy"] > 0.9


def test_a_synops_target_is_reached(tmp_path, data):
    changes = {"arch": "8c3p1-or2-8c3p1-out", "epochs": 30, "qat_epochs": 10, "qat_lr": 0.01}
    free = Trainer(TrainConfig.of("hard", **COMMON | changes), data, tmp_path / "free", quiet=True)
    free.run()
    spent = lines(tmp_path / "free")[-1]["valid_synops"]
    target = 0.75 * spent
    config = TrainConfig.of("hard", **COMMON | changes, synops_target=target)
    Trainer(config, data, tmp_path / "bound", quiet=True).run()
    last = lines(tmp_path / "bound")[-1]
    assert last["valid_synops"] < 1.1 * target
    assert last["valid_accuracy"] > 0.8
    assert max(line["synops_multiplier"] for line in lines(tmp_path / "bound")) > 0


def test_an_instructions_target_is_reached_and_resumed_in_the_same_bits(tmp_path, data, monkeypatch):
    changes = {"arch": "8c3p1-or2-8c3p1-out", "epochs": 20, "qat_epochs": 8, "qat_lr": 0.01}
    config = TrainConfig.of("hard", **COMMON | changes, instructions_target=1e9)
    Trainer(config, data, tmp_path / "free", quiet=True, pricing=prices_of).run()
    target = 0.9 * lines(tmp_path / "free")[-1]["valid_instructions"]
    config = replace(config, instructions_target=target)
    whole = Trainer(config, data, tmp_path / "bound", quiet=True, pricing=prices_of)
    whole.run()
    last = lines(tmp_path / "bound")[-1]
    assert last["valid_instructions"] < 1.05 * target
    assert last["train_instructions"] < 1.05 * target
    assert last["valid_accuracy"] > 0.8
    assert max(line["instructions_multiplier"] for line in lines(tmp_path / "bound")) > 0
    assert not {"train_synops", "synops_multiplier"} & last.keys()

    stopped = Trainer(config, data, tmp_path / "stopped", quiet=True, pricing=prices_of)
    run_epoch = Trainer._run_epoch

    def until_the_third(self, epoch):
        if epoch == 3:
            raise KeyboardInterrupt
        return run_epoch(self, epoch)

    monkeypatch.setattr(Trainer, "_run_epoch", until_the_third)
    with pytest.raises(KeyboardInterrupt):
        stopped.run()
    monkeypatch.undo()
    resumed = Trainer(config, data, tmp_path / "stopped", quiet=True, pricing=prices_of)
    resumed.resume()
    resumed.run()
    assert_same(state(resumed), state(whole))


def test_what_an_instructions_target_needs(tmp_path, data):
    config = TrainConfig.of("hard", **COMMON, instructions_target=1000.0)
    with pytest.raises(EdgeSastError) as error:
        Trainer(config, data, tmp_path)
    assert str(error.value) == (
        "--instructions-target needs the prices of a device, which 'edge-sast train' gives; train with that command, "
        "or use --synops-target"
    )
    with pytest.raises(EdgeSastError) as error:
        TrainConfig.of(
            "hard", **COMMON | {"qat_epochs": 0}, threshold="adaptive-step", instructions_target=1000.0
        )
    assert str(error.value) == (
        "--instructions-target is 1000, which asks for the integer model that --threshold adaptive-step does not have; "
        "use --threshold adaptive"
    )


def test_a_rate_penalty_lowers_rates(tmp_path, data):
    rates = []
    for weight in (0.0, 10.0):
        config = TrainConfig.of("hard", **COMMON, rate_weight=weight)
        Trainer(config, data, tmp_path / str(weight), quiet=True).run()
        rates.append(lines(tmp_path / str(weight))[-1]["firing_rates"][0])
    assert rates[1] < 0.9 * rates[0]


@pytest.mark.parametrize(("method", "epoch"), [("hard-sam", 2), ("sast", 5)])
def test_a_silent_network_stops_with_layer_epoch_and_remedy(tmp_path, data, method, epoch):
    config = TrainConfig.of(method, **COMMON | {"epochs": 6, "norm": "none", "lr": 1e-9}, rho=0.1)
    trainer = Trainer(config, data, tmp_path, quiet=True)
    with torch.no_grad():
        trainer.network.weighted()[0].bias.fill_(-100.0)
    told = r"^training: layer 1 \(6c3p1\) fires nowhere in 48 held-out recordings, epoch"
    message = rf"{told} {epoch}: the network is silent; lower --rho or raise"
    with pytest.raises(EdgeSastError, match=message):
        trainer.run()
    assert checkpoint.load(tmp_path).epoch == epoch - 1
    resumed = Trainer(config, data, tmp_path, quiet=True)
    resumed.resume()
    with pytest.raises(EdgeSastError, match=message):  # the silent epoch before is not forgotten
        resumed.run()


def test_smooth_spikes_may_learn_below_the_threshold(tmp_path, data):
    """Biases of -0.9: what is left of the smooth spikes tells the classes apart, no hard one is fired."""
    changes = {"epochs": 8, "qat_epochs": 0, "norm": "none", "augment_shift": 0}
    config = TrainConfig.of("surrogate", **COMMON | changes, surrogate="logistic", beta=1.0)
    trainer = Trainer(config, data, tmp_path, quiet=True)
    with torch.no_grad():
        trainer.network.weighted()[0].bias.fill_(-0.9)
    trainer.run()
    silent = [line["valid_synops"] for line in lines(tmp_path)]
    assert len(set(silent)) == 1  # those of the input alone, to the last epoch
    assert lines(tmp_path)[-1]["train_accuracy"] > 0.6


def test_a_run_starts_from_another(tmp_path, data):
    first = Trainer(
        TrainConfig.of("surrogate", **COMMON | {"qat_epochs": 0}), data, tmp_path / "a", quiet=True
    )
    first.run()
    config = TrainConfig.of("hard", **COMMON | {"epochs": 0}, init=str(tmp_path / "a"), bits="2")
    second = Trainer(config, data, tmp_path / "b", quiet=True)
    assert_same(state(first), state(second))
    second.run()
    assert [line["part"] for line in lines(tmp_path / "b")] == ["int2"]
    other = replace(config, arch="8c3p1-or2-out")
    with pytest.raises(EdgeSastError, match=r"^--init .*: parameter .* has shape .* another architecture"):
        Trainer(other, data, tmp_path / "c", quiet=True)
    for name, value in (("threshold", "learn"), ("leak", "learn"), ("width", "learn"), ("norm", "none")):
        was = getattr(config, name)
        message = (
            rf"was trained with --{name} {was}, this run has {value} and other .*; use --{name} {was}, or"
        )
        with pytest.raises(EdgeSastError, match=message):
            Trainer(replace(config, **{name: value}), data, tmp_path / "c", quiet=True)
    Trainer(replace(config, threshold="adaptive", leak="2,4"), data, tmp_path / "c", quiet=True)  # these fit


def test_synops_in_training_are_those_of_evaluation(data):
    network = Network(TrainConfig.of("hard", **COMMON).network(data.train.binning, 3)).eval()
    spike = TrainConfig.of("hard", **COMMON).spike(hard=True)
    x, _ = next(in_order(data.valid, 48, "cpu"))
    got = float(network(x, spike, synops=True).synops.detach())
    assert got == pytest.approx(evaluate(network, data.valid, spike).synops_per_sample, rel=1e-5)


def gradients(config, data, **slopes):
    """Of the first layer's weights in one batch of the integer pass, attributes of its neurons set first."""
    torch.manual_seed(0)
    network = Network(config.network(data.valid.binning, 3)).eval()
    for name, value in slopes.items():
        getattr(network.weighted()[0].neurons, name).data.fill_(value)
    x, labels = next(in_order(data.valid, 48, "cpu"))
    torch.nn.functional.cross_entropy(network(x, config.pass_at(config.epochs)).logits, labels).backward()
    return network.weighted()[0].weight.grad


@pytest.mark.parametrize("arch", ["6c3p1-or2-out", "fc6-out", "rec6-out"])
@pytest.mark.parametrize(
    ("width", "slopes"), [("learn", {"log_slope": np.log(0.5)}), ("consistent", {"factor": 0.5})]
)
def test_the_integer_finish_keeps_a_layers_own_width(data, arch, width, slopes):
    config = TrainConfig(**COMMON | {"arch": arch}, width=width, beta=4.0)
    plain = replace(config, width="fixed", beta=2.0)
    assert torch.allclose(gradients(config, data, **slopes), gradients(plain, data), rtol=1e-5, atol=1e-7)
    assert not torch.allclose(gradients(config, data), gradients(plain, data), rtol=1e-2)


def test_a_threshold_for_each_step_keeps_the_layers_own_width(data):
    config = TrainConfig(**COMMON | {"qat_epochs": 0}, threshold="adaptive-step", width="learn")
    network = Network(config.network(data.valid.binning, 3))
    x, _ = next(in_order(data.valid, 48, "cpu"))
    network(x, config.train_spike).logits.square().sum().backward()
    assert float(network.weighted()[0].neurons.log_slope.grad.abs()) > 0


@pytest.mark.parametrize("arch", ["6c3p1-or2-out", "fc6-count"])
def test_half_precision_ends_at_the_products(data, arch):
    """Batch norm, neurons and read-out are float32, with and without the one operation that joins them."""
    config = TrainConfig.of("surrogate", **COMMON | {"arch": arch})
    torch.manual_seed(0)
    network = Network(config.network(data.valid.binning, 3))
    x, _ = next(in_order(data.valid, 48, "cpu"))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        joined = network(x, config.train_spike, per_step=True)
        apart = network(x, config.train_spike, per_step=True, rate_gradients=True)
    assert joined.steps.dtype == apart.steps.dtype == joined.logits.dtype == torch.float32
    for a, b in zip(joined.rates, apart.rates, strict=True):
        assert float(a.detach()) == pytest.approx(float(b.detach()), abs=1e-6)


@pytest.mark.parametrize("epoch", [0, 2])
def test_recomputing_holds_less_in_both_parts(data, epoch):
    held = []
    for recompute in (False, True):
        config = TrainConfig.of("hard", **COMMON, threshold="adaptive", recompute=recompute)
        network = Network(config.network(data.valid.binning, 3)).train(epoch == 0)
        x, _ = next(in_order(data.valid, 48, "cpu"))
        sizes = []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda t, s=sizes: (s.append(t.numel()), t)[1], lambda t: t
        ):
            network(x, config.pass_at(epoch))
        held.append(sum(sizes))
    assert held[1] < 0.5 * held[0]
