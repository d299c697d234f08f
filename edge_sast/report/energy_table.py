"""The table that `edge-sast evaluate --energy` prints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edge_sast.report.tables import print_table
from edge_sast.terminal import echo

KB = 1 / 8000  # of a bit
Cell = Callable[..., str]


def show_energy(figures: dict[str, Any], cell: Cell) -> None:
    """Operations, traffic and energy per recording; `cell` prints a figure, or the mean of several runs."""
    rows = []
    training = figures["training"]
    if training is not None:
        stages = ("forward", "backward", "update")
        rows += [_row(f"training, {name}", training[name], cell) for name in stages]
        rows.append(["training", "", "", "", "", "", cell(training["picojoules"], ",.4g", 1e-3)])
    rows.append(_row(f"inference, {figures['inference']['pass']}", figures["inference"], cell))
    rows.append(_row("inference, dense twin", figures["dense"], cell))
    echo()
    headers = [
        "per recording",
        "additions",
        "multiplications",
        "scratchpad kB",
        "buffer kB",
        "DRAM kB",
        "energy nJ",
    ]
    print_table(rows, headers)
    for line in _lines(figures, cell):
        echo(line)


def _row(name: str, stage: dict[str, Any], cell: Cell) -> list[str]:
    counts = [cell(stage[what], ",.0f") for what in ("additions", "multiplications")]
    traffic = [cell(stage[f"{level}_bits"], ",.1f", KB) for level in ("scratchpad", "buffer", "dram")]
    return [name, *counts, *traffic, cell(stage["picojoules"], ",.4g", 1e-3)]


def _lines(figures: dict[str, Any], cell: Cell) -> list[str]:
    lines = [f"energies: {figures['prices']['source']}"]
    if figures["training"] is None:
        lines.append("training: neither online nor tandem gradients are counted")
    else:
        lines[0] += f"; training: {figures['training']['pass']} pass, one gradient, float32"
    if figures["rate"] is None:
        return lines
    limit = figures["break_even_rate"]
    twin = "at no rate" if limit is None else f"below {cell(limit, '.3g', 100)} %"
    return [
        *lines,
        f"mean rate of events and spikes: {cell(figures['rate'], '.3g', 100)} % of all inputs and steps; cheaper than "
        f"its dense twin {twin}",
    ]
