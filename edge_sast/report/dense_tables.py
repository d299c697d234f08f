"""A spiking network beside a dense one, row by row, and a sentence that says who wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SIDES = ("spiking", "dense")
EVEN = 0.005  # figures that differ by less of themselves are even, but for accuracies
NAMES = {"spiking": "the spiking network", "dense": "the dense CNN"}


@dataclass(frozen=True)
class Row:
    """One figure of both. unit: "%" is an accuracy, of which more is better; of all others less is."""

    name: str
    unit: str
    spiking: float
    dense: float

    @property
    def winner(self) -> str | None:
        """Who has the better figure; None of even ones."""
        more = self.unit == "%"
        nearly = 0 if more else EVEN * max(self.spiking, self.dense)
        if abs(self.spiking - self.dense) <= nearly:
            return None
        return SIDES[(self.spiking > self.dense) != more]

    @property
    def margin(self) -> float | None:
        """Points of accuracy, else how many times less; None where the smaller figure is 0."""
        if self.unit == "%":
            return abs(self.spiking - self.dense)
        least, most = sorted((self.spiking, self.dense))
        return most / least if least else None

    def figures(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "name": self.name,
            "unit": self.unit,
            "spiking": self.spiking,
            "dense": self.dense,
            "winner": self.winner,
            "margin": self.margin,
        }

    def cells(self) -> list[str]:
        """For a table."""
        shown = [self._shown(value) for value in (self.spiking, self.dense)]
        won = "even" if self.winner is None else f"{self.winner}{self._by(' by {}', ', {}')}"
        return [f"{self.name}, {self.unit}" if self.unit else self.name, *shown, won]

    def _shown(self, value: float) -> str:
        return {"%": f"{value:.2f}", "ms": f"{value:.1f}"}.get(self.unit, f"{value:,.0f}")

    def _by(self, points: str, times: str) -> str:
        if self.margin is None:
            return ""
        if self.unit == "%":
            return points.format(f"{self.margin:.2f} points")
        return times.format(f"{self.margin:.2f} x less")


def verdict(rows: Sequence[Row]) -> str:
    """One sentence: on which rows each side wins, and by how much."""
    parts = []
    for side in SIDES:
        won = [f"{row.name}{row._by(' ({})', ' ({})')}" for row in rows if row.winner == side]
        if won:
            parts.append(f"{NAMES[side]} wins on {_listed(won)}")
    even = [row.name for row in rows if row.winner is None]
    if even:
        parts.append(f"both are even on {_listed(even)}")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
