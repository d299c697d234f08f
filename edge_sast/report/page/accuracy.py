"""How well networks answer: smooth, hard and integer spikes, which classes are taken for which, and under faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edge_sast.report.page.blocks import (
    NOTHING,
    Axis,
    Block,
    Cell,
    Chart,
    Note,
    Section,
    Series,
    Table,
    count,
    limits,
    middle,
    percent,
    row,
    said,
)
from edge_sast.report.page.inputs import Inputs, Judged, judged

MOST_CLASSES = 60
USUAL = ("int8", "hard")  # passes whose confusion is shown, the first that there is
REMEDY = "Not shown: accuracy of every pass; add a file of 'edge-sast evaluate RUN --json FILE'."


def passes(inputs: Inputs) -> Section:
    """Surrogate, hard, INT8, INT4: accuracy and what each step costs."""
    section = Section("passes", "From smooth spikes to integers")
    found = judged(inputs)
    if not found:
        section.blocks.extend([Note(REMEDY)] if inputs.runs else [])
        return section
    several = any(each.of > 1 for each in found)
    section.blocks.append(_pass_chart(found, several))
    headers = ["network", "pass", "accuracy %", "95 % interval", "against the pass before, points"]
    headers += ["against surrogate, points", "SynOps per recording", "spikes per recording"]
    rows = tuple(each for judgement in found for each in _pass_rows(judgement))
    section.blocks.append(Table("Every pass", headers, rows, _lines(found)))
    for each in found:
        data = each.figures.get("recordings") or "data sets that differ"
        judged_on = f"{each.label}: judged by {each.figures['samples']} recordings of {data}."
        section.blocks.append(Note(judged_on, each.label if each.of == 1 else ""))
    return section


def _pass_chart(found: Sequence[Judged], several: bool) -> Chart:
    series = []
    for each in found:
        points = []
        for name, figures in each.passes().items():
            at = middle(figures["accuracy"])
            wide = limits(figures["accuracy"], 100) or tuple(
                100 * limit for limit in figures.get("accuracy_interval", ())
            )
            if at is not None:
                points.append((name, 100 * at, *wide))
        series.append(Series(each.label, tuple(points), "dot", each.label if each.of == 1 else ""))
    what = "95 % intervals: of one network over recordings (Wilson), of several over seeds (Student's t)"
    text = f"Dot chart, accuracy of each pass in %, with {what if several else '95 % Wilson intervals'}: {said(series)}"
    return Chart(
        "Accuracy of each pass", Axis("pass", "band"), Axis("accuracy, %"), tuple(series), text, _lines(found)
    )


def _pass_rows(each: Judged) -> list[Any]:
    rows, before, first = [], None, None
    for name, figures in each.passes().items():
        at = middle(figures["accuracy"])
        wide = limits(figures["accuracy"]) or figures.get("accuracy_interval", ())
        interval = Cell(" to ".join(f"{100 * limit:.2f}" for limit in wide), wide[0]) if wide else NOTHING
        cells = [
            each.label,
            name,
            percent(figures["accuracy"]),
            interval,
            _points(at, before),
            _points(at, first),
        ]
        cells += [count(figures["synops_per_sample"]), count(figures.get("spikes_per_sample"))]
        rows.append(row(cells, each.label if each.of == 1 else ""))
        before, first = at, at if first is None else first
    return rows


def _points(now: float | None, then: float | None) -> Cell:
    if now is None or then is None:
        return NOTHING
    return Cell(f"{100 * (now - then):+.2f}", now - then)


def _lines(found: Sequence[Judged]) -> str:
    return "; ".join(dict.fromkeys(each.line for each in found))


def confusion(inputs: Inputs) -> Section:
    """Of `evaluate` one of the USUAL passes; of `run`, `inspect` and `hil` theirs, that of boards."""
    section = Section("confusion", "Which class is taken for which")
    for each in judged(inputs):
        if each.of == 1:
            section.blocks.extend(_of_passes(each))
    for file in inputs.of("run", "inspect", "hil"):
        section.blocks.extend(_matrix(file.label, file.line, file.values))
    return section


def _of_passes(each: Judged) -> list[Block]:
    told = [name for name in each.passes() if "confusion" in each.figures[name]]
    shown = next((name for name in USUAL if name in told), None) or (told[-1] if told else None)
    if shown is None:
        return []
    figures = {"classes": each.figures.get("classes"), "confusion": each.figures[shown]["confusion"]}
    return _matrix(f"{each.label}, {shown}", each.line, figures, each.label)


def _matrix(label: str, line: str, values: Mapping[str, Any], run: str = "") -> list[Block]:
    classes, table = values.get("classes"), values.get("confusion")
    if not classes or not table:
        return []
    if len(classes) > MOST_CLASSES:
        return [Note(f"{label}: {len(classes)} classes are too many for a matrix on a page.", run)]
    rows = []
    for name, counts in zip(classes, table, strict=True):
        total = sum(counts)
        shares = [counted / total if total else 0.0 for counted in counts]
        cells = [Cell(f"{n:,}", n, share) for n, share in zip(counts, shares, strict=True)]
        right = counts[classes.index(name)] / total if total else None
        rows.append(row([name, *cells, count(total), percent(right)], run))
    headers = ["is, answered as", *classes, "recordings", "right %"]
    caption = f"{label}: recordings of each class (rows), and what they were taken for (columns)"
    return [Table(caption, headers, tuple(rows), line)]


def faults(inputs: Inputs) -> Section:
    """Accuracy over the severity of each corruption."""
    section = Section("faults", "Under faults of camera and scene")
    found = [each for each in judged(inputs) if "corruptions" in each.figures]
    kinds = dict.fromkeys(kind for each in found for kind in each.figures["corruptions"]["kinds"])
    for kind in kinds:
        series = [s for each in found if (s := _fault_series(each, kind)) is not None]
        title = f"Accuracy under {kind.replace('_', ' ')}"
        text = f"Line chart, {title} over severities from 0, which is clean: {said(series)}"
        section.blocks.append(
            Chart(title, Axis("severity"), Axis("accuracy, %"), tuple(series), text, _lines(found))
        )
    if found:
        section.blocks.append(_fault_table(found))
    return section


def _fault_series(each: Judged, kind: str) -> Series | None:
    figures = each.figures["corruptions"]
    if kind not in figures["kinds"]:
        return None
    values = zip(
        (0, *figures["severities"]), (figures["clean"], *figures["kinds"][kind]["accuracy"]), strict=True
    )
    points = tuple(
        (severity, 100 * at, *limits(value, 100))
        for severity, value in values
        if (at := middle(value)) is not None
    )
    return Series(each.label, points, "line", each.label if each.of == 1 else "")


def _fault_table(found: Sequence[Judged]) -> Table:
    rows = []
    for each in found:
        figures = each.figures["corruptions"]
        for kind, measured in figures["kinds"].items():
            cells = [
                each.label,
                str(figures["pass"]),
                kind,
                percent(figures["clean"]),
                percent(measured["mean"]),
            ]
            worst = measured["accuracy"][-1]
            rows.append(row([*cells, percent(worst)], each.label if each.of == 1 else ""))
    headers = ["network", "pass", "corruption", "clean %", "mean of severities %", "severest %"]
    return Table("Accuracy under faults", headers, tuple(rows), _lines(found))
