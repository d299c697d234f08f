"""What a device gives: flash, RAM and stack of each layer, and the rate of events that a part sustains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_sast.report.page.blocks import (
    Axis,
    Block,
    Chart,
    Note,
    Section,
    Series,
    Table,
    count,
    number,
    percent,
    row,
)
from edge_sast.report.page.inputs import Inputs

SIZES = ("tables_bytes", "code_bytes", "state_bytes", "stack_bytes")
HEADERS = ("layer", "kind", "output", "bits", "tables B", "code B", "state B", "stack B")


def memory(inputs: Inputs) -> Section:
    """Of models, as `inspect` says it, and of its files."""
    section = Section("memory", "Flash, RAM and stack")
    told = [(each.label, each.line, each.described, each.memory) for each in inputs.models]
    told += [(each.label, each.line, each.values, each.values["memory"]) for each in inputs.of("inspect")]
    if not told:
        return section
    rows = []
    for label, _, _, found in told:
        sizes = (count(found[f"{name}_bytes"]) for name in ("flash", "ram", "state", "context", "stack"))
        rows.append(row([label, found["core"], *sizes], label))
    headers = ["model", "core", "flash B", "RAM B", "state B", "context B", "worst stack B"]
    lines = "; ".join(dict.fromkeys(line for _, line, _, _ in told))
    section.blocks.append(Table("Memory, predicted before compiling", headers, tuple(rows), lines))
    section.blocks.extend(_layers(*each) for each in told)
    for left_out in dict.fromkeys(found["not_included"] for *_, found in told):
        section.blocks.append(Note(f"Not included: {left_out}."))
    return section


def _layers(label: str, line: str, described: Mapping[str, Any], found: Mapping[str, Any]) -> Table:
    rows = []
    for layer, sizes in zip(described["layers"], found["layers"], strict=True):
        output = f"{layer['height']}x{layer['width']}x{layer['channels']}"
        cells = [str(layer["index"]), layer["kind"], output, count(layer.get("bits"))]
        rows.append(row([*cells, *(count(sizes[name]) for name in SIZES)], label))
    caption = f"{label}: layers on {found['core']} ({found['compiler']} -Os)"
    return Table(caption, HEADERS, tuple(rows), line)


def sustained(inputs: Inputs) -> Section:
    """Of files of `inspect --on`."""
    section = Section("rate", "The rate of events that a part sustains")
    found = [(file, file.values["rate"]) for file in inputs.of("inspect") if "rate" in file.values]
    if not found:
        return section
    rows = []
    for file, rate in found:
        kept = rate["kept"]
        cells = [
            file.label,
            rate["on"],
            number(rate["hz"], ",.6g", 1e-6),
            count(rate["step_us"]),
            count(kept["events"]),
        ]
        cells += [count(kept["events_per_second"]), number(kept["shortest_s"], ",.3g", 1000)]
        cells += [number(kept["latency_s"], ",.3g", 1000)]
        rows.append(row(cells, file.label))
    headers = ["model", "part", "MHz", "step µs", "events per step, kept for certain", "events per second"]
    headers += ["shortest step ms", "latency ms"]
    lines = "; ".join(dict.fromkeys(file.line for file, _ in found))
    section.blocks.append(
        Table("What is kept, proven for instructions, estimated for time", headers, tuple(rows), lines)
    )
    series = tuple(
        Series(
            file.label, tuple((s["events"], s["seconds"] * 1e6) for s in rate["steps"]), "line", file.label
        )
        for file, rate in found
    )
    alt = "Line chart, longest time of a step in µs over its events; the table of steps has every value"
    axes = Axis("events in a step"), Axis("time of the step, µs, about")
    section.blocks.append(Chart("The longest that a step takes", *axes, series, alt, lines))
    for file, rate in found:
        section.blocks.extend(_steps(file.label, file.line, rate))
    return section


def _steps(label: str, line: str, rate: Mapping[str, Any]) -> list[Block]:
    names = ("events", "instructions", "push_instructions", "step_instructions")
    rows = tuple(
        row([*(count(step[name]) for name in names), number(step["seconds"], ",.4g", 1e6)], label)
        for step in rate["steps"]
    )
    caption = f"{label}: most instructions of a step on {rate['core']} ({rate['toolchain']} {' '.join(rate['flags'])})"
    headers = ["events in a step", "instructions", "of them sast_push", "sast_step", "time µs, about"]
    blocks: list[Block] = [Table(caption, headers, rows, line)]
    if "recordings" in rate:
        blocks.append(_measured(label, line, rate["recordings"]))
    basis = f"{rate['cycles_per_instruction']:g} cycles per instruction ({rate['cycles_basis']})"
    return [*blocks, Note(f"{label}: times at {basis}; not included: {rate['not_included']}.", label)]


def _measured(label: str, line: str, found: Mapping[str, Any]) -> Table:
    names = ("recordings", "steps", "mean_events", "most_events", "mean_instructions", "p99_instructions")
    cells = [
        *(count(found[name]) for name in (*names, "most_instructions")),
        percent(found["nearest_to_bound"], ".0f"),
    ]
    headers = [
        "recordings",
        "steps",
        "events per step",
        "most events",
        "instructions per step",
        "99 % within",
        "most",
    ]
    caption = f"{label}: what recordings took of it"
    return Table(caption, (*headers, "nearest to the bound %"), (row(cells, label),), line)
