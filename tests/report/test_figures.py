"""What --json writes: the head, and who is let in as a reader's input."""

import json
import re

import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.report.figures import read_document, write_document

HEAD = {
    "format": "edge-sast-figures",
    "version": 1,
    "command": "board build",
    "line": "edge-sast board build b",
}


def test_the_head_comes_first_and_is_its_own(tmp_path):
    path = tmp_path / "f.json"
    write_document(str(path), HEAD["command"], HEAD["line"], {"ram": 3, "format": "edge-sast-bitstream"})
    assert list(json.loads(path.read_text()).items()) == [*HEAD.items(), ("ram", 3)]
    found = read_document(path)
    assert (found.path, found.command, found.line) == (str(path), "board build", "edge-sast board build b")
    assert found.values == {"ram": 3}


def test_no_path_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_document(None, "run", "edge-sast run", {"a": float("nan")})
    assert list(tmp_path.iterdir()) == []


USUAL = "give a file that a command of this edge-sast wrote with --json"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "{",
            f"is not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1)); {USUAL}",
        ),
        ('{"a": NaN}', f"is not JSON (NaN is no number of JSON); {USUAL}"),
        ("[" * 100_000, "is not JSON ("),
        ("[1]", f"format is missing, not 'edge-sast-figures'; {USUAL}"),
        ('{"accuracy": 1}', f"format is None, not 'edge-sast-figures'; {USUAL}"),
        (
            json.dumps({**HEAD, "format": "another"}),
            "format is 'another', not 'edge-sast-figures'",
        ),
        (json.dumps({**HEAD, "version": 2}), "version is 2; this edge-sast reads 1: write it again"),
        (json.dumps({**HEAD, "version": None}), "version is None; this edge-sast reads 1: write it again"),
        (json.dumps({**HEAD, "command": 3}), f"command is 3, no text; {USUAL}"),
        (json.dumps({**HEAD, "line": []}), f"line is [], no text; {USUAL}"),
    ],
)
def test_what_is_no_figures_is_one_line(text, said, tmp_path):
    path = tmp_path / "f.json"
    path.write_text(text)
    with pytest.raises(EdgeSastError, match=f"^{re.escape(f'{path}: {said}')}"):
        read_document(path)


def test_another_commands_figures_are_named(tmp_path):
    path = tmp_path / "f.json"
    path.write_text(json.dumps(HEAD))
    assert read_document(path, ("verify", "board build")).command == "board build"
    with pytest.raises(
        EdgeSastError, match=rf"^{re.escape(str(path))}: command is 'board build', not 'verify'; export$"
    ):
        read_document(path, ("verify",), "export")
