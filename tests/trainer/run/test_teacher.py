"""Distillation: the loss against NumPy, teachers that do not fit, and that a run with one goes on in the same bits."""

import os
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from edge_sast.cli.main import main
from edge_sast.errors import EdgeSastError
from tests.cli.recordings import DT_US, STEPS, write_lines
from tests.trainer.run.test_loop import CONFIG, assert_same, bars, lines, state
from trainer.data.recordings import Data
from trainer.gradients.losses import distilled
from trainer.run import checkpoint
from trainer.run.loop import Trainer
from trainer.run.teacher import Teachers
from trainer.settings.config import TrainConfig

SHORT = replace(CONFIG, epochs=2, qat_epochs=1)


@pytest.fixture(scope="module")
def data():
    return Data(bars(0, 96), bars(1, 48))


@pytest.fixture(scope="module")
def taught(tmp_path_factory, data):
    """Folders of a teacher with smooth spikes, one with hard ones, and one that ended in integers."""
    home = tmp_path_factory.mktemp("teachers")
    plain = {
        "data": "bars",
        "arch": "8c3p1-or2-out",
        "dt_us": 1000,
        "steps": 4,
        "epochs": 6,
        "batch_size": 16,
        "lr": 0.01,
    }
    for name, method, qat in (("smooth", "surrogate", 0), ("hard", "hard", 0), ("integer", "hard", 1)):
        config = TrainConfig.of(method, **plain, qat_epochs=qat)
        Trainer(config, data, home / name, quiet=True).run()
    return home


def test_the_loss_is_that_of_soft_targets():
    rng = np.random.default_rng(3)
    each = rng.random(4)
    for answers in (1, 5):  # after the last step, or after each of five
        own, theirs = rng.normal(size=(2, answers, 4, 3))
        got = distilled(*map(torch.tensor, (each, own, theirs)), 0.3, 4.0)
        for i in range(4):
            soft = np.exp(theirs[:, i] / 4) / np.exp(theirs[:, i] / 4).sum(1, keepdims=True)
            log = own[:, i] / 4 - np.log(np.exp(own[:, i] / 4).sum(1, keepdims=True))
            told = -(soft * log).sum() / answers
            assert float(got[i]) == pytest.approx(0.7 * each[i] + 0.3 * 16 * told, rel=1e-12)


def test_its_gradient_vanishes_where_both_agree():
    own = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    distilled(torch.zeros(5), own, own.detach() + 7.0, 1.0, 2.0).sum().backward()
    assert float(own.grad.abs().max()) < 1e-12


@pytest.mark.parametrize(
    ("name", "smooth", "bits"), [("smooth", True, None), ("hard", False, None), ("integer", False, 8)]
)
def test_a_teacher_answers_in_the_pass_that_it_ended_in(taught, data, name, smooth, bits):
    config = replace(SHORT, teacher=str(taught / name))
    teachers = Teachers.of(config, data.train.binning, data.train.classes)
    stored = checkpoint.load(taught / name)
    how = stored.config.integer() if bits else stored.config.spike(hard=not smooth)
    x = torch.from_numpy(np.random.default_rng(1).integers(0, 2, (4, 5, 2, 8, 8)).astype(np.float32))
    with torch.no_grad():
        wanted = stored.network()(x, how).logits
    assert torch.equal(teachers.answers(x)[0], wanted.float())
    assert not teachers.answers(x).requires_grad


@pytest.mark.parametrize("loss", ["last", "evidence"])
def test_after_each_step_a_teacher_answers_in_the_scale_that_it_learnt(tmp_path, data, loss):
    """By networks that see the first t steps alone: the mean of what arrived, or of `evidence` its sum."""
    config = replace(SHORT, loss=loss, epochs=1, qat_epochs=0)
    Trainer(config, data, tmp_path / "run", quiet=True).run()
    teachers = Teachers.of(
        replace(SHORT, teacher=str(tmp_path / "run")), data.train.binning, data.train.classes
    )
    (network, how, _), *_ = teachers.networks
    x = torch.rand(SHORT.steps, 5, 2, 8, 8).round()
    told = teachers.answers(x, SHORT.steps)
    assert len(told) == SHORT.steps
    torch.testing.assert_close(told[-1:], teachers.answers(x))
    for t in range(SHORT.steps):
        output = network(x[: t + 1], how, per_step=True)
        wanted = output.steps.sum(0) if loss == "evidence" else output.steps.mean(0)
        torch.testing.assert_close(told[t], wanted.detach())


