"""One network at several weight widths: its integers layer by layer, and what fewer bits cost in accuracy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
    middle,
    number,
    percent,
    row,
    text,
)
from edge_sast.report.page.inputs import Built, Inputs, LayerIntegers, judged

# Of commands that name a model by its hash: where they say its accuracy, on which recordings, and on how many.
BY_HASH = {
    "export": ("integer_accuracy", "recordings", "samples"),
    "inspect": ("accuracy", "", "samples"),
    "hil": ("accuracy", "data", "compared"),
}


@dataclass(frozen=True)
class _Known:
    """An accuracy, and what it was measured on: figures of other recordings are not to be compared with it."""

    accuracy: float
    recordings: str
    samples: int
    line: str


def section(inputs: Inputs) -> Section:
    """For every group of models: tables, then for each layer a histogram of each model, side by side."""
    found = Section("widths", "Weights with more and with fewer bits")
    for group in inputs.widths:
        found.blocks.append(_accuracies(inputs, group))
        found.blocks.append(_layers(group, inputs.line))
        found.blocks.extend(_charts(group, inputs.line))
    return found


def _accuracies(inputs: Inputs, group: Sequence[Built]) -> Table:
    first = group[0]
    at = _known(inputs, first)
    rows = []
    for built in group:
        here = _known(inputs, built)
        cells = [built.label, text(_bits(built)), text(built.run)]
        cells += [NOTHING] * 4 if here is None else _accuracy(here, at if built is not first else None)
        rows.append(row(cells, built.label))
    headers = ["model", "weight bits", "of run", "accuracy %", f"against {first.label}, points"]
    caption = f"{_named(group)}: one network with other weight bits"
    return Table(caption, [*headers, "recordings", "command"], tuple(rows))


def _accuracy(here: _Known, first: _Known | None) -> list[Cell]:
    """Points against the first where both were judged by the same recordings."""
    points = NOTHING
    if first is not None and (here.recordings, here.samples) == (first.recordings, first.samples):
        points = Cell(f"{100 * (here.accuracy - first.accuracy):+.2f}", here.accuracy - first.accuracy)
    told = f"{here.samples:,} of {here.recordings}" if here.recordings else f"{here.samples:,}"
    return [percent(here.accuracy), points, Cell(told, here.samples), text(here.line)]


def _known(inputs: Inputs, built: Built) -> _Known | None:
    """Of the first file that knows the model: `evaluate` by its run, others by its hash."""
    return next(_by_run(inputs, built), None) or next(_by_hash(inputs, built), None)


def _by_run(inputs: Inputs, built: Built) -> Iterator[_Known]:
    for each in judged(inputs):
        told = each.passes().get(built.name)
        if each.of == 1 and built.run and each.label == built.run and told is not None:
            at = middle(told["accuracy"])
            if at is not None:
                yield _Known(
                    at, str(each.figures.get("recordings", "")), int(each.figures["samples"]), each.line
                )


def _by_hash(inputs: Inputs, built: Built) -> Iterator[_Known]:
    for command, (key, recordings, samples) in BY_HASH.items():
        for file in inputs.of(command):
            at, judged_by = middle(file.values.get(key)), middle(file.values.get(samples))
            if file.values.get("model_hash") == built.model_hash and at is not None and judged_by is not None:
                yield _Known(at, str(file.values.get(recordings, "")), int(judged_by), file.line)


def _layers(group: Sequence[Built], line: str) -> Table:
    first = group[0].label
    rows: list[Any] = []
    for place in range(len(group[0].layers)):
        for built in group:
            layer = built.layers[place]
            cells = [built.label, layer.name, count(layer.bits), count(layer.count)]
            cells += [percent(layer.zeros), percent(layer.largest)]
            alike = built is group[0]
            cells += (
                [NOTHING, NOTHING] if alike else [number(layer.agreement, ".4f"), number(layer.apart, ".3f")]
            )
            rows.append(row(cells, built.label))
    headers = ["model", "layer", "bits", "weights", "0 %", "at the largest integer %"]
    headers += [f"agreement with {first}", f"distance from {first}, own integers"]
    return Table(f"{_named(group)}: what fewer bits did to the weights", headers, tuple(rows), line)


def _charts(group: Sequence[Built], line: str) -> Iterator[Block]:
    """Those of a layer in a row of their own."""
    for place, layer in enumerate(group[0].layers):
        yield Note(f"Weights of {layer.name}, from more to fewer bits:")
        for built in group:
            yield _chart(built, built.layers[place], line)


def _chart(built: Built, layer: LayerIntegers, line: str) -> Chart:
    edges = layer.shown.edges
    bars = tuple(zip(edges, edges[1:], layer.shown.shares, strict=False))
    told = (
        f"Histogram of {layer.count:,} weights of {layer.name} in {built.label}, integers of {layer.bits} bits: "
        f"{100 * layer.zeros:.2f} % are 0, {100 * layer.largest:.2f} % the largest"
    )
    title = f"{layer.name}: {built.label}, {layer.bits} bits"
    axes = Axis("weight, an integer"), Axis("share of the weights")
    return Chart(title, *axes, (Series(built.label, bars, "bar", built.label),), told, line)


def _bits(built: Built) -> str:
    widths = [layer.bits for layer in built.layers]
    return str(widths[0]) if len(set(widths)) == 1 else ", ".join(map(str, widths))


def _named(group: Sequence[Built]) -> str:
    *others, last = (built.label for built in group)
    return f"{', '.join(others)} and {last}"
