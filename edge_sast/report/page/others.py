"""What the page was made of, the recordings that play, and figures that have no section of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edge_sast.report.page.blocks import Cell, Note, Player, Section, Table, row
from edge_sast.report.page.inputs import FiguresInput, Inputs

# Commands whose figures stand in sections; those of others are shown as they are.
SHOWN = (
    "evaluate",
    "demo",
    "run",
    "inspect",
    "sweep",
    "compare-dense",
    "verify",
    "hil",
    "fpga build",
    "fpga report",
)
MOST_VALUES, MOST_LISTED = 300, 20


def given(inputs: Inputs) -> Section:
    """Every input, and the command that made it."""
    trained = {run.label for run in inputs.runs}
    rows = [row(["run", run.label, run.path, "edge-sast train"], run.label) for run in inputs.runs]
    built = (model for model in inputs.models if model.label not in trained)
    rows += [row(["model", model.label, model.path, "edge-sast export"], model.label) for model in built]
    rows += [row(["figures", file.label, file.found.path, file.line], file.label) for file in inputs.figures]
    table = Table(
        "Runs, models and files of figures",
        ("what", "name here", "path", "made by"),
        tuple(rows),
        inputs.line,
    )
    return Section("inputs", "What this page was made of", [table])


def recordings(inputs: Inputs) -> Section:
    """Spikes over events, to be played."""
    section = Section("recordings", "Recordings: spikes over events")
    for each in inputs.watched:
        section.blocks.append(
            Player(f"{each.recording}: {each.said}; network {each.label}", each.page, each.line, each.label)
        )
    return section


def remaining(inputs: Inputs) -> Section:
    """Of commands without a section here, and of a `run` whose recordings have no labels."""
    section = Section("others", "Other figures")
    for file in inputs.figures:
        unlabelled = file.found.command == "run" and file.values.get("accuracy") is None
        if unlabelled or file.found.command not in SHOWN:
            section.blocks.extend(_flat(file))
    return section


def _flat(file: FiguresInput) -> list[Table | Note]:
    values = list(_leaves(file.values))
    rows = tuple(
        row([name, Cell(_shown(value), _sorted_by(value))], file.label)
        for name, value in values[:MOST_VALUES]
    )
    blocks: list[Table | Note] = [
        Table(f"{file.label}: {file.found.command}", ("figure", "value"), rows, file.line)
    ]
    if len(values) > MOST_VALUES:
        blocks.append(Note(f"{file.label}: the first {MOST_VALUES} of {len(values):,} values.", file.label))
    return blocks


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every plain value, with the keys that lead to it."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _leaves(each, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and any(isinstance(each, dict | list) for each in value):
        for place, each in enumerate(value):
            yield from _leaves(each, f"{name}[{place}]")
    else:
        yield name, value


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.6g}"
    if isinstance(value, list):
        more = f" and {len(value) - MOST_LISTED:,} more" if len(value) > MOST_LISTED else ""
        return ", ".join(map(_shown, value[:MOST_LISTED])) + more
    return f"{value:,}" if isinstance(value, int) else str(value)


def _sorted_by(value: Any) -> float | str:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else _shown(value)
