"""Phrases that are wrong in English and came back often: in messages, docstrings, comments and pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("edge_sast", "firmware_gen", "trainer", "benchmarks", "tests", "docs", "examples")
UNITS = (
    "step|recording|epoch|spike|neuron|layer|class|batch|decision|frame|event|sample|thread|channel|worker|row"
    "|byte|seed"
)
COUNTED = (
    "SynOps|instructions|cycles|bytes|events|recordings|spikes|evaluations|additions|lines|widths|rates|bits"
)
WRONG = {
    "leave out": re.compile(r"\b(leave|leaves|left|leaving) (it|them|one|both|--[\w-]+) away\b"),
    "per": re.compile(rf"\b({COUNTED}|one) an? ({UNITS})\b(?! (is|are|of)\b)", re.IGNORECASE),
    "failed": re.compile(r"\bc[ao]mes? to nothing\b"),
    "after": re.compile(r"\bone behind the other\b"),
    "plural without brackets": re.compile(r"[a-z]\(s\) (missing|found|differ)"),
}
# "bits a weight" stands in C that is generated, which changes no byte without need.
EXCEPT = ("firmware_gen/c/", "tests/test_english.py")


def texts() -> Iterator[tuple[str, int, str]]:
    """Path, number and text of every line."""
    pages = [
        *ROOT.glob("*.md"),
        *(p for name in FOLDERS for p in (ROOT / name).rglob("*") if p.suffix in (".py", ".md")),
    ]
    for page in pages:
        place = page.relative_to(ROOT).as_posix()
        if not place.startswith(EXCEPT):
            for number, line in enumerate(page.read_text(encoding="utf-8").split("\n"), 1):
                yield place, number, line


@pytest.mark.parametrize("right", WRONG)
def test_wrong_phrases_are_gone(right):
    found = [
        f"{place}:{number}: {line.strip()}" for place, number, line in texts() if WRONG[right].search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("leave out", "--name is of the C; leave it away"),
        ("per", "98.58 % at 115,776 SynOps a recording"),
        ("per", "one an event"),
        ("per", "Instructions a step on a Cortex-M4"),
        ("per", "seven bits a byte"),
        ("failed", "It came to nothing"),
        ("plural without brackets", "2 required part(s) missing"),
    ],
)
def test_each_is_recognised(right, wrong):
    assert WRONG[right].search(wrong)
