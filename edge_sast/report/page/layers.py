"""Layer by layer: how often neurons fire, where membranes stand, and what rounding did to the weights."""

from __future__ import annotations

from collections.abc import Sequence
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
    text,
)
from edge_sast.report.page.inputs import Histogram, Inputs, LayerMembranes, LayerWeights, judged

WATCHED = "Not shown: membranes and spikes; name recordings with --recording, and a RUN or BUILD."


def rates(inputs: Inputs) -> Section:
    """Spikes per neuron and step: of every pass, and of recordings that a model was inspected with."""
    section = Section("rates", "How often neurons fire")
    found = [each for each in judged(inputs) if any(p.get("firing_rates") for p in each.passes().values())]
    rows = []
    for each in found:
        for name, figures in each.passes().items():
            for layer, rate in enumerate(figures.get("firing_rates") or ()):
                cells = [each.label, name, str(layer + 1), percent(rate, ".3f")]
                distances = figures.get("rate_distances") or ()
                cells.append(percent(distances[layer], ".3f") if layer < len(distances) else text(""))
                rows.append(row(cells, each.label if each.of == 1 else ""))
    if rows:
        headers = ["network", "pass", "spiking layer", "firing rate %", "distance from hard's rates %"]
        lines = "; ".join(dict.fromkeys(each.line for each in found))
        section.blocks.append(Table("Firing rates of every pass", headers, tuple(rows), lines))
    for file in inputs.of("inspect"):
        measured = [layer for layer in file.values["layers"] if "firing_rate" in layer]
        if measured:
            section.blocks.append(_inspected(file.label, file.line, measured))
    return section


def _inspected(label: str, line: str, layers: Sequence[dict[str, Any]]) -> Table:
    rows = tuple(
        row(
            [
                str(layer["index"]),
                layer["kind"],
                percent(layer["firing_rate"], ".3f"),
                count(layer["spikes_per_sample"]),
                count(layer["synops_per_sample"]),
                count(layer.get("max_synops_per_step")),
            ],
            label,
        )
        for layer in layers
    )
    headers = [
        "layer",
        "kind",
        "firing rate %",
        "spikes per recording",
        "SynOps per recording",
        "most SynOps per step",
    ]
    return Table(f"{label}: layers, on recordings", headers, rows, line)


def membranes(inputs: Inputs) -> Section:
    """Of the recordings that were chosen: after every step, with threshold and the state's limits."""
    section = Section("membranes", "Where membranes stand")
    if not inputs.watched:
        section.blocks.extend([Note(WATCHED)] if inputs.runs or inputs.models else [])
        return section
    section.blocks.extend(Note(f"{label}: {why}.", label) for label, why in inputs.unwatched)
    rows = []
    for each in inputs.watched:
        for layer in each.layers:
            section.blocks.append(
                _membrane_chart(f"{each.label} on {each.recording}", each.label, each.line, layer)
            )
            rows.append(_membrane_row(each.label, each.recording, layer))
    headers = ["network", "recording", "layer", "threshold", "lowest", "highest", "limits of the state"]
    headers += ["at a limit", "of membranes", "firing rate %"]
    lines = "; ".join(dict.fromkeys(each.line for each in inputs.watched))
    section.blocks.append(Table("Membranes after every step", headers, tuple(rows), lines))
    return section


def _membrane_chart(of: str, label: str, line: str, layer: LayerMembranes) -> Chart:
    rules = [(float(at), "threshold") for at in sorted(set(layer.threshold or ()))]
    first, last = layer.shown.edges[0], layer.shown.edges[-1]
    rules += [(float(limit), "limit of the state") for limit in layer.limits if first <= limit <= last]
    words = ", ".join(f"{name} {at:,.0f}" for at, name in rules) or "a read-out without threshold"
    text = (
        f"Histogram of {layer.count:,} membranes of {layer.name} from {layer.lowest:,} to {layer.highest:,}; {words}; "
        f"{layer.at_limit:,} at a limit of {layer.limits[0]:,} to {layer.limits[1]:,}"
    )
    bars = Series(layer.name, _bars(layer.shown), "bar", label)
    axes = Axis("membrane, after reset"), Axis("share (axis of square roots)", "sqrt")
    return Chart(f"{of}: {layer.name}", *axes, (bars,), text, line, tuple(rules))


def _membrane_row(label: str, recording: str, layer: LayerMembranes) -> Any:
    threshold = (
        "none" if layer.threshold is None else " to ".join(f"{t:,}" for t in sorted(set(layer.threshold)))
    )
    cells = [label, recording, layer.name, threshold, count(layer.lowest), count(layer.highest)]
    cells += [f"{layer.limits[0]:,} to {layer.limits[1]:,}", count(layer.at_limit), count(layer.count)]
    return row([*cells, percent(layer.rate if layer.threshold else None, ".3f")], label)


def weights(inputs: Inputs) -> Section:
    """Before and after quantisation, of every run."""
    section = Section("weights", "Weights before and after quantisation")
    line = "edge-sast export RUN --target model, which rounds in the same way"
    rows = []
    for run in inputs.runs:
        for layer in run.weights:
            section.blocks.append(_weight_chart(run.label, layer, line))
            cells = [run.label, layer.name, count(layer.bits), count(layer.count), number(layer.error, ".3g")]
            cells += [percent(layer.clipped), percent(layer.zeros)]
            rows.append(row(cells, run.label))
    if rows:
        headers = [
            "run",
            "layer",
            "bits",
            "weights",
            "error of rounding, scales",
            "clipped %",
            "0 after rounding %",
        ]
        section.blocks.append(Table("What rounding did", headers, tuple(rows), line))
    return section


def _weight_chart(label: str, layer: LayerWeights, line: str) -> Block:
    after = Series(f"after, {layer.bits} bits", _bars(layer.after, per_unit=True), "bar", label)
    before = Series("before", _middles(layer.before), "line", label)
    text = (
        f"Histogram of {layer.count:,} weights of {layer.name} in units of their channel's scale, before and after "
        f"rounding to {layer.bits} bits: root mean square error {layer.error:.3g} scales, {100 * layer.clipped:.2f} % "
        f"clipped, {100 * layer.zeros:.2f} % are 0 after it"
    )
    axes = Axis("weight, in scales of its channel"), Axis("share per scale")
    return Chart(f"{label}: {layer.name}", *axes, (after, before), text, line)


def _bars(histogram: Histogram, per_unit: bool = False) -> tuple[tuple[float, float, float], ...]:
    edges = histogram.edges
    return tuple(
        (left, right, float(f"{share / (right - left) if per_unit else share:.5g}"))
        for left, right, share in zip(edges, edges[1:], histogram.shares, strict=False)
    )


def _middles(histogram: Histogram) -> tuple[tuple[float, float], ...]:
    return tuple(
        (float(f"{(left + right) / 2:.5g}"), high) for left, right, high in _bars(histogram, per_unit=True)
    )
