"""A sweep as a picture: accuracy against SynOps, with the front."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edge_sast.cli.sweep.pareto import pareto_front
from edge_sast.cli.sweep.report import Group, short
from edge_sast.files import write_atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LABELS = 8  # a front of more points is read in the table
MOST_KINDS = 8  # an option with more values is no colour code
MARGIN = 0.15  # of the range, for labels


def available() -> bool:
    """Whether Matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def write(groups: Sequence[Group], objectives: Sequence[str], path: Path) -> None:
    """A PNG with one point for each group and bars from the least to the largest over seeds.

    Colours tell the first option that varies by name. The line is the front of accuracy and SynOps alone; a ring is
    around each group that stands on the front of all objectives.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    kinds = _kinds(groups)
    for kind in dict.fromkeys(kinds):
        members = [group for group, of in zip(groups, kinds, strict=True) if of == kind]
        x, y = _points(members, "synops_per_sample", 1e-3), _points(members, "accuracy", 100)
        axes.errorbar(x[0], y[0], xerr=x[1], yerr=y[1], fmt="o", ms=5, lw=0.8, capsize=2, label=kind or None)
    best = [group for group in groups if group.pareto]
    x, y = _points(best, "synops_per_sample", 1e-3), _points(best, "accuracy", 100)
    told = f"nothing beats it in {', '.join(objectives)}"
    axes.plot(x[0], y[0], "o", ms=11, mfc="none", mec="black", mew=1, ls="none", label=told)
    _front_line(axes, groups)
    for group, across, up in zip(best, x[0], y[0], strict=True):
        if len(best) <= MOST_LABELS:
            axes.annotate(
                "\n".join(f"{name.replace('_', '-')} {short(text)}" for name, text in group.texts.items()),
                (across, up),
                xytext=(9, -9),
                textcoords="offset points",
                fontsize=7,
                va="top",
            )
    axes.set_xlabel("SynOps per recording, thousands")
    axes.set_ylabel("accuracy of the integer model on validation data, %")
    axes.margins(MARGIN)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=4, frameon=False, fontsize=8)
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    write_atomic(path, picture.getvalue())


def _kinds(groups: Sequence[Group]) -> list[str]:
    """What colours a group: the value of the first option with few values, names before numbers."""
    names = list(groups[0].texts)
    values = {name: {group.texts[name] for group in groups} for name in names}
    able = [name for name in names if 1 < len(values[name]) <= MOST_KINDS]
    able.sort(key=lambda name: all(_is_number(text) for text in values[name]))
    if not able:
        return [""] * len(groups)
    return [f"{able[0].replace('_', '-')} {short(group.texts[able[0]])}" for group in groups]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _points(
    groups: Sequence[Group], name: str, scale: float
) -> tuple[list[float], tuple[list[float], list[float]]]:
    """Means, and the lengths of the bars below and above them."""
    spreads = [group.spread[name] for group in groups]
    means = [scale * mean for mean, _, _ in spreads]
    below = [scale * (mean - low) for mean, low, _ in spreads]
    above = [scale * (high - mean) for mean, _, high in spreads]
    return means, ([max(0.0, b) for b in below], [max(0.0, a) for a in above])


def _front_line(axes: Axes, groups: Sequence[Group]) -> None:
    """A staircase: the accuracy that so many SynOps reach."""
    across, up = (
        _points(groups, name, scale)[0] for name, scale in (("synops_per_sample", 1e-3), ("accuracy", 100))
    )
    front = pareto_front([[x, -y] for x, y in zip(across, up, strict=True)])
    corners = sorted((x, y) for x, y, on in zip(across, up, front, strict=True) if on)
    axes.plot(
        *zip(*corners, strict=True),
        drawstyle="steps-post",
        color="black",
        lw=0.8,
        ls="--",
        zorder=1,
        label="front of accuracy and SynOps",
    )
