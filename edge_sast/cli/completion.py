"""`edge-sast completion`: what a shell reads so that Tab completes commands, options, their values and files."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from edge_sast.cli.options.checks import READ, WRITTEN
from edge_sast.errors import EdgeSastError
from edge_sast.terminal import echo

NAME = "completion"
HELP = "Print what a shell needs to complete commands, options and files with Tab. The examples say where it looks."
EXAMPLES = (
    ("edge-sast completion bash", "its place: ~/.local/share/bash-completion/completions/edge-sast"),
    ("edge-sast completion zsh", "its place: _edge-sast in a folder of $fpath"),
    ("edge-sast completion fish", "its place: ~/.config/fish/completions/edge-sast.fish"),
)
SHELLS = ("bash", "zsh", "fish")
PATHS = (*READ, WRITTEN, "DIR", "OUT")  # metavars whose values are files or folders


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help="the shell that is to complete")


def run(args: argparse.Namespace) -> int:
    echo(*script(args.shell).splitlines())
    return 0


def script(shell: str) -> str:
    """For one of SHELLS. Raises EdgeSastError where shtab, which writes it, is not installed."""
    try:
        import shtab
    except ImportError as error:
        raise EdgeSastError(
            "completion: the Python package shtab is not installed; pip install 'edge-sast[completion]'"
        ) from error
    from edge_sast.cli.main import build_parser

    parser = build_parser()
    _prepare(parser, shtab.FILE)
    return shtab.complete(parser, shell)


def _prepare(parser: argparse.ArgumentParser, file: Mapping[str, object]) -> None:
    """Lists the commands, whose parsers say in a description what they are for, and marks what names a file."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            action._choices_actions.clear()
            for name, child in list(action.choices.items()):
                if " " in name:  # two words, which no shell takes for one
                    del action.choices[name]
                    continue
                told = (child.description or "").partition(". ")[0]
                action._choices_actions.append(action._ChoicesPseudoAction(name, (), told))
                _prepare(child, file)
        elif action.metavar in PATHS:
            action.complete = file  # type: ignore[attr-defined]  # as shtab asks for it
