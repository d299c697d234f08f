"""The options of `edge-sast train` against the settings they become."""

import argparse
import json
from dataclasses import MISSING, fields

import pytest

from edge_sast.cli.learn import train
from edge_sast.cli.learn.train_defaults import RECIPE, completed
from edge_sast.cli.main import main
from edge_sast.cli.options.settings import training_config
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
