"""The schema of each command's --json: the head that all files have, and the command's own keys."""

from __future__ import annotations

from typing import Any

from edge_sast.errors import EdgeSastError
from edge_sast.report.figures import FORMAT, VERSION
from edge_sast.report.schemas import devices, evaluation, fpga, inspection, learning, models, recordings
from edge_sast.report.schemas.forms import Schema, words

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# By command the objects that it writes: of several, one by what it was asked for.
FIGURES: dict[str, tuple[Schema, ...]] = {
    "demo": learning.DEMO,
    "train": learning.TRAIN,
    "sweep": learning.SWEEP,
    "evaluate": evaluation.EVALUATE,
    "calibrate": learning.CALIBRATE,
    "compare-dense": learning.COMPARE_DENSE,
    "export": models.EXPORT,
    "import": models.IMPORT,
    "run": models.RUN,
    "inspect": inspection.INSPECT,
    "verify": devices.VERIFY,
    "stream": devices.STREAM,
    "board list": devices.BOARD_LIST,
    "board build": devices.BOARD_BUILD,
    "fpga list": fpga.LIST,
    "fpga build": fpga.BUILD,
    "fpga load": fpga.LOAD,
    "fpga report": fpga.REPORT,
    "hil": devices.HIL,
    "hil ports": devices.HIL_PORTS,
    "data info": recordings.DATA_INFO,
    "doctor": recordings.DOCTOR,
}


def schema_of(command: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the files that `command`, such as "board build", writes with --json.

    It is whole in itself: it refers to no other. Raises EdgeSastError for a command that writes none.
    """
    if command not in FIGURES:
        raise EdgeSastError(f"schema: {command!r} writes no --json; name one of {', '.join(FIGURES)}")
    whole = [_under_head(command, each) for each in FIGURES[command]]
    told: Schema = {"$schema": DIALECT, "title": f"edge-sast {command} --json"}
    if command == "evaluate":
        told["$defs"] = evaluation.DEFINED
    return {**told, **(whole[0] if len(whole) == 1 else {"type": "object", "anyOf": whole})}


def _under_head(command: str, figures: Schema) -> Schema:
    head = {
        "format": {"const": FORMAT, "description": "What the file is."},
        "version": {"const": VERSION, "description": "Version of the head."},
        "command": {"const": command, "description": "The command that wrote the file."},
        "line": words("Its command line, without --json and its file"),
    }
    return {
        **figures,
        "properties": head | figures["properties"],
        "required": [*head, *figures["required"]],
    }
