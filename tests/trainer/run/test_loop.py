"""Training repeats itself, resumes in the same bits, and learns."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from edge_sast.errors import EdgeSastError
from tests.trainer.networks import binned_counts
from trainer.data.recordings import Data
from trainer.run import checkpoint, loop
from trainer.run.adam import Adam
from trainer.run.loop import Trainer
from trainer.run.metrics import METRICS_NAME
from trainer.run.one_pass import evaluate
from trainer.settings.config import TrainConfig
from trainer.settings.passes import Integer

COMMON = {
    "data": "bars",
    "arch": "6c3p1-or2-out",
    "dt_us": 1000,
    "steps": 4,
    "epochs": 2,
    "qat_epochs": 1,
    "batch_size": 16,
    "lr": 0.01,
    "augment_shift": 1,
    "augment_drop": 0.1,
}
CONFIG = TrainConfig.of("sast", **COMMON, rho=0.1, rho_warmup=1)


def bars(seed, n):
    """Three classes that a small network tells apart: a row, a column, a diagonal of events, with noise."""
    rng = np.random.default_rng(seed)
    counts = (rng.random((n, 4, 8, 8, 2)) < 0.03).astype(np.uint8)
    for i in range(n):
        for t in range(4):
            p = rng.integers(2)
            kind = i % 3
            line = np.arange(8)
            position = rng.integers(2, 6)
            y = [np.full(8, position), line, line][kind]
            x = [line, np.full(8, position), line][kind]
            counts[i, t, y, x, p] = 1
    return binned_counts(counts, 1)


@pytest.fixture(scope="module")
def data():
    return Data(bars(0, 96), bars(1, 48))


def state(trainer):
    return {name: tensor.clone() for name, tensor in trainer.network.state_dict().items()}


def lines(folder):
    drop = {"seconds"}
    texts = (folder / METRICS_NAME).read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k not in drop} for line in texts]


def assert_same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        assert torch.equal(a[name], b[name]), name


@pytest.mark.parametrize("method", ["sast", "surrogate", "hard"])
def test_training_repeats_itself(tmp_path, data, method):
    config = TrainConfig.of(method, **COMMON)
    results = []
    for name in ("a", "b"):
        trainer = Trainer(config, data, tmp_path / name, quiet=True)
        trainer.run()
        results.append((state(trainer), lines(tmp_path / name)))
    assert_same(results[0][0], results[1][0])
    assert results[0][1] == results[1][1]
    other = Trainer(replace(config, seed=1), data, tmp_path / "c", quiet=True)
    other.run()
    assert not torch.equal(state(other)["layers.0.weight"], results[0][0]["layers.0.weight"])


@pytest.mark.parametrize("stop_after", [1, 2])
@pytest.mark.parametrize("independent", [False, True])
def test_resume_ends_as_an_uninterrupted_run(tmp_path, data, monkeypatch, stop_after, independent):
    config = replace(CONFIG, independent_batch=independent)
    whole = Trainer(config, data, tmp_path / "whole", quiet=True)
    whole.run()

    interrupted = Trainer(config, data, tmp_path / "parts", quiet=True)
    run_epoch = Trainer._run_epoch

    def stop(self, epoch):
        if epoch == stop_after:
            run_epoch(self, epoch)  # work that is lost: the interrupt comes before the epoch is kept
            raise KeyboardInterrupt
        return run_epoch(self, epoch)

    monkeypatch.setattr(Trainer, "_run_epoch", stop)
    with pytest.raises(KeyboardInterrupt):
        interrupted.run()
    monkeypatch.undo()
    assert checkpoint.load(tmp_path / "parts").epoch == stop_after

    resumed = Trainer(config, data, tmp_path / "parts", quiet=True)
    resumed.resume()
    resumed.run()
    assert_same(state(whole), state(resumed))
    assert lines(tmp_path / "whole") == lines(tmp_path / "parts")


@pytest.mark.parametrize("method", ["sast", "hard"])
def test_training_learns_and_prints_the_devices_accuracy(tmp_path, data, method):
    config = TrainConfig.of(method, **COMMON | {"epochs": 8, "qat_epochs": 2, "augment_shift": 0})
    trainer = Trainer(config, data, tmp_path, quiet=True)
    network = trainer.run()
    last = lines(tmp_path)[-1]
    assert last["valid_pass"] == "int8"
    assert last["valid_accuracy"] > 0.9
    assert (
        last["valid_accuracy"] == evaluate(network, data.valid, Integer((8, 8), config.spike(True))).accuracy
    )
    assert [line["part"] for line in lines(tmp_path)] == [method] * 8 + ["int8"] * 2
    assert all(0 < rate < 1 for line in lines(tmp_path) for rate in line["firing_rates"])


def test_batch_norm_statistics_move_in_the_first_pass_only(tmp_path, data):
    """One batch per step: with SAM they must be where they are without it."""
    moved = []
    for rho in (0.0, 0.5):
        config = replace(CONFIG, rho=rho, rho_warmup=0, epochs=1, qat_epochs=0, batch_size=96)
        trainer = Trainer(config, data, tmp_path / str(rho), quiet=True)
        trainer.run()
        moved.append(state(trainer)["layers.0.norm.running_mean"])
    assert torch.equal(moved[0], moved[1])
    assert float(moved[0].abs().max()) > 0


def test_resume_refuses_other_settings(tmp_path, data):
    Trainer(replace(CONFIG, epochs=1, qat_epochs=0), data, tmp_path, quiet=True).run()
    changed = Trainer(replace(CONFIG, epochs=1, qat_epochs=0, arch="4c3-out"), data, tmp_path, quiet=True)
    with pytest.raises(
        EdgeSastError, match=r"^--resume: --arch is '4c3-out', the checkpoint in .* '6c3p1-or2-out'"
    ):
        changed.resume()


def test_resume_refuses_other_recordings(tmp_path, data):
    config = replace(CONFIG, epochs=1, qat_epochs=0)
    Trainer(config, data, tmp_path, quiet=True).run()
    others = Data(bars(2, 96), data.valid), Data(data.train, bars(2, 48))
    for other, what in zip(others, ("recordings", "validation recordings"), strict=True):
        for place, remedy in (
            ("bars", "restore them"),
            ("moved", "those were at bars: give them with --data"),
        ):
            message = (
                f"--resume: the {what} of --data {place} are not those that {tmp_path} was trained on; {remedy}, or "
                "use another --out"
            )
            with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
                Trainer(replace(config, data=place), other, tmp_path, quiet=True).resume()


@pytest.mark.parametrize("begun", [1, 2])
def test_resume_goes_on_where_the_same_recordings_lie_elsewhere(tmp_path, data, capsys, monkeypatch, begun):
    """Half way, and after the end: the run knows its recordings' new place."""
    config = replace(CONFIG, epochs=1)
    whole = Trainer(config, data, tmp_path / "whole", quiet=True)
    whole.run()
    stopped = Trainer(config, data, tmp_path / "moved", quiet=True)
    with monkeypatch.context() as patch:
        patch.setattr(TrainConfig, "total_epochs", begun)
        stopped.run()
    capsys.readouterr()
    resumed = Trainer(replace(config, data="elsewhere"), data, tmp_path / "moved")
    resumed.resume()
    line = f"--data elsewhere: holds what bars held when {tmp_path}/moved was trained\n"
    assert capsys.readouterr().err == line
    resumed.run()
    assert_same(state(whole), state(resumed))
    assert checkpoint.load(tmp_path / "moved").config.data == "elsewhere"
    assert json.loads((tmp_path / "moved" / "config.json").read_text())["data"] == "elsewhere"
    assert checkpoint.load(tmp_path / "moved").epoch == 2


