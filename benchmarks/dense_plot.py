"""The plot of dense.py: cost of a decision over the rate of events, beside the dense network's."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edge_sast.files import write_atomic

if TYPE_CHECKING:
    from dense import Comparison
    from matplotlib.axes import Axes

COLOURS = {1: "#0072b2", 5: "#d55e00", 10: "#009e73"}  # steps per decision; Okabe and Ito's colours
MARKERS = {1: "o", 5: "s", 10: "D"}
STYLES = ("--", "-", ":")  # of the dense kernels, plain C first
DPI = 110


def write(compared: Sequence[Comparison], folder: Path) -> Path:
    """dense.png in `folder`: a column for each network, rows for instructions and estimated cycles."""
    from matplotlib.figure import Figure

    units = compared[0].units()[:2]
    size = (4.2 * len(compared), 3.4 * len(units) + 0.6)
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    axes = figure.subplots(len(units), len(compared), squeeze=False)
    for row, unit in zip(axes, units, strict=True):
        for ax, comparison in zip(row, compared, strict=True):
            _draw(ax, comparison, unit)
    named = {
        label: handle
        for ax in axes.flat
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)
    }
    figure.legend(named.values(), named.keys(), loc="outside lower center", ncols=4, fontsize=8)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    path = folder / "dense.png"
    write_atomic(path, picture.getvalue())
    return path


def _draw(ax: Axes, comparison: Comparison, unit: str) -> None:
    from dense import CMSIS_NN, DECISIONS
    from dense_cases import EVENTS_A_SPIKE

    rates = [100 * point.rate for point in comparison.points]
    for steps in DECISIONS:
        look = {"color": COLOURS[steps], "marker": MARKERS[steps], "markersize": 4}
        costs = [point.decision(unit, steps) for point in comparison.points]
        name = "spiking, 1 step" if steps == 1 else f"spiking, {steps} steps"
        ax.plot(rates, costs, label=name, **look)
        if comparison.recorded:
            cost = comparison.recorded.decision(unit, steps)
            name = "its own recordings" if steps == DECISIONS[-1] else None
            ax.plot(
                100 * comparison.recorded.rate, cost, "*", color=COLOURS[steps], markersize=12, label=name
            )
    rivals = [(f"dense {figures.title}", figures.cost.of(unit)) for figures in comparison.dense]
    if comparison.case.name.startswith("reference") and (comparison.core, unit) == (
        "cortex-m4",
        "instructions",
    ):
        rivals.append(("dense CMSIS-NN", CMSIS_NN))
    for (title, cost), style in zip(rivals, STYLES, strict=False):
        ax.axhline(cost, color="black", linestyle=style, linewidth=1, label=title)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_title(comparison.case.title, fontsize=9)
    ax.set_xlabel(f"input spikes per step, % ({EVENTS_A_SPIKE:g} events each)")
    ax.set_ylabel(unit if unit == "instructions" else f"estimated cycles, {unit}")
    ax.grid(True, which="major", linewidth=0.4)
