"""Every command's schema is whole and explains itself; real figures fit it, and do so no longer when a key is changed.

The files of all commands that the other tests run are held against it too: tests/conftest.py.
"""

from __future__ import annotations

import argparse
import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from edge_sast.cli.main import build_parser, main
from edge_sast.cli.options.figures import OPTION
from edge_sast.errors import EdgeSastError
from edge_sast.report.schemas.catalogue import FIGURES, schema_of
from tests.page_commands import ROOT
from tests.schemas import complaints

DIGITS = str(ROOT / "examples" / "digits-int8.safetensors")
SEVEN = str(ROOT / "examples" / "digit-7.bin")


def writers(parser: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[str]:
    """Every command that takes --json."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield from writers(child, (*words, name))
        elif OPTION in action.option_strings:
            yield " ".join(words)


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema and all below it that describe a value."""
    yield schema
    for name in ("properties", "patternProperties", "$defs"):
        for each in schema.get(name, {}).values():
            yield from nodes(each)
    for each in (schema.get("items"), schema.get("additionalProperties")):
        if isinstance(each, dict) and each:
            yield from nodes(each)
    for each in schema.get("anyOf", ()):
        yield from nodes({"description": schema.get("description", ""), **each})


def objects(document: Any) -> Iterator[dict[str, Any]]:
    """All objects in a document, itself first."""
    if isinstance(document, dict):
        yield document
    for each in document.values() if isinstance(document, dict) else document:
        if isinstance(each, dict | list):
            yield from objects(each)


def test_every_command_that_writes_figures_has_a_schema():
    assert set(writers(build_parser())) == set(FIGURES)


@pytest.mark.parametrize("command", FIGURES)
def test_it_is_a_schema_that_explains_every_value(command):
    schema = schema_of(command)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for alternative in schema.get("anyOf", [schema]):
        for node in nodes(alternative):
            assert node["description"].endswith("."), node
            kinds = node.get("type", ())
            if "object" in ([kinds] if isinstance(kinds, str) else kinds):
                assert "additionalProperties" in node, node
                assert set(node.get("required", ())) <= set(node.get("properties", ())), node


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    """What commands write that take no time."""
    folder = tmp_path_factory.mktemp("figures")
    lines = {
        "inspect": ["inspect", DIGITS],
        "run": ["run", DIGITS, SEVEN, "--sensor", "24x24", "--json-steps"],
        "data info": ["data", "info", SEVEN, "--sensor", "24x24"],
        "board list": ["board", "list"],
    }
    found = {}
    for command, line in lines.items():
        path = folder / f"{command}.json"
        assert main([*line, OPTION, str(path)]) == 0
        found[command] = json.loads(path.read_text())
    return found


NAMES_OF_FILES = ("said", "defects", "first_defects")  # whose keys are the file's


def test_real_figures_fit(documents):
    for command, document in documents.items():
        assert document["command"] == command
        assert complaints(document) == []


def test_a_key_that_nobody_described_is_refused_wherever_it_is(documents):
    for document in documents.values():
        tables = [id(document["files"][0][name]) for name in NAMES_OF_FILES] if "files" in document else []
        for found in list(objects(document)):
            if id(found) in tables:
                continue
            found["undocumented"] = 1
            assert any("undocumented" in line for line in complaints(document)), found
            del found["undocumented"]


def test_a_figure_that_is_gone_is_missed_wherever_it_was(documents):
    """Of those that are always there, and of those that come together."""
    alone = {"size"}
    for document in documents.values():
        tables = [id(document["files"][0][name]) for name in NAMES_OF_FILES] if "files" in document else []
        for found in list(objects(document)):
            for name in [name for name in found if name not in alone and id(found) not in tables]:
                if found is document and name in (
                    "recordings",
                    "command",
                ):  # `run` without --json-steps has none
                    continue
                value = found.pop(name)
                assert any(repr(name) in line for line in complaints(document)), (name, found)
                found[name] = value


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"accuracy": 1.5}, "$.accuracy: 1.5 is greater than the maximum of 1"),
        ({"samples": "3"}, "$.samples: '3' is not of type 'integer'"),
        ({"seconds": None}, "$.seconds: None is not of type 'number'"),
        ({"version": 2}, "$.version: 1 was expected"),
        ({"command": "run"}, None),
    ],
)
def test_a_wrong_value_is_refused(documents, change, said):
    document = copy.deepcopy(documents["run"]) | change
    assert complaints(document) == ([] if said is None else [said])


def test_the_command_prints_it(capsys):
    assert main(["schema", "board", "list"]) == 0
    assert json.loads(capsys.readouterr().out) == schema_of("board list")
    assert main(["schema"]) == 0
    assert capsys.readouterr().out.splitlines() == list(FIGURES)


def test_the_page_validates_as_it_says(documents, tmp_path, monkeypatch, capsys):
    (code,) = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "docs" / "json.md").read_text("utf-8"), re.M | re.S
    )
    monkeypatch.chdir(tmp_path)
    Path("inspect.schema.json").write_text(json.dumps(schema_of("inspect")))
    Path("digits.json").write_text(json.dumps(documents["inspect"]))
    exec(code, {})
    assert capsys.readouterr().out == "Largest number of SynOps of a step.\n"
    Path("digits.json").write_text(json.dumps(documents["run"]))
    with pytest.raises(jsonschema.ValidationError):
        exec(code, {})


def test_a_command_without_figures_is_named(capsys):
    assert main(["schema", "board"]) == 2
    known = ", ".join(FIGURES)
    assert capsys.readouterr().err == f"edge-sast: schema: 'board' writes no --json; name one of {known}\n"
    with pytest.raises(EdgeSastError, match=r"^schema: 'report' writes no --json; "):
        schema_of("report")
