"""The pages: links lead somewhere, commands have the options that are shown, a figure is the same everywhere."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from edge_sast.cli.main import build_parser
from edge_sast.model import modelfile
from firmware_gen.sizes.prediction import predict

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "examples" / "README.md"]
FIGURE = r"\d[\d,]*\d"


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@cache
def anchors(page: Path) -> set[str]:
    """Of the page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", read(page), flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", read(page)) if "://" not in target]
    for target in targets:
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def commands(page: Path) -> Iterator[list[str]]:
    """Words behind `edge-sast` of every command that stands in a block or in backquotes."""
    text = re.sub(r"\\\n\s*", " ", read(page))
    lines = [line for line in text.split("\n") if line.startswith("    ")]
    for piece in [*lines, *re.findall(r"`([^`\n]+)`", text)]:
        for command in re.findall(r"(?:^|\s)edge-sast ([^#&|…]*)", piece):
            yield command.split()


def test_commands_have_the_options_they_are_shown_with():
    found = 0
    for page in PAGES:
        for words in commands(page):
            parser, rest = build_parser(), words
            while (choice := subcommands(parser)) and rest and rest[0] in choice:
                parser, rest = choice[rest[0]], rest[1:]
            given = {word.strip("[]").split("=")[0] for word in rest if word.strip("[]").startswith("--")}
            known = {option for action in parser._actions for option in action.option_strings}
            assert given <= known, (page.name, " ".join(words))
            found += len(given)
    assert found > 100


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    actions = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(actions[0].choices) if actions else {}


def test_the_size_of_the_example_is_what_inspect_says():
    told = re.search(rf"\| ({FIGURE}) bytes of flash, ({FIGURE}) of RAM with stack", read(ROOT / "README.md"))
    assert told is not None
    memory = predict(modelfile.load(ROOT / "examples" / "nmnist-int8.safetensors"))
    assert [int(figure.replace(",", "")) for figure in told.groups()] == [memory.flash, memory.ram]


def test_instructions_are_the_same_on_every_page():
    """Those of a step, in the tables of examples, README and docs/kernels.md."""
    rows = re.findall(r"^\| `(nmnist-\S+)` \|(.*)\|$", read(ROOT / "examples" / "README.md"), re.M)
    assert len(rows) == 3
    for name, row in rows:
        told = re.findall(FIGURE, row)
        assert len(told) == 9, name
        lines = [line for line in read(ROOT / "README.md").split("\n") if "instructions" in line]
        assert any(all(figure in line for figure in told) for line in lines), name
        kernels = read(ROOT / "docs" / "kernels.md")
        assert all(figure in kernels for figure in told[:6]), name
