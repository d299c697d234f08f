"""What was trained and how: settings of the runs side by side, and their curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edge_sast.report.page.blocks import Axis, Block, Chart, Note, Section, Series, Table, row, said
from edge_sast.report.page.inputs import Inputs, RunInput

# Of every line of metrics: key, title, and what it is multiplied with.
CURVES = (
    ("train_loss", "Loss of training", 1),
    ("accuracy", "Accuracy, %", 100),
    ("synops", "SynOps per recording", 1),
    ("instructions", "Instructions per recording, estimated", 1),
    ("rho", "Radius ρ of the perturbation", 1),
    ("seconds", "Seconds of an epoch", 1),
)
# Keys that stand for one curve of several lines: its name in the legend, and whether it is dashed.
LINES = {
    "accuracy": (("train_accuracy", "training", True), ("valid_accuracy", "held out", False)),
    "synops": (("train_synops", "training", True), ("valid_synops", "held out", False)),
    "instructions": (("train_instructions", "training", True), ("valid_instructions", "held out", False)),
}
FIRST = ("method", "data", "arch", "steps", "dt_us", "epochs", "qat_epochs", "bits", "seed")


def settings(inputs: Inputs) -> Section:
    """Of all runs: what was set by hand or differs first."""
    section = Section("settings", "What was trained, and how")
    if not inputs.runs:
        return section
    section.blocks.append(_standing(inputs))
    names = list(inputs.runs[0].settings)
    telling = [name for name in names if _tells(name, inputs)]
    first = [name for name in FIRST if name in names] + [name for name in telling if name not in FIRST]
    rest = [name for name in names if name not in first]
    line = "edge-sast train --out RUN, which keeps its settings in RUN/config.json"
    headers = ("setting", *(run.label for run in inputs.runs), "default")
    for caption, chosen in (("Settings", first), ("Settings that are the default in every run", rest)):
        rows = tuple(
            row(
                [
                    _option(name),
                    *(_value(run.settings.get(name)) for run in inputs.runs),
                    _usual(name, inputs),
                ]
            )
            for name in chosen
        )
        section.blocks.append(Table(caption, headers, rows, line))
    return section


def curves(inputs: Inputs) -> Section:
    """Of every run that has had an epoch."""
    section = Section("curves", "Curves of training")
    trained = [run for run in inputs.runs if run.metrics]
    for run in inputs.runs:
        if not run.metrics:
            section.blocks.append(
                Note(f"{run.label}: has no figures of epochs in its metrics.jsonl.", run.label)
            )
    line = "edge-sast train, which writes RUN/metrics.jsonl"
    rules = _finish(trained)
    for key, title, scale in CURVES:
        series = [each for run in trained for each in _lines(run, key, scale)]
        if series and any(point[1] for each in series for point in each.points):
            section.blocks.append(_chart(title, series, line, rules))
    for layer in range(max((_rates(run) for run in trained), default=0)):
        series = [_line(run, lambda m, i=layer: _rate(m, i), run.label, False) for run in trained]
        title = f"Firing rate of spiking layer {layer + 1}, % of neurons per step"
        section.blocks.append(_chart(title, [each for each in series if each.points], line, rules))
    return section


def _standing(inputs: Inputs) -> Block:
    rows = tuple(
        row(
            [
                run.label,
                f"{run.epoch} of {run.total}" + ("" if run.epoch >= run.total else ", unfinished"),
                ", ".join(run.classes),
                run.path,
            ],
            run.label,
        )
        for run in inputs.runs
    )
    return Table("Runs", ("run", "epochs", "classes", "folder"), rows, "edge-sast train --out RUN")


def _tells(name: str, inputs: Inputs) -> bool:
    values = [run.settings.get(name) for run in inputs.runs]
    return any(value != inputs.runs[0].usual.get(name) for value in values)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _usual(name: str, inputs: Inputs) -> str:
    usual = inputs.runs[0].usual
    return _value(usual[name]) if name in usual else "none"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _finish(runs: Sequence[RunInput]) -> tuple[tuple[float, str], ...]:
    """Where integer epochs begin, if that is the same in every run that has some."""
    begins = {
        next((int(m["epoch"]) for m in run.metrics if str(m.get("part")).startswith("int")), 0)
        for run in runs
    } - {0}
    return tuple((begin - 0.5, "integers from here") for begin in begins) if len(begins) == 1 else ()


def _chart(title: str, series: list[Series], line: str, rules: tuple[tuple[float, str], ...]) -> Chart:
    text = f"Line chart, {title} over the epochs: {said(series)}"
    return Chart(title, Axis("epoch"), Axis(title), tuple(series), text, line, rules)


def _lines(run: RunInput, key: str, scale: float) -> list[Series]:
    parts = LINES.get(key, ((key, "", False),))
    found = [
        _line(
            run,
            lambda m, k=name: _scaled(m.get(k), scale),
            f"{run.label}, {what}" if what else run.label,
            dashed,
        )
        for name, what, dashed in parts
    ]
    return [each for each in found if each.points]


def _line(run: RunInput, value: Any, name: str, dashed: bool) -> Series:
    points = tuple((int(m["epoch"]), y) for m in run.metrics if (y := value(m)) is not None)
    return Series(name, points, "line", run.label, dashed)


def _scaled(value: Any, scale: float) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(f"{value * scale:.6g}") if number else None


def _rates(run: RunInput) -> int:
    return max((len(m.get("firing_rates") or ()) for m in run.metrics), default=0)


def _rate(metrics: Mapping[str, Any], layer: int) -> float | None:
    rates = metrics.get("firing_rates") or ()
    return _scaled(rates[layer], 100) if layer < len(rates) else None
