"""The head of every command's figures says which command line gave them."""

import json
import shlex

import pytest

from edge_sast.cli.main import main, parse
from edge_sast.cli.options.figures import command_of, line_of


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("inspect m", "inspect"),
        ("hil ports", "hil ports"),
        ("board list", "board list"),
        ("fpga report f", "fpga report"),
        ("data info d", "data info"),
    ],
)
def test_the_command_is_its_words(words, command):
    assert command_of(parse(words.split())) == command


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("run m x.bin --json a.json --crc c", "edge-sast run m x.bin --crc c"),
        ("run m x.bin --json=a.json --json-steps", "edge-sast run m x.bin --json-steps"),
        ("run 'my model' x.bin", "edge-sast run 'my model' x.bin"),
    ],
)
def test_the_line_can_be_typed_again(words, line):
    assert line_of(parse(shlex.split(words)).argv) == line


def test_a_command_writes_both(tmp_path):
    path = tmp_path / "boards.json"
    assert main(["board", "list", "--json", str(path)]) == 0
    found = json.loads(path.read_text())
    head = {
        "format": "edge-sast-figures",
        "version": 1,
        "command": "board list",
        "line": "edge-sast board list",
    }
    assert {name: found[name] for name in head} == head
    assert list(found) == [*head, "boards"]
