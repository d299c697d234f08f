"""Two processes take the steps that one would, go on from a checkpoint, and end together."""

import json
import subprocess
import sys
import threading
import time
from unittest.mock import patch

import pytest
import safetensors.torch
import torch

from edge_sast.cli.main import main
from edge_sast.errors import EdgeSastError
from tests.cli.recordings import DT_US, STEPS, write_lines
from tests.trainer import parallel_cases
from tests.trainer.run.test_loop import assert_same, lines
from trainer.data.batches import TrainingBatches
from trainer.run import checkpoint
from trainer.run.loop import Trainer
from trainer.workers import processes
from trainer.workers.workers import ALONE, Workers

LIMIT = 120  # seconds until workers count as hung; they take a few
MODULE = [sys.executable, "-m", "tests.trainer.parallel_cases"]


@pytest.fixture(scope="module")
def data():
    return parallel_cases.recordings()


@pytest.fixture(scope="module")
def alone(tmp_path_factory, data):
    """What one process makes of the cases."""
    folder = tmp_path_factory.mktemp("alone")
    trainers = {
        name: Trainer(config, data, folder / name, quiet=True) for name, config in parallel_cases.SAME.items()
    }
    for trainer in trainers.values():
        trainer.run()
    return trainers


@pytest.fixture(scope="module")
def folder(tmp_path_factory, alone):  # noqa: ARG001 (after it: kernels are compiled once, not by each worker)
    """What two workers left behind of all cases."""
    folder = tmp_path_factory.mktemp("cases")
    assert launched([*MODULE, "cases", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def lines_on_disk(tmp_path_factory):
    return write_lines(tmp_path_factory.mktemp("lines") / "data", {"train": 12, "valid": 4})


def launched(command):
    """processes.launch of two workers, which are killed where they hang."""
    started = []

    def start(*arguments, **named):
        started.append(subprocess.Popen(*arguments, **named))
        return started[-1]

    hung = threading.Timer(LIMIT, lambda: [worker.kill() for worker in started])
    hung.start()
    before = time.monotonic()
    try:
        with patch.object(processes, "Popen", start):
            return processes.launch(2, command)
    finally:
        hung.cancel()
        assert time.monotonic() - before < LIMIT, "the workers hung"
        assert all(worker.returncode is not None for worker in started)


@pytest.mark.parametrize("name", parallel_cases.SAME)
def test_two_workers_train_as_one(folder, alone, name):
    trainer, stored = alone[name], checkpoint.load(folder / name)
    own, shared = trainer.network.state_dict(), stored.network().state_dict()
    for key, value in own.items():
        torch.testing.assert_close(
            shared[key], value, rtol=1e-4, atol=2e-5, msg=lambda m, key=key: f"{key}: {m}"
        )
    torch.testing.assert_close(stored.extra()["synops_multiplier"], trainer.penalty.multiplier)
    for own_line, line in zip(lines(trainer.folder), lines(folder / name), strict=True):
        assert {k: v for k, v in line.items() if isinstance(v, str)} == {
            k: v for k, v in own_line.items() if isinstance(v, str)
        }
        for key in line.keys() | own_line.keys():
            if not isinstance(line[key], str):
                assert line[key] == pytest.approx(own_line[key], rel=1e-4, abs=1e-4), key


def test_epsilon_is_that_of_the_whole_batch(folder, data, tmp_path):
    whole = parallel_cases.ascent(data, tmp_path, ALONE)
    for rank in range(2):
        found = safetensors.torch.load_file(folder / f"ascent-{rank}.safetensors")
        assert found.keys() == whole.keys()
        for name, value in whole.items():
            torch.testing.assert_close(found[name], value, rtol=1e-4, atol=2e-6)
    size = torch.cat([v.flatten() for name, v in whole.items() if name.startswith("epsilon")]).norm()
    assert float(size) == pytest.approx(0.1, rel=1e-4)


@pytest.mark.parametrize("name", parallel_cases.OWN)
def test_what_each_worker_draws_keeps_them_alike(folder, name):
    assert checkpoint.load(folder / name).epoch == 2  # each epoch ends with a comparison of all parameters
    assert len(lines(folder / name)) == 2


def test_two_workers_resume_in_the_same_bits(folder):
    whole, parts = checkpoint.load(folder / "whole"), checkpoint.load(folder / "parts")
    assert whole.epoch == parts.epoch == 3
    assert_same(whole.tensors, parts.tensors)
    assert lines(folder / "whole") == lines(folder / "parts")


def test_training_imports_no_compiler(folder):
    """It would take longer than all else that a short training does before its first step."""
    assert [(folder / f"compiler-{rank}").read_text() for rank in range(2)] == ["", ""]


def test_workers_of_different_settings_are_refused(folder):
    for rank in range(2):
        assert (folder / f"refused-{rank}").read_text() == (
            "training: worker 1 started with other settings, recordings or parameters than worker 0; start all with "
            "the same command, files and versions"
        )
    assert not (folder / "other").exists()


def test_parts_make_up_the_batches_of_one(data, tmp_path):
    trainer = Trainer(parallel_cases.SAME["sast"], data, tmp_path)
    whole = trainer._batches(0, 0, ALONE)
    parts = [
        TrainingBatches(data.train, whole.augmentation, whole.size, (0, 0, 0), "cpu", Workers(rank, 4))
        for rank in range(4)
    ]
    for (x, labels), *shares in zip(whole, *parts, strict=True):
        assert torch.equal(torch.cat([share[0] for share in shares], 1), x)
        assert torch.equal(torch.cat([share[1] for share in shares]), labels)


@pytest.mark.parametrize(
    ("size", "count", "message"),
    [
        (
            32,
            3,
            r"^--batch-size is 32, which 3 workers cannot share evenly; choose a multiple of 3 up to 96$",
        ),
        (
            100,
            5,
            r"^--batch-size is 100, cut to the 96 recordings there are, which 5 workers cannot share evenly; choose a "
            r"multiple of 5 up to 96$",
        ),
    ],
)
def test_a_batch_that_does_not_split_is_refused(data, tmp_path, size, count, message):
    settings = parallel_cases.config("hard", batch_size=size)
    with pytest.raises(EdgeSastError, match=message):
        Trainer(settings, data, tmp_path, workers=Workers(1, count))


def command(data, folder, *more):
    run = ["--dt-us", str(DT_US), "--steps", str(STEPS), "--arch", "4c5s2p2-or2-out", "--qat-epochs", "0"]
    cache = ["--cache-dir", str(data.parent / "cache"), "--quiet", "--batch-size", "8", "--epochs", "2"]
    return ["train", "--data", str(data), "--out", str(folder), *run, *cache, *more]


@pytest.mark.parametrize(
    ("how", "code", "message"),
    [
        ("fail", 2, "edge-sast: training: a mistake of worker 1; mend it\n"),
        ("kill", 2, "edge-sast: training: worker 0 of 2 lost the others ("),
        (
            "diverge",
            1,
            "edge-sast: training: after epoch 1 worker 1 no longer holds the parameters of worker 0 (",
        ),
        ("interrupt", 130, "edge-sast: interrupted; /"),
    ],
)
def test_workers_end_together_with_one_line(lines_on_disk, tmp_path, capfd, how, code, message):
    assert launched([*MODULE, how, *command(lines_on_disk, tmp_path / "run")]) == code
    told = capfd.readouterr().err
    assert told.startswith(message)
    assert told.count("\n") == 1
    assert checkpoint.load(tmp_path / "run").epoch == 0
    assert lines(tmp_path / "run") == []


def test_workers_killed_with_nobody_left_to_say_so(capfd):
    script = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    with pytest.raises(EdgeSastError, match=r"^training: worker 0 was ended by signal 9; a checkpoint"):
        launched([sys.executable, "-c", script])
    assert capfd.readouterr().err == ""


def test_the_command_starts_workers(lines_on_disk, tmp_path, capfd, monkeypatch):
    figures = tmp_path / "figures.json"
    arguments = command(lines_on_disk, tmp_path / "run", "--workers", "2", "--json", str(figures))
    assert main(arguments) == 0
    assert json.loads(figures.read_text())["epoch"] == 2
    assert checkpoint.load(tmp_path / "run").epoch == 2
    monkeypatch.delattr(processes, "Popen")  # told before workers start
    assert main(arguments) == 2
    told = capfd.readouterr()
    assert told.err.endswith("already holds a run; add --resume to go on, or --overwrite to start anew\n")
    assert told.err.count("\n") == 1


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--workers", "0"), "--workers is 0; it must be 1 to 1024"),
        (("--workers", "2", "--lr", "0"), "--lr is 0.0; it must be above 0, and at most 1e+06"),
    ],
)
def test_mistakes_are_told_before_workers_start(lines_on_disk, tmp_path, capfd, more, message):
    assert main(command(lines_on_disk, tmp_path, *more)) == 2
    assert capfd.readouterr().err == f"edge-sast: {message}\n"


def test_another_number_of_workers_than_torchrun_started_is_refused(monkeypatch):
    for name in processes.SET_BY_LAUNCHER:
        monkeypatch.setenv(name, "4")
    with pytest.raises(
        EdgeSastError, match=r"^--workers is 2, but 4 workers were started; leave it out under"
    ):
        processes.check_count(2)
    processes.check_count(4)
    processes.check_count(1)
