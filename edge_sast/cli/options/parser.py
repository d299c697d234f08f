"""The parser of every command: how help looks, one line for each error, and options that have a new name.

Help reads the same everywhere: a short usage line, a text for each option that makes sense by itself, a default always
as "(default: X)", and examples at the end that can be typed as they stand.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from edge_sast.terminal import one_line

Examples = Sequence[tuple[str, str]]  # a command line, and what it does

_OPTIONS = argparse.Action([], "options", nargs="*", metavar="OPTION")  # stands for them in a usage line


class Formatter(argparse.HelpFormatter):
    """Adds defaults that tell something, and keeps the lines of a text that begin with a space."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        telling = action.default not in (None, False, argparse.SUPPRESS, "", []) and action.option_strings
        text = action.help or ""
        return f"{text} (default: %(default)s)" if telling and "(default: " not in text else action.help

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines = text.splitlines()
        return "\n".join(
            indent + line
            if line.startswith(" ") or not line
            else textwrap.fill(line, width, initial_indent=indent)
            for line in lines
        )


class Parser(argparse.ArgumentParser):
    """One command. usual: the options, by dest, that --help shows, where --help-all shows all of them; None: all."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", Formatter)
        super().__init__(**options)
        self._positionals.title = "arguments"
        self.usual: frozenset[str] | None = None

    def show_usual(self, names: Iterable[str]) -> None:
        """From here on --help shows these options only, and --help-all every one."""
        self.usual = frozenset(names) | {"help", "help_all"}
        self.add_argument("--help-all", action=_HelpAll, help="show every option and exit")

    def format_help(self, everything: bool = False) -> str:
        """As argparse's, with a short usage line, and without options that are not usual."""
        formatter = self._get_formatter()
        needed = [action for action in self._actions if action.required and action.option_strings]
        shown = [_OPTIONS, *needed, *(action for action in self._actions if not action.option_strings)]
        formatter.add_usage(self.usage, shown, [])
        formatter.add_text(self.description)
        for group in self._action_groups:
            actions = [a for a in group._group_actions if self._is_shown(a, everything)]
            if actions:
                formatter.start_section(group.title)
                formatter.add_text(group.description)
                formatter.add_arguments(actions)
                formatter.end_section()
        formatter.add_text(self.epilog)
        return formatter.format_help()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse's, but words left over are an error of the command they were given to, which has the help."""
        found, rest = super().parse_known_args(args, namespace)
        if rest:
            self.error(f"unrecognized arguments: {' '.join(rest)}")
        return found, rest

    def error(self, message: str) -> NoReturn:
        """In one line, without the usage in front."""
        self.exit(2, f"{self.prog}: {one_line(message)}; see '{self.prog} --help'\n")

    def _is_shown(self, action: argparse.Action, everything: bool) -> bool:
        if isinstance(action, argparse._SubParsersAction):
            return bool(action._choices_actions)  # else the description lists them
        usual = everything or self.usual is None or action.dest in self.usual
        return usual and action.help is not argparse.SUPPRESS


class _HelpAll(argparse.Action):
    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        assert isinstance(parser, Parser)
        parser._print_message(parser.format_help(everything=True), sys.stdout)
        parser.exit()


class _Renamed(argparse.Action):
    def __init__(self, option_strings: Sequence[str], dest: str, now: str) -> None:
        super().__init__(option_strings, dest, nargs="?", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        self.now = now

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        parser.error(f"{self.option_strings[0]} is now {self.now}")


def add_renamed(parser: argparse._ActionsContainer, old: str, now: str) -> None:
    """An option's earlier spelling: refused with one line that names the new one, and never shown."""
    parser.add_argument(old, action=_Renamed, now=now)


def add_command(
    commands: argparse._SubParsersAction, name: str, text: str, examples: Examples, listed: bool = True
) -> Any:
    """A command of its own parser. text: sentences, of which a list of commands shows the first (if listed)."""
    options: dict[str, Any] = {"help": first_sentence(text)} if listed else {}
    return commands.add_parser(name, description=text, epilog=example_text(examples), **options)


def first_sentence(text: str) -> str:
    return text.partition(". ")[0].removesuffix(".")


def example_text(examples: Examples) -> str:
    """The end of a command's help."""
    lines = [f"  # {what}\n  {command}" if what else f"  {command}" for command, what in examples]
    return "\n".join([f"example{'s' * (len(examples) > 1)}:", *lines])


def add_toolchain_argument(parser: argparse._ActionsContainer) -> None:
    """--toolchain, with the same rule wherever C is compiled for another core."""
    parser.add_argument(
        "--toolchain",
        metavar="{gcc,zig}",
        help="compiler for a core that is not this computer's (default: gcc where the core's is installed, else zig)",
    )
