"""What --help says: the same notation everywhere, texts that make sense by themselves, examples that can be typed."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator

import pytest

from edge_sast.cli.main import GROUPS, SUBCOMMANDS, build_parser, main, parse
from edge_sast.cli.options.parser import Parser

METAVARS = {
    *("N", "X", "S", "K", "BITS", "BYTES", "LAYERS", "NAME", "NAME,NAME", "WHAT", "KIND", "WxH", "TARGET"),
    *(
        "DATA",
        "DIR",
        "FILE",
        "RUN",
        "MODEL",
        "BUILD",
        "SOURCE",
        "NIR",
        "URL",
        "PORT",
        "HOST:PORT",
        "tcp:PORT|pty",
    ),
    *(
        "LAYER[,LAYER...]",
        "OPTION=V,V",
        "OPTION=LOW:HIGH",
        "COMMAND",
        "ACTION",
        "OUT",
        "LIST",
        "CSV",
        "SUFFIX",
        "NAME@FREQUENCY",
        "FLAGS",
    ),
}
HALF = re.compile(r"(its|their|of|the same|which|that|those|and|else|with|in|on|as) ")


def walk(parser: Parser) -> Iterator[Parser]:
    """Every parser below this one."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield child
                yield from walk(child)


COMMANDS = {child.prog: child for child in walk(build_parser())}


def options(parser: Parser) -> list[argparse.Action]:
    usual = (argparse._HelpAction, argparse._SubParsersAction)
    shown = [a for a in parser._actions if a.help is not argparse.SUPPRESS]
    return [action for action in shown if not isinstance(action, usual)]


def shown_name(action: argparse.Action) -> str:
    return action.option_strings[0] if action.option_strings else str(action.metavar)


def test_every_command_is_walked():
    assert {f"edge-sast {name}" for name in SUBCOMMANDS} < set(COMMANDS)
    assert {
        "edge-sast board list",
        "edge-sast board build",
        "edge-sast board run",
        "edge-sast data info",
    } < set(COMMANDS)


@pytest.mark.parametrize("prog", COMMANDS)
def test_every_option_explains_itself(prog):
    for action in options(COMMANDS[prog]):
        text, name = action.help or "", (prog, shown_name(action))
        assert re.match(r"[a-z]|CPU|SAM", text), (name, text)
        assert not HALF.match(text), (name, text)
        assert not text.endswith("."), (name, text)
        assert len(text.split()) >= 3, (name, text)


@pytest.mark.parametrize("prog", COMMANDS)
def test_defaults_have_one_notation(prog):
    parser = COMMANDS[prog]
    for action in options(parser):
        shown = parser._get_formatter()._expand_help(action)
        without = re.sub(r" \(default: [^()]+\)$", "", shown)
        assert shown.count("(default: ") <= 1, (prog, shown)
        assert "sets the defaults of" in without or "default" not in without, (prog, shown)
        assert not re.search(r"\([\d. ]+\)$", without), (prog, shown)


@pytest.mark.parametrize("prog", COMMANDS)
def test_values_have_names_of_one_list(prog):
    for action in options(COMMANDS[prog]):
        takes_value = action.nargs != 0 and not (action.choices and action.metavar is None)
        if takes_value:
            given = str(action.metavar)
            assert given in METAVARS or re.fullmatch(r"\{[a-z,]+\}", given), (prog, shown_name(action), given)


@pytest.mark.parametrize("prog", COMMANDS)
def test_every_command_says_what_it_does_and_how(prog):
    parser = COMMANDS[prog]
    assert re.fullmatch(r"[A-Z].*\.", parser.description or "", re.DOTALL)
    lines = [line for line in (parser.epilog or "").splitlines() if line.startswith("  edge-sast ")]
    assert lines
    for line in lines:
        words = shlex.split(line)
        assert line.startswith(f"  {prog}"), line
        if "--methods" not in words and "--help" not in words:  # which say something and end
            parse(words[1:])


def test_examples_of_the_whole_program():
    lines = [line for line in build_parser().format_help().splitlines() if line.startswith("  edge-sast ")]
    assert len(lines) == 3
    for line in lines:
        words = shlex.split(line)[1:]
        if "--help" not in words:
            parse(words)


def test_commands_stand_in_groups(capsys):
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert (
        re.findall(r"^(\w+):$", text, re.MULTILINE)[:5]
        == list(GROUPS)
        == ["learn", "model", "device", "data", "help"]
    )
    for names in GROUPS.values():
        for name in names:
            assert re.search(rf"^  {name} +[A-Z]", text, re.MULTILINE), name


def shown_options(text: str) -> list[str]:
    return re.findall(r"^  (?:-h, )?(--[\w-]+)", text, re.MULTILINE)


def test_train_shows_what_is_usual_and_the_rest_where_asked(capsys):
    assert main(["train", "--help"]) == 0
    usual = shown_options(capsys.readouterr().out)
    assert main(["train", "--help-all"]) == 0
    everything = shown_options(capsys.readouterr().out)
    assert usual[:2] == ["--help", "--help-all"]
    assert len(usual) - 2 == 15
    assert set(usual) < set(everything)
    assert set(everything) == {shown_name(a) for a in options(COMMANDS["edge-sast train"])} | {"--help"}


def test_a_search_in_the_help_explains(capsys):
    assert main(["train", "--help"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "--rho" in line]
    assert len(lines) == 1
    assert "radius of the sharpness-aware weight perturbation" in lines[0]


def test_a_sweep_shows_its_own_options(capsys):
    assert main(["sweep", "--help"]) == 0
    text = capsys.readouterr().out
    assert "(plus any option of 'edge-sast train')" in text
    assert "--grid" in shown_options(text)
    assert "--dt-us" not in shown_options(text)
    assert main(["sweep", "--help-all"]) == 0
    assert "--dt-us" in shown_options(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("run MODEL FILE --trace 0", "edge-sast run: --trace is now --record; see 'edge-sast run --help'"),
        ("run MODEL FILE --trace=0", "edge-sast run: --trace is now --record; see 'edge-sast run --help'"),
        (
            "run MODEL FILE --trace-out x",
            "edge-sast run: --trace-out is now --record-out; see 'edge-sast run --help'",
        ),
        ("hil MODEL --trace x", "edge-sast hil: --trace is now --wire-log; see 'edge-sast hil --help'"),
        ("hil --list", "edge-sast hil: --list is now 'edge-sast hil ports'; see 'edge-sast hil --help'"),
    ],
)
def test_an_earlier_spelling_names_the_new_one(words, told, capsys):
    assert main(words.split()) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"{told}\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("train --bogus", "edge-sast train: unrecognized arguments: --bogus; see 'edge-sast train --help'"),
        (
            "board list x",
            "edge-sast board list: unrecognized arguments: x; see 'edge-sast board list --help'",
        ),
        ("--bogus train", "edge-sast: unrecognized arguments: --bogus; see 'edge-sast --help'"),
    ],
)
def test_an_unknown_word_leads_to_the_help_of_its_command(words, told, capsys):
    assert main(words.split()) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"{told}\n")
