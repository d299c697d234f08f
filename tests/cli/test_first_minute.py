"""What a newcomer types: `edge-sast train`, `edge-sast export --bits 8` and the others, without names of files."""

import argparse
import json
import re

import pytest

from edge_sast.cli.learn import train
from edge_sast.cli.learn.train_defaults import completed
from edge_sast.cli.main import main
from edge_sast.datasets.open import open_dataset
from tests.cli.models import save_line_model
from tests.cli.recordings import SIDE, write_lines
from trainer.run import checkpoint
from trainer.run.loop import Trainer

QUICK = ["--limit", "60", "--epochs", "1", "--qat-epochs", "1", "--arch", "4c5s4p2-out", "--quiet"]
LINES = ["--epochs", "1", "--qat-epochs", "1", "--arch", "or4-out", "--augment-shift", "0", "--quiet"]
NAME = r"runs/\d{4}-\d\d-\d\d-\d{4}-"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """An empty folder to work in, and no cache."""
    home, patch = tmp_path_factory.mktemp("home"), pytest.MonkeyPatch()
    patch.chdir(home)
    patch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    yield home
    patch.undo()


@pytest.fixture(scope="module")
def run(home):
    """A run that `edge-sast train` named."""
    assert main(["train", *QUICK]) == 0
    (folder,) = (home / "runs").iterdir()
    return folder


def told(capsys, *argv):
    assert main(list(argv)) == 0
    return capsys.readouterr().out.splitlines()


def test_train_says_what_it_chose(home, run, capsys):
    line = told(capsys, "train", *QUICK)[0]
    assert re.fullmatch(
        r"training on the built-in digits, method hard, 1 \+ 1 epochs, 10 steps of 30000 µs \(as the data set itself "
        rf"says\), in {NAME}hard(-2)?; your own recordings: --data DIR, see docs/data.md",
        line,
    )
    assert len(list((home / "runs").iterdir())) == 2  # neither touched the other
    config = checkpoint.load(run).config
    assert (config.data, config.dt_us, config.steps, config.method) == ("digits", 30_000, 10, "hard")


@pytest.mark.usefixtures("run")
def test_all_others_find_it(home, capsys):
    newest = max(
        (home / "runs").iterdir(), key=lambda folder: (folder / "checkpoint.safetensors").stat().st_mtime_ns
    )
    name = newest.name
    lines = told(capsys, "export", "--bits", "8", "--limit", "20")
    assert lines[0] == f"newest run: runs/{name}"
    assert lines[-1].startswith(f"wrote build/{name} (model ")
    assert told(capsys, "evaluate", "--limit", "20")[:1] == [f"newest run: runs/{name}"]
    assert told(capsys, "inspect")[0] == f"newest model: build/{name}/model.safetensors"
    assert told(capsys, "run", "--data", "digits", "--limit", "20")[:2] == [
        f"newest model: build/{name}/model.safetensors",
        "digits test: 20 recordings, 10 classes",
    ]
    lines = told(capsys, "verify", "--on", "cortex-m")
    assert lines[0] == f"newest build: build/{name}"
    assert "every membrane, spike, counter and CRC equal" in lines[1]


@pytest.mark.usefixtures("run")
def test_a_recording_for_the_newest_model(home, capsys):
    assert main(["export", "--no-data"]) == 0
    digit = open_dataset("digits").recordings("test")[0].load()
    from edge_sast.formats.atis import write_recording_atis

    (home / "one.bin").write_bytes(write_recording_atis(digit.events))
    capsys.readouterr()
    lines = told(capsys, "run", "one.bin", "--sensor", "24x24")
    assert lines[0].startswith("newest model: build/")
    model = lines[0].removeprefix("newest model: ")
    assert told(capsys, "run", model, "one.bin", "--sensor", "24x24") == lines[1:]
    assert main(["run", "--threads", "1"]) == 2
    error = "edge-sast: give recording files or --data DATA (such as digits), one of the two\n"
    assert capsys.readouterr().err == error


@pytest.mark.usefixtures("run")
def test_what_is_named_wins(capsys):
    assert (
        main(["train", *QUICK, "--out", "mine", "--dt-us", "15000", "--steps", "3", "--data", "digits"]) == 0
    )
    assert capsys.readouterr().out == ""
    assert told(capsys, "export", "mine", "--no-data", "--bits", "4")[-1].startswith("wrote build/mine ")
    assert main(["export", "mine", "--no-data", "--target", "model"]) == 0
    assert "newest" not in "".join(told(capsys, "inspect", "build/mine.safetensors"))