def test_the_run_that_training_began_with_is_known_by_its_parameters(tmp_path, data):
    short = replace(CONFIG, epochs=1, qat_epochs=0)
    for name, seed in (("first", 0), ("other", 1)):
        Trainer(replace(short, seed=seed), data, tmp_path / name, quiet=True).run()
    after = replace(short, init=str(tmp_path / "first"))
    Trainer(after, data, tmp_path / "run", quiet=True).run()
    (tmp_path / "first").rename(tmp_path / "moved")
    resumed = Trainer(replace(after, init=str(tmp_path / "moved")), data, tmp_path / "run", quiet=True)
    resumed.resume()
    resumed.run()
    (tmp_path / "other").rename(tmp_path / "first")
    message = (
        f"--resume: --init {tmp_path}/first no longer holds the parameters that {tmp_path}/run began with, those of "
        f"{tmp_path}/moved then; restore that run, or use another --out"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        Trainer(after, data, tmp_path / "run", quiet=True).resume()
    with pytest.raises(
        EdgeSastError, match=r"^--resume: --init is None, the checkpoint in .* was trained with"
    ):
        Trainer(short, data, tmp_path / "run", quiet=True).resume()


def test_a_checkpoint_that_does_not_say_what_lay_at_init_keeps_to_the_path(tmp_path, data):
    short = replace(CONFIG, epochs=1, qat_epochs=0)
    Trainer(short, data, tmp_path / "first", quiet=True).run()
    after = replace(short, init=str(tmp_path / "first"))
    trainer = Trainer(after, data, tmp_path / "run", quiet=True)
    trainer.run()
    trainer._valid_digest = trainer._init_digest = ""
    trainer._save(1)
    Trainer(after, data, tmp_path / "run", quiet=True).resume()
    (tmp_path / "first").rename(tmp_path / "moved")
    with pytest.raises(
        EdgeSastError, match=r"^--resume: --init is '.*moved', the checkpoint in .*first'; use"
    ):
        Trainer(replace(after, init=str(tmp_path / "moved")), data, tmp_path / "run", quiet=True).resume()


def test_a_loss_that_is_no_number_stops_with_a_remedy(tmp_path, data):
    trainer = Trainer(CONFIG, data, tmp_path, quiet=True)

    def spoil(network, _):
        network.layers[0].weight.data.fill_(torch.nan)

    trainer.network.register_forward_pre_hook(spoil)
    with pytest.raises(
        EdgeSastError, match=r"^training: the loss is (nan|inf) in epoch 1; lower --lr or --rho"
    ):
        trainer.run()
    assert checkpoint.load(tmp_path).epoch == 0


def test_weights_lost_in_the_last_batch_are_not_kept(tmp_path, data, monkeypatch):
    """The loss was finite before the last step; nothing after it would notice until the next epoch."""
    trainer = Trainer(replace(CONFIG, batch_size=96), data, tmp_path, quiet=True)
    step = Adam.step

    def overflow(optimiser):
        step(optimiser)
        with torch.no_grad():
            optimiser.param_groups[0]["params"][0][0] = torch.inf

    monkeypatch.setattr(Adam, "step", overflow)
    with pytest.raises(
        EdgeSastError, match=r"^training: a weight is no longer a finite number in epoch 1; lower"
    ):
        trainer.run()
    assert checkpoint.load(tmp_path).epoch == 0
    assert lines(tmp_path) == []


def test_a_line_of_metrics_that_was_cut_off_does_not_stop_a_resume(tmp_path, data):
    Trainer(replace(CONFIG, epochs=1), data, tmp_path, quiet=True).run()
    kept = lines(tmp_path)
    with (tmp_path / METRICS_NAME).open("a") as stream:
        stream.write('{"epoch": 3, "par')
    Trainer(replace(CONFIG, epochs=1), data, tmp_path, quiet=True).resume()
    assert lines(tmp_path) == kept


def test_resume_without_its_metrics_goes_on_with_a_warning(tmp_path, data, capsys):
    Trainer(replace(CONFIG, epochs=1, qat_epochs=0), data, tmp_path / "cut", quiet=True).run()
    (tmp_path / "cut" / METRICS_NAME).write_bytes(b'{"epoch": 1, "pa')
    Trainer(replace(CONFIG, epochs=1, qat_epochs=0), data, tmp_path / "cut", quiet=True).resume()
    assert lines(tmp_path / "cut") == []
    assert "metrics.jsonl: the figures of epoch 1 are missing or damaged; going on" in capsys.readouterr().err
    assert checkpoint.load(tmp_path / "cut").epoch == 1


def test_an_interrupt_while_saving_tells_the_epoch_that_is_kept(tmp_path, data, monkeypatch):
    trainer = Trainer(CONFIG, data, tmp_path, quiet=True)

    def interrupt(_, figures, *__):
        if figures["epoch"] == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "append", interrupt)
    with pytest.raises(KeyboardInterrupt):
        trainer.run()
    assert trainer.epoch == checkpoint.load(tmp_path).epoch == 1


