"""A study's plots: a curve over a setting, a scatter of two columns, or dots of several columns row by row.

Colours are Okabe and Ito's, which the colour-blind tell apart; each arm has its own marker as well. Bars are the range
over seeds, from the least to the largest.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from study_figures import COLUMNS, Cell, Plot, Results, Times, cells
from study_plan import Row, Section

from edge_sast.files import write_atomic

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f")
MARKERS = "osD^vP*X<>hd"
DPI = 130
DODGE = (
    0.16  # of a line's height between the columns of one row, so that their bars do not lie on one another
)


@dataclass(frozen=True)
class Line:
    """One row with its cells."""

    row: Row
    cells: dict[str, Cell]


def write(section: Section, results: Results, times: Times, folder: Path) -> list[Path]:
    """The section's plots as PNG files; one whose figures are not there yet is left out."""
    lines = [Line(row, cells(section, row, results, times)) for row in section.rows]
    written = []
    for i, plot in enumerate(section.plots):
        chosen = [line for line in lines if not plot.arms or line.row.arm in plot.arms]
        figure = draw(plot, chosen)
        if figure is None:
            continue
        path = folder / f"{section.name}-{i + 1}.png"
        picture = io.BytesIO()
        figure.savefig(picture, format="png", metadata={"Software": None})
        write_atomic(path, picture.getvalue())
        written.append(path)
    return written


def draw(plot: Plot, lines: Sequence[Line]) -> Figure | None:
    """None where no line has the columns."""
    from matplotlib.figure import Figure

    columns = plot.y if plot.kind != "scatter" else (*plot.y, plot.x)
    able = [line for line in lines if any(name in line.cells for name in plot.y)]
    if plot.kind == "scatter":
        able = [line for line in able if all(name in line.cells for name in columns)]
    if not able:
        return None
    if plot.kind == "dots":
        figure = Figure(figsize=(8, 1.6 + 0.32 * len(able)), dpi=DPI, layout="constrained")
        _dots(figure.add_subplot(), plot, able)
    else:
        figure = Figure(figsize=(1.2 + 4.6 * len(plot.y), 4.4), dpi=DPI, layout="constrained")
        paint = _curve if plot.kind == "curve" else _scatter
        panels = figure.subplots(1, len(plot.y), squeeze=False)[0]
        for axes, column in zip(panels, plot.y, strict=True):
            paint(axes, plot, able, column)
            axes.set_ylabel(COLUMNS[column].axis)
    for axes in figure.axes:
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.get_layout_engine().set(wspace=0.06)
    told = {label: handle for axes in figure.axes for handle, label in _legend(axes)}
    figure.legend(
        list(told.values()), list(told), loc="outside upper center", ncols=4, frameon=False, fontsize=8
    )
    return figure


def _legend(axes: Axes) -> Iterator[tuple[Artist, str]]:
    """Markers and lines without their bars, which would cover the marker."""
    from matplotlib.container import ErrorbarContainer

    for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
        yield (handle[0] if isinstance(handle, ErrorbarContainer) else handle), label


def _log_axis(axes: Axes) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _curve(axes: Axes, plot: Plot, lines: Sequence[Line], column: str) -> None:
    """A line for each arm; an arm that does not vary x is a level across the panel."""
    arms = _arms(lines, plot.x)
    for index, (arm, members) in enumerate(arms.items()):
        style = _style(index)
        points = [
            (dict(line.row.point)[plot.x], line.cells[column])
            for line in members
            if column in line.cells and plot.x in dict(line.row.point)
        ]
        if points:
            points.sort(key=lambda point: point[0])
            y, bars = _bars([cell for _, cell in points], column)
            axes.errorbar([x for x, _ in points], y, bars, lw=1.4, label=arm, **style)
        elif column in members[0].cells:
            level = COLUMNS[column].scale * members[0].cells[column].mean
            axes.axhline(level, color=style["color"], ls="--", lw=1.2, label=arm)
    values = sorted({dict(line.row.point)[plot.x] for line in lines if plot.x in dict(line.row.point)})
    if plot.log_x:
        axes.set_xscale("log")
    axes.set_xticks(values, [str(value) for value in values])
    axes.minorticks_off()
    axes.set_xlabel(
        {"beta": "slope β of the surrogate", "rho": "radius ρ"}.get(plot.x, plot.x.replace("_", " "))
    )
    axes.margins(0.06)


def _scatter(axes: Axes, plot: Plot, lines: Sequence[Line], column: str) -> None:
    """A point for each row, in the colour of its arm; the points of one arm are joined in the order of the grid."""
    for index, (arm, members) in enumerate(_arms(lines).items()):
        x, x_bars = _bars([line.cells[plot.x] for line in members], plot.x)
        y, y_bars = _bars([line.cells[column] for line in members], column)
        axes.errorbar(x, y, y_bars, x_bars, lw=0.8, label=arm, **_style(index))
        for line, across, up in zip(members, x, y, strict=True):
            if line.row.point:
                told = ", ".join(str(value) for _, value in line.row.point)
                axes.annotate(told, (across, up), xytext=(5, 4), textcoords="offset points", fontsize=7)
    if plot.log_x:
        _log_axis(axes)
    axes.set_xlabel(COLUMNS[plot.x].axis)
    axes.margins(0.12)


def _dots(axes: Axes, plot: Plot, lines: Sequence[Line]) -> None:
    """A line for each row, its columns on one scale, joined."""
    for index, column in enumerate(plot.y):
        have = [(place, line.cells[column]) for place, line in enumerate(lines) if column in line.cells]
        if have:
            x, bars = _bars([cell for _, cell in have], column)
            label = COLUMNS[column].axis
            y = [place + DODGE * (index - (len(plot.y) - 1) / 2) for place, _ in have]
            axes.errorbar(x, y, xerr=bars, ls="none", label=label, **_style(index + 1))
    for place, line in enumerate(lines):
        ends = [COLUMNS[name].scale * line.cells[name].mean for name in plot.y if name in line.cells]
        axes.plot([min(ends), max(ends)], [place, place], color="#7f7f7f", lw=1, zorder=0)
    axes.set_yticks(range(len(lines)), [line.row.label for line in lines])
    axes.invert_yaxis()
    if len(plot.y) == 1:
        axes.set_xlabel(COLUMNS[plot.y[0]].axis)
    elif all(COLUMNS[name].axis.startswith("accuracy") for name in plot.y):
        axes.set_xlabel("accuracy on validation recordings, %")


def _bars(found: Iterable[Cell], column: str) -> tuple[list[float], tuple[list[float], list[float]]]:
    """Means, and the lengths of the bars below and above them."""
    each = [(cell.mean, cell.mean - cell.least, cell.most - cell.mean) for cell in found]
    scale = COLUMNS[column].scale
    means, below, above = (
        [scale * max(value, 0) if k else scale * value for value in part]
        for k, part in enumerate(zip(*each, strict=True))
    )
    return means, (below, above)


def _style(index: int) -> dict[str, object]:
    return {
        "color": COLOURS[index % len(COLOURS)],
        "marker": MARKERS[index % len(MARKERS)],
        "ms": 5,
        "capsize": 2,
        "elinewidth": 0.8,
    }


def _arms(lines: Sequence[Line], x: str | None = None) -> dict[str, list[Line]]:
    """Lines by arm, in order; with `x`, by arm and the settings that vary beside x."""
    arms: dict[str, list[Line]] = {}
    for line in lines:
        beside = [f"{axis} {value}" for axis, value in line.row.point if x is not None and axis != x]
        arms.setdefault(", ".join([line.row.arm, *beside]), []).append(line)
    return arms