def test_several_answer_with_the_mean_of_their_logits(taught, data):
    names = [str(taught / name) for name in ("smooth", "hard")]
    x = torch.rand(4, 5, 2, 8, 8).round()
    alone, both = (
        [
            Teachers.of(replace(SHORT, teacher=each), data.train.binning, data.train.classes).answers(x)
            for each in given
        ]
        for given in (names, [os.pathsep.join(names)])
    )
    torch.testing.assert_close(both[0], (alone[0] + alone[1]) / 2)


@pytest.mark.parametrize(("method", "loss"), [("sast", "last"), ("hard", "last"), ("hard", "evidence")])
def test_a_run_with_a_teacher_goes_on_in_the_same_bits(tmp_path, data, taught, method, loss, monkeypatch):
    config = TrainConfig.of(
        method,
        loss=loss,
        data="bars",
        arch="6c3p1-or2-out",
        dt_us=1000,
        steps=4,
        epochs=2,
        qat_epochs=1,
        batch_size=16,
        teacher=str(taught / "integer"),
    )
    whole = Trainer(config, data, tmp_path / "whole", quiet=True)
    whole.run()
    part = Trainer(config, data, tmp_path / "part", quiet=True)
    run_epoch = Trainer._run_epoch

    def stop(self, epoch):
        if epoch == 1:
            raise KeyboardInterrupt
        return run_epoch(self, epoch)

    monkeypatch.setattr(Trainer, "_run_epoch", stop)
    with pytest.raises(KeyboardInterrupt):
        part.run()
    monkeypatch.undo()
    resumed = Trainer(config, data, tmp_path / "part", quiet=True)
    resumed.resume()
    resumed.run()
    assert_same(state(whole), state(resumed))
    assert lines(tmp_path / "whole") == lines(tmp_path / "part")
    alone = Trainer(replace(config, teacher=None), data, tmp_path / "alone", quiet=True)
    alone.run()
    assert not torch.equal(state(alone)["layers.0.weight"], state(whole)["layers.0.weight"])
    stored = checkpoint.load(tmp_path / "whole")
    assert stored.config.teachers == (str(taught / "integer"),)
    assert stored.teacher
    assert not checkpoint.load(tmp_path / "alone").teacher


def test_a_teacher_is_known_by_its_parameters(tmp_path, data, taught):
    """It may move; another one in its place is told."""
    short = replace(SHORT, epochs=1, qat_epochs=0, teacher=str(tmp_path / "one"))
    (tmp_path / "one").mkdir()
    for name, to in (("smooth", "one"), ("hard", "two")):
        (tmp_path / to).mkdir(exist_ok=True)
        (tmp_path / to / checkpoint.FILE_NAME).write_bytes(
            (taught / name / checkpoint.FILE_NAME).read_bytes()
        )
    Trainer(short, data, tmp_path / "run", quiet=True).run()
    (tmp_path / "one").rename(tmp_path / "moved")
    moved = Trainer(replace(short, teacher=str(tmp_path / "moved")), data, tmp_path / "run", quiet=True)
    moved.resume()
    (tmp_path / "two").rename(tmp_path / "one")
    with pytest.raises(
        EdgeSastError, match=r"^--resume: --teacher .*/one no longer holds the parameters that taught"
    ):
        Trainer(short, data, tmp_path / "run", quiet=True).resume()


