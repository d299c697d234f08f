"""`edge-sast data`: look at recordings, and change their form, before anything is trained on them."""

from __future__ import annotations

import argparse

from edge_sast.cli.data import convert, cut, denoise, info, view
from edge_sast.cli.options.parser import add_command

NAME = "data"
HELP = "Look at event recordings and check, convert, cut, show and filter them."
EXAMPLES = (
    ("edge-sast data info DIR", "classes, durations and events of a folder"),
    ("edge-sast data convert camera.raw camera.npz", "any event file into another form"),
)
COMMANDS = (info, convert, cut, view, denoise)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands of `data`."""
    commands = parser.add_subparsers(dest="data_command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        child = add_command(commands, command.NAME, command.HELP, command.EXAMPLES)
        command.add_arguments(child)
        child.set_defaults(run_data=command.run)


def run(args: argparse.Namespace) -> int:
    """Run the chosen subcommand of `data`."""
    from edge_sast.signals import kill_interrupts

    with kill_interrupts():  # a long file that is being written leaves nothing behind
        return args.run_data(args)