def test_sums_that_do_not_fit_are_told_before_training(tmp_path, data):
    config = replace(CONFIG, arch="sum2-out", count_cap=255, steps=65535)
    with pytest.raises(
        EdgeSastError, match=r"^--arch: a sum of up to \d+ in a layer of 32 inputs is more than can"
    ):
        Trainer(config, data, tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()


def test_rho_warms_up_and_the_learning_rate_falls():
    config = replace(CONFIG, epochs=10, qat_epochs=2, rho=0.3, rho_warmup=2)
    assert [round(config.rho_at(e), 3) for e in range(4)] == [0.1, 0.2, 0.3, 0.3]
    rates = [config.learning_rate(x) for x in (0, 5, 9.99, 10, 11.99)]
    assert rates[0] == config.lr
    assert rates[0] > rates[1] > rates[2] > 0
    assert rates[3] == pytest.approx(config.lr / 10)
    assert rates[4] < rates[3]


def test_leftovers_of_a_killed_training_are_removed(tmp_path, data):
    (tmp_path / ".checkpoint.safetensors.ab12").write_bytes(b"half a checkpoint")
    Trainer(replace(CONFIG, epochs=1, qat_epochs=0), data, tmp_path, quiet=True).run()
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "checkpoint.safetensors",
        "config.json",
        "metrics.jsonl",
    ]
