"""--keep best: which epoch's network a run is taken for, and that going on changes nothing about it."""

import json
from dataclasses import replace

import pytest
import torch

from edge_sast.cli.main import main
from tests.cli.recordings import DT_US, STEPS, write_lines
from tests.trainer.run.test_checkpoint import rewrite
from tests.trainer.run.test_loop import CONFIG, assert_same, bars, lines, state
from trainer.data.recordings import Data
from trainer.run import checkpoint
from trainer.run.kept import Kept
from trainer.run.loop import Trainer
from trainer.settings.config import TrainConfig

BEST = replace(CONFIG, epochs=2, qat_epochs=3, keep="best")


@pytest.fixture(scope="module")
def data():
    return Data(bars(0, 96), bars(1, 48))


@pytest.fixture(autouse=True)
def spoilt(monkeypatch):
    """The last epoch spoils the network, so that the best one lies before it."""
    usual = TrainConfig.learning_rate

    def rate(self, progress):
        return 30.0 if progress >= self.epochs + self.qat_epochs - 1 else usual(self, progress)

    monkeypatch.setattr(TrainConfig, "learning_rate", rate)


@pytest.fixture
def each_epoch(monkeypatch):
    """Trains a run; its Trainer, and the network's parameters after each epoch."""
    states = []

    def noting(self, epoch):
        figures = run_epoch(self, epoch)
        states.append(state(self))
        return figures

    run_epoch = Trainer._run_epoch
    monkeypatch.setattr(Trainer, "_run_epoch", noting)

    def train(config, data, folder):
        trainer = Trainer(config, data, folder, quiet=True)
        trainer.run()
        return trainer, states

    return train


def best_of(folder, first):
    """Number of the best epoch from `first` on; of equals the latest."""
    return max((line["valid_accuracy"], line["epoch"]) for line in lines(folder) if line["epoch"] >= first)[1]


@pytest.mark.parametrize(("config", "first"), [(BEST, 3), (replace(BEST, epochs=3, qat_epochs=0), 1)])
def test_the_best_epoch_of_the_last_part_is_kept(tmp_path, data, each_epoch, config, first):
    trainer, states = each_epoch(config, data, tmp_path)
    best = best_of(tmp_path, first)
    stored = checkpoint.load(tmp_path)
    assert trainer.kept.epoch == best
    assert_same(stored.network().state_dict(), states[best - 1])
    assert_same(state(trainer), states[best - 1])
    assert_same(stored.last_network().state_dict(), states[-1])
    assert best < stored.epoch == config.total_epochs == len(states)


def test_the_last_one_is_kept_where_nothing_else_is_asked_for(tmp_path, data, each_epoch):
    trainer, states = each_epoch(replace(BEST, keep="last"), data, tmp_path)
    stored = checkpoint.load(tmp_path)
    assert trainer.kept is None
    assert stored.kept == {}
    assert_same(stored.network().state_dict(), states[-1])


@pytest.mark.parametrize("stop_after", [1, 3, 5])
def test_a_resumed_run_keeps_the_same(tmp_path, data, monkeypatch, stop_after):
    whole = Trainer(BEST, data, tmp_path / "whole", quiet=True)
    whole.run()
    with monkeypatch.context() as patch:
        patch.setattr(TrainConfig, "total_epochs", stop_after)
        Trainer(BEST, data, tmp_path / "parts", quiet=True).run()
    resumed = Trainer(BEST, data, tmp_path / "parts", quiet=True)
    resumed.resume()
    resumed.run()
    one, other = (checkpoint.load(tmp_path / name) for name in ("whole", "parts"))
    assert_same(one.tensors, other.tensors)
    assert lines(tmp_path / "whole") == lines(tmp_path / "parts")


def test_of_equals_the_latest():
    network = torch.nn.Linear(1, 1)
    kept = Kept.better(None, network, 1, 0.5)
    for epoch, accuracy, best in ((2, 0.5, 2), (3, 0.25, 2), (4, 0.75, 4), (5, 0.5, 4)):
        with torch.no_grad():
            network.weight.fill_(epoch)
        kept = Kept.better(kept, network, epoch, accuracy)
        assert (kept.epoch, float(kept.parameters["weight"])) == (best, best)


def test_a_run_from_before_there_was_a_choice_keeps_its_last(tmp_path, data):
    trainer = Trainer(CONFIG, data, tmp_path, quiet=True)
    trainer.run()
    rewrite(tmp_path, lambda document: document["config"].pop("keep"))
    stored = checkpoint.load(tmp_path)
    assert stored.config == CONFIG
    assert_same(stored.network().state_dict(), state(trainer))


def test_the_command_says_which_epoch_it_kept_and_exports_it(tmp_path, capsys):
    data = write_lines(tmp_path / "data", {"train": 24, "valid": 8})
    run, figures = tmp_path / "run", tmp_path / "figures.json"
    given = ["--dt-us", str(DT_US), "--steps", str(STEPS), "--arch", "4c5s2p2-or2-out", "--batch-size", "8"]
    cache = ["--cache-dir", str(tmp_path / "cache")]
    epochs = ["--epochs", "2", "--qat-epochs", "3", "--keep", "best"]
    command = [
        "train",
        "--data",
        str(data),
        "--out",
        str(run),
        *given,
        *cache,
        *epochs,
        "--json",
        str(figures),
    ]
    assert main(command) == 0
    best, told = best_of(run, 3), json.loads(figures.read_text())
    assert told["epoch"] == best
    assert (
        f"{run}, epoch {best} of 5: int8 accuracy {told['valid_accuracy']:.4f} on 24 held out"
        in capsys.readouterr().out
    )
    assert main(["evaluate", str(run), *cache, "--json", str(figures)]) == 0
    evaluated = json.loads(figures.read_text())
    assert evaluated["int8"]["accuracy"] == told["valid_accuracy"]
