"""The options of `edge-sast train` against the settings they become."""

import argparse
import json
from dataclasses import MISSING, fields

import pytest

from edge_sast.cli.learn import train
from edge_sast.cli.learn.train_defaults import RECIPE, completed
from edge_sast.cli.main import main
from edge_sast.cli.options.settings import training_config
from edge_sast.errors import EdgeSastError
from edge_sast.model.modelfile import load
from tests.cli.recordings import DT_US, STEPS, write_lines
from tests.schemas import check_file
from trainer.settings.config import TrainConfig


def parse(*argv):
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    args = parser.parse_args(["--data", "x", "--dt-us", "1", "--steps", "1", "--out", "y", *argv])
    with completed(args, alone=True):
        return args


def test_defaults_of_the_command_line_are_those_of_the_settings():
    """None leaves a setting to the method."""
    given = vars(parse())
    for field in fields(TrainConfig):
        if field.default is not MISSING and field.name != "method":
            assert given[field.name] in (field.default, None), field.name


def test_a_method_alone_completes_the_settings():
    config = training_config(parse("--method", "sast"))
    assert (config.forward, config.sharpness, config.rho, config.rho_warmup) == ("smooth", "sam", 0.1, 2)
    assert training_config(parse()) == config


@pytest.mark.parametrize("given", [{}, {"epochs": 12}, {"method": "sast", "lr": 0.5}])
def test_without_a_data_set_the_settings_are_the_digits(given, monkeypatch, tmp_path):
    """But for those that are given, though it be as they are by default."""
    monkeypatch.chdir(tmp_path)
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    args = parser.parse_args([f"--{name}={value}" for name, value in given.items()])
    with completed(args, alone=True) as chosen:
        assert {name: getattr(args, name) for name in RECIPE} == RECIPE | given
        again = parser.parse_args(chosen.argv + [f"--{name}={value}" for name, value in given.items()])
        with completed(again, alone=True) as nothing:
            assert nothing.argv == []
            assert training_config(again) == training_config(args)


def test_methods_are_listed_for_people(capsys):
    with pytest.raises(SystemExit) as stop:
        parse("--methods")
    assert stop.value.code == 0
    told = capsys.readouterr().out
    assert "fixed: --forward hard, --sharpness none, --surrogate asymmetric, --width consistent" in told


def test_an_instructions_target_is_told_in_figures(tmp_path):
    write_lines(tmp_path / "data", {"train": 8})
    command = ["train", "--data", str(tmp_path / "data"), "--dt-us", str(DT_US), "--steps", str(STEPS)]
    command += [
        "--arch",
        "4c5s2p2-or2-out",
        "--method",
        "hard",
        "--epochs",
        "1",
        "--qat-epochs",
        "0",
        "--quiet",
    ]
    command += ["--instructions-target", "4000000", "--out", str(tmp_path / "run"), "--threads", "1"]
    assert main([*command, "--json", str(tmp_path / "figures.json")]) == 0
    check_file(tmp_path / "figures.json")
    told = json.loads((tmp_path / "figures.json").read_text("utf-8"))
    assert told["train_instructions"] > 0
    assert told["valid_instructions"] > 0
    assert told["instructions_multiplier"] >= 0
    assert "train_synops" not in told
    # Going on from it, without the target, makes a run that counts none.
    command = ["train", "--from", str(tmp_path / "run"), "--epochs", "0", "--qat-epochs", "1", "--quiet"]
    command += ["--out", str(tmp_path / "next"), "--threads", "1", "--json", str(tmp_path / "next.json")]
    assert main(command) == 0
    check_file(tmp_path / "next.json")
    assert "train_instructions" not in json.loads((tmp_path / "next.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([], "evidence"),
        (["--method", "hard"], "evidence"),
        (["--loss", "last"], "last"),
        (["--method", "ottt"], "tet"),
    ],
)
def test_a_run_goes_on_by_the_loss_that_it_learnt_by(given, wanted, tmp_path):
    write_lines(tmp_path / "data", {"train": 4})
    common = ["--arch", "or4-out", "--quiet", "--threads", "1", "--epochs", "1", "--qat-epochs", "0"]
    data = ["--data", str(tmp_path / "data"), "--dt-us", str(DT_US), "--steps", str(STEPS)]
    first = str(tmp_path / "a")
    assert main(["train", *data, "--method", "hard", "--loss", "evidence", *common, "--out", first]) == 0
    assert main(["train", "--from", first, *common[2:], *given, "--out", str(tmp_path / "b")]) == 0
    assert json.loads((tmp_path / "b" / "config.json").read_text("utf-8"))["loss"] == wanted


def test_channels_are_removed_from_a_run_and_from_its_c(tmp_path, capsys):
    """Nothing of what is removed is left: the run, its model, and the C, which computes what the runtime does."""
    write_lines(tmp_path / "data", {"train": 8})
    first, second, build = (str(tmp_path / name) for name in ("a", "b", "build"))
    command = ["train", "--data", str(tmp_path / "data"), "--dt-us", str(DT_US), "--steps", str(STEPS)]
    command += [
        "--arch",
        "8c5s4p2-or2-8c3p1-fc8-out",
        "--method",
        "hard",
        "--epochs",
        "1",
        "--qat-epochs",
        "0",
    ]
    assert main([*command, "--threads", "1", "--quiet", "--out", first]) == 0
    capsys.readouterr()
    command = ["train", "--from", first, "--epochs", "1", "--qat-epochs", "0", "--prune-channels", "0.5"]
    command += ["--method", "hard", "--threads", "1", "--quiet", "--out", second]
    assert main(command) == 0
    told = capsys.readouterr().out
    arch = "4c5s4p2-or2-4c3p1-fc4-out"
    assert f"--prune-channels 0.5: 8c5s4p2-or2-8c3p1-fc8-out becomes {arch}" in told
    assert "layer 1 (8c5s4p2): 4 of 8 channels stay; removed: " in told
    assert "channels stay: it answers" in told
    config = json.loads((tmp_path / "b" / "config.json").read_text("utf-8"))
    assert config["arch"] == arch
    assert main([*command, "--resume"]) == 0  # the channels that were chosen when it began
    assert main(["export", second, "--bits", "8", "--no-data", "--out", build]) == 0
    model = load(f"{build}/model.safetensors")
    assert [model.shapes()[i + 1].channels for i, _ in model.weighted()][:2] == [4, 4]
    assert main(["verify", build]) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--prune-channels", "1"], "--prune-channels is 1.0; it must be above 0 and below 1"),
        (["--prune-channels", "nan"], "--prune-channels is nan; it must be above 0 and below 1"),
        (
            ["--prune-channels", "0.5"],
            "--prune-channels has an effect only beside --from RUN: channels are chosen of a network that was trained; "
            "add that one",
        ),
        (
            ["--prune-channels", "0.5", "--from", "r", "--arch", "tiny"],
            "--prune-channels makes the layers of --from smaller, and --arch tiny says them; give one of them",
        ),
        (
            ["--prune-channels", "0.5", "--from", "r", "--flash-target", "4K"],
            "--prune-channels and --flash-target both choose before the finish; give one, and the other in a run after "
            "it",
        ),
        (
            ["--prune-channels", "0.5", "--from", "r", "--workers", "2"],
            "--prune-channels: several workers would each choose; use --workers 1, and --workers in a run after it",
        ),
    ],
)
def test_what_does_not_go_with_fewer_channels(options, message):
    with pytest.raises(EdgeSastError) as error:
        parse(*options)
    assert str(error.value) == message
