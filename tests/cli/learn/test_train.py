"""The options of `edge-sast train` against the settings they become."""

import argparse
from dataclasses import MISSING, fields

import pytest

from edge_sast.cli.learn import train
from edge_sast.cli.options.settings import training_config
from trainer.settings.config import TrainConfig


def parse(*argv):
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    return parser.parse_args(["--data", "x", "--dt-us", "1", "--steps", "1", "--out", "y", *argv])


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


def test_methods_are_listed_for_people(capsys):
    with pytest.raises(SystemExit) as stop:
        parse("--methods")
    assert stop.value.code == 0
    told = capsys.readouterr().out
    assert "fixed: --forward hard, --sharpness none, --surrogate asymmetric, --width consistent" in told
