"""The options of `edge-sast train` against the settings they become."""

import argparse
from dataclasses import MISSING, fields

from edge_sast.cli import train
from trainer.config import DEFAULT_RHO, TrainConfig


def parse(*argv):
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    return parser.parse_args(["--data", "x", "--dt-us", "1", "--steps", "1", "--out", "y", *argv])


def test_defaults_of_the_command_line_are_those_of_the_settings():
    given = vars(parse())
    for field in fields(TrainConfig):
        if field.default is not MISSING and field.name != "rho":
            assert given[field.name] == field.default, field.name


def test_rho_defaults_by_method():
    assert parse().rho is None  # the method decides
    assert DEFAULT_RHO[TrainConfig("x", "tiny", 1, 1).method] == TrainConfig("x", "tiny", 1, 1).rho
