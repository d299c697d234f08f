"""What one event file holds and says, and what is wrong with it; in memory that does not grow with the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_sast.events.census import Census
from edge_sast.formats.contract import Header, Sensor
from edge_sast.formats.defects import Defects
from edge_sast.formats.source import FileOptions, open_events

HOT_FACTOR = 20  # times the median of a pixel's neighbours
SHOWN_PIXELS = 5
BARS = " ▁▂▃▄▅▆▇█"
COLUMNS = 48  # of the rate over time


@dataclass(frozen=True)
class FileSummary:
    """name, format_name: what was read. header, sensor: as the file, or the user, says. census: of the events as the
    policy leaves them."""

    name: str
    format_name: str
    header: Header
    sensor: Sensor | None
    census: Census
    defects: Defects

    def lines(self) -> list[str]:
        """The summary as text."""
        census, seconds = self.census, self.census.duration_us * 1e-6
        size = "{}x{}".format(*self.sensor) if self.sensor else "sensor not said"
        lines = [f"{self.name}: {self.format_name}, {size}"]
        if census.events:
            column, row = census.last_pixel
            rates = census.rates()
            on = 100 * census.on / census.events
            lines += [
                f"  events      {census.events:,}, {on:.1f} % ON, columns up to {column}, rows up to {row}",
                f"  time        {seconds:.6g} s, from {census.least_us:,} to {census.last_us:,} µs",
                f"  events/s    {_mean(census):,.0f}; in {_unit(census.bin_us)} least {rates.min():,.0f}, median "
                f"{np.median(rates):,.0f}, most {rates.max():,.0f}",
                f"              |{_bars(rates)}|",
            ]
            lines += self._hot_line()
        else:
            lines.append("  events      0")
        lines += [f"  file says   {what}: {value}" for what, value in self.header.said]
        lines += [f"  taken       {sentence}" for sentence in self.header.assumed]
        lines += [f"  left out    {sentence}" for sentence in self.header.left_out]
        lines += [f"  defects     {count:,} x {kind}" for kind, count in self.defects.counts.items() if count]
        return lines

    def complaints(self) -> list[str]:
        """One line for each kind of defect, and for a file without events."""
        if not self.census.events and not self.defects.total:
            return [f"{self.name}: 0 events; record or convert it again, or leave it out"]
        return [
            f"{message} ({self.defects.counts[kind]:,} x {kind} in this file)"
            for kind, message in self.defects.first.items()
        ]

    def figures(self) -> dict[str, Any]:
        """The summary as plain JSON values."""
        census = self.census
        hot = census.hot_pixels(HOT_FACTOR)
        return {
            "file": self.name,
            "format": self.format_name,
            "sensor": list(self.sensor) if self.sensor else None,
            "said": dict(self.header.said),
            "assumed": list(self.header.assumed),
            "left_out": list(map(str, self.header.left_out)),
            "events": census.events,
            "on": census.on,
            "first_us": census.least_us if census.events else None,
            "last_us": census.last_us if census.events else None,
            "rate_bin_us": census.bin_us,
            "rate_events_per_s": census.rates().tolist(),
            "hot_pixels": [dict(zip(("x", "y", "events"), row, strict=True)) for row in hot.tolist()],
            "defects": {str(kind): count for kind, count in self.defects.counts.items()},
            "first_defects": {str(kind): message for kind, message in self.defects.first.items()},
        }

    def _hot_line(self) -> list[str]:
        hot = self.census.hot_pixels(HOT_FACTOR)
        if not len(hot):
            return []
        shown = ", ".join(f"({x}, {y}) {count:,}" for x, y, count in hot[:SHOWN_PIXELS].tolist())
        more = ", ..." if len(hot) > SHOWN_PIXELS else ""
        return [
            f"  hot pixels  {len(hot)} of more than {HOT_FACTOR} x their neighbours: (x, y) events {shown}{more}"
        ]


def summarise_file(path: Path, options: FileOptions) -> FileSummary:
    """Read a file to its end. Raises EdgeSastError as `open_events` does."""
    with open_events(path, options) as file:
        census = Census.of_sensor(file.sensor)
        for chunk in file.chunks:
            census.add(chunk)
    return FileSummary(file.name, file.format.name, file.header, file.sensor, census, file.defects)


def _mean(census: Census) -> float:
    return census.events / max(census.duration_us, 1) * 1e6


def _unit(bin_us: int) -> str:
    return f"{bin_us} µs" if bin_us < 1000 else f"{bin_us / 1000:.4g} ms"


def _bars(rates: np.ndarray) -> str:
    """The rate over time, a character for each part of it."""
    parts = np.array_split(rates, min(COLUMNS, len(rates)))
    means = np.array([part.mean() for part in parts])
    levels = np.ceil(means / max(means.max(), 1e-9) * (len(BARS) - 1)).astype(int)
    return "".join(BARS[level] for level in levels)
