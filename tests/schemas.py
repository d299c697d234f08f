"""What tests ask of every file that --json writes: that it is what `edge-sast schema` says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from edge_sast.report.schemas.catalogue import schema_of


@cache
def validator(command: str) -> Any:
    """Of one command's files."""
    import jsonschema  # late: most tests write no figures

    return jsonschema.Draft202012Validator(schema_of(command))


def complaints(document: Mapping[str, Any]) -> list[str]:
    """Where the document is not what its command's schema says, and why; none where it is."""
    errors = validator(document["command"]).iter_errors(document)
    return [line for error in errors for line in _lines(error)]


def _lines(error: Any) -> list[str]:
    """Of alternatives those of each."""
    if error.context:
        return [line for each in error.context for line in _lines(each)]
    return [f"{error.json_path}: {error.message[:300]}"]


def check_file(path: str | Path) -> None:
    """Fails where a file of figures is not what its command's schema says."""
    document = json.loads(Path(path).read_text("utf-8"))
    found = complaints(document)
    assert not found, (document["command"], found)
