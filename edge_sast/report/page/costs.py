"""What an answer costs: accuracy against SynOps and against instructions, and the trials of a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    limits,
    middle,
    number,
    percent,
    row,
    said,
    text,
)
from edge_sast.report.page.inputs import FiguresInput, Inputs, judged

MOST_TRIALS = 500


@dataclass(frozen=True)
class Point:
    """name: of the series. cost, accuracy: numbers, or the mean of several runs with its interval."""

    name: str
    what: str
    cost: Any
    accuracy: Any
    line: str
    run: str = ""


def section(inputs: Inputs) -> Section:
    found = Section("costs", "What an answer costs")
    synops = _synops(inputs)
    found.blocks.extend(_against("SynOps per recording", synops))
    found.blocks.extend(_against("instructions per recording", _instructions(inputs)))
    for file in inputs.of("compare-dense"):
        found.blocks.extend((_dense(file), Note(f"{file.label}: {file.values['verdict']}", file.label)))
    for file in inputs.of("sweep"):
        found.blocks.append(_trials(file))
    return found


def _against(what: str, points: Sequence[Point]) -> list[Block]:
    if not points:
        return []
    names = dict.fromkeys(point.name for point in points)
    series = []
    for name in names:
        own = [point for point in points if point.name == name]
        drawn = tuple(_drawn(point) for point in own)
        series.append(Series(name, drawn, "dot", own[0].run, names=tuple(point.what for point in own)))
    line = "; ".join(dict.fromkeys(point.line for point in points))
    alt = f"Dot chart, accuracy in % against {what}: {said(series)}"
    rows = tuple(
        row([text(p.name), p.what, percent(p.accuracy), count(p.cost), text(p.line)], p.run) for p in points
    )
    title = f"Accuracy against {what}"
    table = Table(title, ("network", "what", "accuracy %", what, "command"), rows)
    if len(points) == 1:
        return [table]
    return [Chart(title, Axis(what, "log"), Axis("accuracy, %"), tuple(series), alt, line), table]


def _drawn(point: Point) -> tuple[float, ...]:
    cost, at = middle(point.cost), middle(point.accuracy)
    assert cost is not None
    assert at is not None
    return (cost, 100 * at, *limits(point.accuracy, 100))


def _synops(inputs: Inputs) -> list[Point]:
    found = []
    for each in judged(inputs):
        for name, figures in each.passes().items():
            run = each.label if each.of == 1 else ""
            found.append(
                Point(each.label, name, figures["synops_per_sample"], figures["accuracy"], each.line, run)
            )
    for file in inputs.of("run", "inspect"):
        if file.values.get("accuracy") is not None:
            values = file.values
            found.append(
                Point(
                    file.label,
                    "integer",
                    values["synops_per_sample"],
                    values["accuracy"],
                    file.line,
                    file.label,
                )
            )
    for file in inputs.of("sweep"):
        for group in _groups(file):
            spread = group["accuracy"]
            accuracy = {"mean": spread["mean"], "low": spread["min"], "high": spread["max"]}
            what = f"{_named(group['settings'])}{', nothing beats it' if group.get('pareto') else ''}"
            cost = group["synops_per_sample"]["mean"]
            found.append(Point(file.label, what, cost, accuracy, file.line, file.label))
    return found


def _groups(file: FiguresInput) -> list[Mapping[str, Any]]:
    """Those that have a finished trial. Of several seeds, limits are the least and the greatest."""
    return [group for group in file.values["groups"] if {"accuracy", "synops_per_sample"} <= group.keys()]


def _instructions(inputs: Inputs) -> list[Point]:
    found = []
    for file in inputs.of("inspect"):
        measured = (file.values.get("rate") or {}).get("recordings")
        if measured and file.values.get("accuracy") is not None:
            cost = measured["mean_instructions"] * measured["steps"] / measured["recordings"]
            what = f"spiking, on {file.values['rate']['core']}"
            found.append(Point(file.label, what, cost, file.values["accuracy"], file.line, file.label))
    for file in inputs.of("compare-dense"):
        for side in ("spiking", "dense"):
            own = file.values[side]
            what = f"{side}, on {file.values['on']}"
            cost = own["instructions"]["direct"]
            found.append(Point(f"{file.label}, {side}", what, cost, own["accuracy"], file.line, file.label))
    for file in inputs.of("hil"):
        for board in file.values["boards"]:
            ticks = board.get("ticks_per_recording")
            if board["clock"] == "instructions" and ticks and file.values["accuracy"] is not None:
                what = f"on {board['board']}"
                found.append(
                    Point(file.label, what, ticks["mean"], file.values["accuracy"], file.line, file.label)
                )
    return found


def _dense(file: FiguresInput) -> Table:
    rows = []
    for each in file.values["rows"]:
        sides = (number(each[side], ",.6g") for side in ("spiking", "dense"))
        rows.append(row([each["name"], text(each["unit"]), *sides, each["winner"]], file.label))
    caption = f"{file.label}: beside a dense CNN"
    return Table(caption, ("what", "unit", "spiking", "dense", "wins"), tuple(rows), file.line)


def _trials(file: FiguresInput) -> Table:
    rows = []
    trials = file.values["trials"]
    for trial in trials[:MOST_TRIALS]:
        cells = [trial["name"], _named(trial["settings"]), trial["state"], percent(trial.get("accuracy"))]
        cells += [count(trial.get(name)) for name in ("synops_per_sample", "flash_bytes", "ram_bytes")]
        cells += [number(trial.get("gap"), "+.2f", 100), "yes" if trial.get("pareto") else "no"]
        rows.append(row(cells, file.label))
    left = f" (the first {MOST_TRIALS} of {len(trials)})" if len(trials) > MOST_TRIALS else ""
    headers = ["trial", "settings", "state", "accuracy %", "SynOps per recording", "flash B", "RAM B"]
    headers += ["surrogate minus hard, points", "nothing beats it"]
    return Table(f"{file.label}: trials of the sweep{left}", headers, tuple(rows), file.line)


def _named(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', '-')} {value}" for name, value in settings.items())
