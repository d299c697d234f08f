"""The pages: links lead somewhere, options that are named exist, a figure is the same everywhere."""

from __future__ import annotations

import argparse
import os
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from edge_sast.cli.main import build_parser
from edge_sast.model import modelfile
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.sizes.prediction import predict
from tests.page_commands import PAGES, ROOT

MEASURED = ROOT / "docs" / "measurements.md"
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
    for target in re.findall(r"\]\(([^)]+)\)", read(page)):
        if "://" in target:  # written as an address is; nothing is asked of other machines
            assert re.fullmatch(r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(/[\w.~%/#?=&+-]*)?", target), target
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_are_named_exist(page):
    """Paths of the repository, and names of Python files, in backquotes. `examples/` is in exported folders too."""
    text = read(page)
    paths = re.findall(r"`((?:edge_sast|firmware_gen|trainer|tests|benchmarks|docs|findings)/[\w./-]*)", text)
    assert [path for path in paths if not (ROOT / path).exists()] == []
    names = re.findall(r"`(\w+\.py)\b", text)
    assert [name for name in names if not any(name in files for _, _, files in source_folders())] == []


@cache
def source_folders() -> tuple[tuple[str, list[str], list[str]], ...]:
    roots = ("edge_sast", "firmware_gen", "trainer", "tests", "benchmarks")
    return tuple(folder for root in roots for folder in os.walk(ROOT / root))


def test_the_index_has_every_page_once():
    listed = re.findall(r"^\| \[(\S+)\]\((\S+)\) \|", read(ROOT / "docs" / "README.md"), re.M)
    docs = ROOT / "docs"
    pages = {page.relative_to(docs).as_posix() for page in docs.rglob("*.md")} - {"README.md"}
    assert all(name == target for name, target in listed)
    assert sorted(name for name, _ in listed) == sorted(pages)


def test_licence_and_citation_are_those_of_the_package():
    project = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]
    citation = yaml.safe_load(read(ROOT / "CITATION.cff"))
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])
    assert citation["license"] == read(ROOT / "LICENSE").split()[0] == "MIT"
    assert all(list(ROOT.glob(pattern)) for pattern in project["license-files"])


def test_the_licence_for_devices_names_every_folder_that_is_under_it():
    text = read(ROOT / "LICENSES" / "0BSD.txt")
    named = {ROOT / folder for folder in re.findall(r"firmware_gen/\w+(?:/\w+)*", text)}
    kinds = (".c", ".h", ".S", ".v", ".vh", ".cpp", ".asm")
    sources = [path for path in (ROOT / "firmware_gen").rglob("*") if path.suffix in kinds]
    marked = [path for path in sources if "SPDX-License-Identifier: 0BSD" in read(path)]
    assert len(marked) > 100
    assert [path for path in marked if not named & set(path.parents)] == []
    assert all(any(folder in path.parents for path in marked) for folder in named)


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
    told = re.search(rf"\| ({FIGURE}) bytes of flash, ({FIGURE}) of RAM with stack", read(MEASURED))
    assert told is not None
    memory = predict(CPlan(modelfile.load(ROOT / "examples" / "nmnist-int8.safetensors")))
    assert [int(figure.replace(",", "")) for figure in told.groups()] == [memory.flash, memory.ram]


def test_instructions_are_the_same_on_every_page():
    """Those of a step, in the tables of examples, docs/measurements.md and docs/kernels.md."""
    rows = re.findall(r"^\| `(nmnist-\S+)` \|(.*)\|$", read(ROOT / "examples" / "README.md"), re.M)
    assert len(rows) == 3
    for name, row in rows:
        told = re.findall(FIGURE, row)
        assert len(told) == 9, name
        lines = [line for line in read(MEASURED).split("\n") if line.startswith(f"| `{name}`")]
        assert [re.findall(rf"(?<=[\s]){FIGURE}", line)[-9:] for line in lines] == [told], name
        kernels = read(ROOT / "docs" / "kernels.md")
        assert all(figure in kernels for figure in told[:6]), name
