"""`edge-sast train --resume` takes up a run with the settings that it was begun with."""

import pytest
import torch

from edge_sast.cli.main import main
from tests.cli.recordings import DT_US, STEPS, write_lines
from trainer.run import checkpoint
from trainer.run.loop import Trainer

BEGUN = ["--dt-us", str(DT_US), "--steps", str(STEPS), "--arch", "8c5s2p2-or2-out", "--method", "sast"]
BEGUN += [
    "--epochs",
    "2",
    "--qat-epochs",
    "1",
    "--lr",
    "0.02",
    "--bits",
    "4",
    "--augment-flip",
    "--batch-size",
    "4",
]
BEGUN += ["--valid-fraction", "0.25", "--keep", "best", "--seed", "5", "--leak", "2"]
MACHINE = ["--threads", "1", "--quiet"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    write_lines(home / "data", {"train": 5})
    assert main(["train", "--data", str(home / "data"), *BEGUN, *MACHINE, "--out", str(home / "whole")]) == 0
    return home


def interrupt(monkeypatch, epoch, *command):
    """Ctrl-C once so many epochs are done."""
    run = Trainer._run_epoch

    def until(self, now):
        if now == epoch:
            raise KeyboardInterrupt
        return run(self, now)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_run_epoch", until)
        assert main(["train", *command, *MACHINE]) == 130


def parameters(folder):
    return checkpoint.load(folder).last_network().state_dict()


def assert_ended_as(one, other):
    mine, theirs = parameters(one), parameters(other)
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    assert checkpoint.load(one).config == checkpoint.load(other).config


@pytest.mark.parametrize(("epoch", "again"), [(1, []), (2, ["--lr", "0.02", "--method", "sast"])])
def test_the_settings_are_those_of_the_run_where_none_is_given(home, tmp_path, monkeypatch, epoch, again):
    interrupt(monkeypatch, epoch, "--data", str(home / "data"), *BEGUN, "--out", str(tmp_path / "run"))
    assert main(["train", "--resume", "--out", str(tmp_path / "run"), *again, *MACHINE]) == 0
    assert_ended_as(tmp_path / "run", home / "whole")


def test_another_setting_is_refused(home, tmp_path, monkeypatch, capsys):
    interrupt(monkeypatch, 1, "--data", str(home / "data"), *BEGUN, "--out", str(tmp_path / "run"))
    capsys.readouterr()
    assert main(["train", "--resume", "--out", str(tmp_path / "run"), "--leak", "3", *MACHINE]) == 2
    error = f"--resume: --leak is '3', the checkpoint in {tmp_path / 'run'} was trained with '2'"
    assert error in capsys.readouterr().err


def test_teachers_and_the_run_it_went_on_from_are_taken_too(home, tmp_path, monkeypatch):
    command = [
        "--from",
        str(home / "whole"),
        "--teacher",
        str(home / "whole"),
        "--epochs",
        "1",
        "--qat-epochs",
        "1",
    ]
    command += ["--prune-channels", "0.5", "--batch-size", "8"]
    assert main(["train", *command, *MACHINE, "--out", str(tmp_path / "whole")]) == 0
    interrupt(monkeypatch, 1, *command, "--out", str(tmp_path / "parts"))
    assert main(["train", "--resume", "--out", str(tmp_path / "parts"), *MACHINE]) == 0
    assert_ended_as(tmp_path / "parts", tmp_path / "whole")
    assert checkpoint.load(tmp_path / "parts").config.teachers == (str(home / "whole"),)


def test_workers_take_the_same(home, tmp_path, monkeypatch):
    interrupt(monkeypatch, 1, "--data", str(home / "data"), *BEGUN, "--out", str(tmp_path / "run"))
    assert main(["train", "--resume", "--out", str(tmp_path / "run"), "--workers", "2", *MACHINE]) == 0
    assert checkpoint.load(tmp_path / "run").epoch == 3
    assert checkpoint.load(tmp_path / "run").config == checkpoint.load(home / "whole").config