@pytest.mark.usefixtures("home")
def test_a_build_folder_is_taken_for_its_model(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["export", save_line_model(tmp_path), "--out", "build/a"]) == 0
    told(capsys, "inspect")
    assert told(capsys, "inspect", "build/a") == told(capsys, "inspect", "build/a/model.safetensors")
    assert told(capsys, "export", "build/a", "--target", "verilog")[0].startswith(
        "wrote build/a-verilog (model "
    )
    assert main(["hil", "build/a", "--port", "/dev/null", "--data", "away"]) == 2
    assert "'away' does not exist" in capsys.readouterr().err
    write_lines(tmp_path / "data", {"test": 2})
    words = ["--data", "data", "--sensor", f"{SIDE}x{SIDE}", "--predictions"]
    assert (
        main(["run", "build/a", *words, "one.json"])
        == main(["run", "model.safetensors", *words, "two.json"])
        == 0
    )
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--epochs", "-1"], "--epochs is -1; it must be 0 to 1000000"),
        (["--arch", "foo", "--out", "a"], "--arch 'foo': token 'foo' is no layer; "),
        (
            ["--out", "held"],
            "--out held already holds a run; add --resume to go on, or --overwrite to start anew",
        ),
        (["--out", "file"], "--out file: is a file; name a folder"),
    ],
)
def test_what_cannot_be_trained_is_not_announced(words, error, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "held").mkdir()
    for file in ("held/checkpoint.safetensors", "file"):
        (tmp_path / file).touch()
    assert main(["train", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"edge-sast: {error}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "held"]


@pytest.mark.usefixtures("home")
def test_a_place_that_cannot_be_written_is_told_before_recordings_are_run(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "build").touch()
    assert main(["export", str(run)]) == 2
    error = f"edge-sast: --out build/{run.name}: {tmp_path}/build cannot be written; choose another folder\n"
    assert capsys.readouterr() == ("", error)


def test_resume_goes_on_in_the_newest_unfinished_run(home, monkeypatch, capsys):
    monkeypatch.chdir(home / ".cache")
    assert main(["train", *QUICK, "--resume"]) == 2
    assert "runs/ here holds no unfinished run" in capsys.readouterr().err
    whole = Trainer._run_epoch

    def interrupted(self, epoch):
        if epoch == 1:
            raise KeyboardInterrupt
        return whole(self, epoch)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_run_epoch", interrupted)
        assert main(["train", *QUICK]) == 130
    (folder,) = (home / ".cache" / "runs").iterdir()
    capsys.readouterr()
    assert main(["export", "--no-data"]) == 2
    assert f"runs/{folder.name} is at epoch 1 of 2" in capsys.readouterr().err
    assert main(["train", *QUICK, "--resume", "--lr", "0.1"]) == 2
    assert "--resume: --lr is 0.1, the checkpoint in runs/" in capsys.readouterr().err
    assert told(capsys, "train", "--resume")[0] == f"going on with runs/{folder.name}"
    assert checkpoint.load(folder).epoch == 2
    assert len(list((home / ".cache" / "runs").iterdir())) == 1


@pytest.mark.usefixtures("home")
def test_own_data_with_a_dataset_toml(tmp_path, monkeypatch, capsys):
    data = write_lines(tmp_path / "data", {"train": 4, "valid": 2})
    (data / "dataset.toml").write_text('dt_us = 2000\nsteps = 2\nsensor = "40x36"')
    monkeypatch.chdir(tmp_path)
    line = told(capsys, "train", "--data", "data", *LINES)[0]
    assert re.fullmatch(
        rf"training on data, 2 steps of 2000 µs \(as the data set itself says\), in {NAME}sast", line
    )
    grid = checkpoint.load(next((tmp_path / "runs").iterdir())).binning
    assert (grid.dt_us, grid.steps, grid.sensor_width, grid.sensor_height) == (2000, 2, 40, 36)
    assert told(capsys, "data", "info", "data")[0].endswith(
        "sensor 40x36; of itself it says dt_us 2000, steps 2"
    )
    (data / "dataset.toml").write_text("dt = 2000")
    assert main(["train", "--data", "data", *LINES]) == 2
    error = "edge-sast: data/dataset.toml: key 'dt' is unknown; it may hold dt_us, steps, sensor, parts\n"
    assert capsys.readouterr().err == error
    assert len(list((tmp_path / "runs").iterdir())) == 1


def test_own_data_is_measured(tmp_path, monkeypatch, capsys):
    write_lines(tmp_path / "data", {"train": 4, "valid": 2})
    monkeypatch.chdir(tmp_path)
    assert main(["train", "--data", "data", "--steps", "4", "--out", "a", *LINES, "--json", "f.json"]) == 0
    line = capsys.readouterr().out.splitlines()[0]
    assert re.fullmatch(
        r"training on data, 4 steps of 1000 µs \(as 95 % of 12 recordings end within 4\.0 ms\)", line
    )
    assert json.loads((tmp_path / "f.json").read_text())["epoch"] == 2
    assert not (tmp_path / "runs").exists()


def test_workers_are_told_what_was_chosen(tmp_path, monkeypatch, capsys):
    write_lines(tmp_path / "data", {"train": 4, "valid": 2})
    monkeypatch.chdir(tmp_path)
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    with completed(parser.parse_args(["--data", "data", "--steps", "2"]), alone=True) as chosen:
        (folder,) = (tmp_path / "runs").iterdir()
        assert chosen.argv == ["--dt-us=2000", f"--out=runs/{folder.name}"]
    assert not (tmp_path / "runs").exists()
    capsys.readouterr()
    for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, "2")
    assert main(["train", "--data", "data", "--steps", "2"]) == 2
    error = (
        "edge-sast: --dt-us, --out: missing; workers that were started one by one must all be told the same\n"
    )
    assert capsys.readouterr().err == error
