"""What a page is made of: plain values, which html.py writes and page.js draws, sorts and plays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Cell:
    """Of a table. value: what a column is sorted by, None last. share: 0 to 1, how dark it is; None: not at all."""

    text: str
    value: float | str | None = None
    share: float | None = None


@dataclass(frozen=True)
class Row:
    """run: the label of what it tells of, by which a reader hides it; "" of all."""

    cells: tuple[Cell, ...]
    run: str = ""


@dataclass(frozen=True)
class Table:
    """line: the command that gives the figures. fixed: an order that means something, which nobody sorts."""

    caption: str
    headers: Sequence[str]
    rows: tuple[Row, ...]
    line: str = ""
    fixed: bool = False


@dataclass(frozen=True)
class Series:
    """points: (x, y) or (x, y, low, high); of bars (from, to, y). kind: line, dot, bar. names: of points, or none."""

    name: str
    points: tuple[tuple[Any, ...], ...]
    kind: str = "line"
    run: str = ""
    dashed: bool = False
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Axis:
    """scale: linear, log where it spans much, sqrt, or band for names in the order of the points."""

    label: str
    scale: str = "linear"


@dataclass(frozen=True)
class Chart:
    """rules: (x, name) of lines across it. text: what it shows, for whoever does not see it."""

    title: str
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    text: str
    line: str = ""
    rules: tuple[tuple[float, str], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For page.js."""
        return {
            "x": {"label": self.x.label, "scale": self.x.scale},
            "y": {"label": self.y.label, "scale": self.y.scale},
            "title": self.title,
            "text": self.text,
            "rules": [list(rule) for rule in self.rules],
            "series": [
                {
                    "name": each.name,
                    "run": each.run,
                    "kind": each.kind,
                    "dashed": each.dashed,
                    "points": [list(point) for point in each.points],
                    "names": list(each.names),
                }
                for each in self.series
            ],
        }


@dataclass(frozen=True)
class Note:
    """One line."""

    text: str
    run: str = ""


@dataclass(frozen=True)
class Player:
    """A page of edge_sast.report.events.player, which is shown when it is asked for."""

    title: str
    page: str
    line: str = ""
    run: str = ""


Block = Table | Chart | Note | Player


@dataclass(frozen=True)
class Section:
    """key: of its address. Without blocks it is left out."""

    key: str
    title: str
    blocks: list[Block] = field(default_factory=list)


NOTHING = Cell("–")


def row(cells: Iterable[Any], run: str = "") -> Row:
    """cells: each a Cell, or a text that is one."""
    return Row(tuple(text(each) if isinstance(each, str) else each for each in cells), run)


def text(value: str) -> Cell:
    return Cell(value, value) if value else NOTHING


def number(value: Any, form: str = ",.4g", scale: float = 1.0) -> Cell:
    """A number, mean ± half the interval of several (see intervals.over_runs), or a dash for what is no number."""
    if isinstance(value, Mapping) and "mean" in value:
        mean = value["mean"]
        if "low" not in value:
            return number(mean, form, scale)
        half = (value["high"] - value["low"]) / 2
        return Cell(f"{scale * mean:{form}} ± {scale * half:{form}}", mean)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return NOTHING
    text = f"{scale * value:{form}}"
    return Cell(f"{scale * value:,.0f}" if "e+" in text else text, value)


def percent(value: Any, form: str = ".2f") -> Cell:
    return number(value, form, 100)


def count(value: Any) -> Cell:
    return number(value, ",.0f")


def middle(value: Any) -> float | None:
    """A number, or the mean of several runs; None of anything else."""
    if isinstance(value, Mapping):
        value = value.get("mean")
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def limits(value: Any, scale: float = 1.0) -> tuple[float, ...]:
    """Low and high of several runs' interval, for a point of a Series; none of one run's number."""
    if isinstance(value, Mapping) and {"low", "high"} <= value.keys():
        return value["low"] * scale, value["high"] * scale
    return ()


def said(series: Sequence[Series]) -> str:
    """First and last values of lines, or the greatest of others, as a sentence for who does not see them."""
    parts = []
    for each in series[:12]:
        values = [point[-1] if each.kind == "bar" else point[1] for point in each.points]
        if values and each.kind == "line":
            parts.append(f"{each.name} from {values[0]:.4g} to {values[-1]:.4g}")
        elif values:
            parts.append(f"{each.name} up to {max(values):.4g}")
    more = f"; {len(series) - 12} more" if len(series) > 12 else ""
    return "; ".join(parts) + more