def test_teachers_of_other_recordings_are_refused(taught, data):
    binning, classes = data.train.binning, data.train.classes
    config = replace(SHORT, teacher=str(taught / "hard"))
    cases = {
        "its sensor has 8x8 pixels, that of --data 9x8; use a run on": replace(binning, sensor_width=9),
        "was trained with --steps 4, this run has 5; a teacher sees": replace(binning, steps=5),
        "was trained with --dt-us 1000, this run has 7; a teacher sees": replace(binning, dt_us=7),
        "was trained with --count-cap 1, this run has 2; a teacher sees": replace(binning, count_cap=2),
        "was trained with --downscale 0, this run has 1; a teacher sees": replace(binning, shift=1),
    }
    for message, other in cases.items():
        with pytest.raises(EdgeSastError, match=f"^--teacher .*/hard: {re.escape(message)}"):
            Teachers.of(config, other, classes)
    with pytest.raises(
        EdgeSastError, match=r"answers with the 3 classes a, b, c, --data has the 2 classes x, y; use a"
    ):
        Teachers.of(config, binning, ("x", "y"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"teacher_weight": 0.2},
            r"--teacher-weight is 0.2, but --method hard \(no --teacher\) does not take it",
        ),
        (
            {"teacher": "a", "teacher_weight": 0.0},
            "--teacher-weight is 0.0; it must be above 0, and at most 1",
        ),
        (
            {"teacher": "a", "teacher_weight": 1.5},
            "--teacher-weight is 1.5; it must be above 0, and at most 1",
        ),
        ({"teacher": "a", "teacher_temperature": 0.0}, "--teacher-temperature is 0.0; it must be above 0"),
    ],
)
def test_settings_that_cannot_be_are_named(given, message):
    with pytest.raises(EdgeSastError, match=message):
        TrainConfig.of("hard", data="d", arch="4c3-out", dt_us=1000, steps=4, **given)


def test_online_gradients_take_no_teacher():
    with pytest.raises(EdgeSastError, match=r"^--teacher is 'a'; it answers a whole recording, and online"):
        TrainConfig.of("ottt", data="d", arch="4c3-out", dt_us=1000, steps=4, teacher="a")


def test_older_runs_had_none():
    config = TrainConfig.of("hard", data="d", arch="4c3-out", dt_us=1000, steps=4)
    older = {name: value for name, value in vars(config).items() if not name.startswith("teacher")}
    assert TrainConfig.from_dict(older, "here") == config


def test_a_student_learns_what_only_its_teacher_knows(tmp_path, data, taught):
    """With the labels left out (weight 1) and all of them wrong."""
    wrong = Data(replace(data.train, labels=np.zeros_like(data.train.labels)), data.valid)
    config = TrainConfig.of(
        "hard",
        data="bars",
        arch="8c3p1-or2-out",
        dt_us=1000,
        steps=4,
        epochs=8,
        qat_epochs=0,
        batch_size=16,
        lr=0.01,
        augment_shift=0,
        teacher=str(taught / "integer"),
        teacher_weight=1.0,
    )
    Trainer(config, wrong, tmp_path / "run", quiet=True).run()
    student, teacher = (checkpoint.load(path).network() for path in (tmp_path / "run", taught / "integer"))
    x = torch.from_numpy(bars_counts(data))
    with torch.no_grad():
        answers = [n(x, config.spike(hard=True)).logits.argmax(1) for n in (student, teacher)]
    assert float((answers[0] == answers[1]).float().mean()) > 0.8


def bars_counts(data):
    """Counts [T, N, 2, H, W] of the part that watches."""
    from trainer.data.batches import in_order

    return next(in_order(data.valid, len(data.valid), "cpu"))[0].numpy()


@pytest.mark.parametrize("several", [False, True])
def test_teachers_are_named_on_the_command_line(tmp_path, several, capsys):
    write_lines(tmp_path / "data", {"train": 24, "test": 8})
    common = ["--data", str(tmp_path / "data"), "--dt-us", str(DT_US), "--cache-dir", str(tmp_path / "cache")]
    short = [
        "--arch",
        "6c5s2p2-or2-out",
        "--epochs",
        "1",
        "--qat-epochs",
        "0",
        "--batch-size",
        "8",
        "--quiet",
    ]

    def train(name, *more, steps=STEPS):
        return main(["train", *common, *short, "--steps", str(steps), "--out", str(tmp_path / name), *more])

    assert train("a") == train("b", "--seed", "1") == 0
    teachers = [str(tmp_path / name) for name in ("a", "b")][: 2 if several else 1]
    assert train("c", "--teacher", *teachers, "--teacher-temperature", "3") == 0
    stored = checkpoint.load(tmp_path / "c").config
    assert (stored.teachers, stored.teacher_temperature) == (tuple(teachers), 3.0)
    capsys.readouterr()
    assert train("d", "--teacher", *teachers, steps=STEPS + 1) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert f"a: was trained with --steps {STEPS}, this run has {STEPS + 1}; a teacher sees" in told
    assert not (tmp_path / "d").exists()
    assert train("d", "--teacher", str(tmp_path / "none")) == 2
    assert "none" in capsys.readouterr().err
