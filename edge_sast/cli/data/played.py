"""A recording as a page plays it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge_sast.errors import EdgeSastError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from edge_sast.formats.contract import Sensor
    from edge_sast.formats.convert import Span
    from edge_sast.formats.source import FileOptions
    from edge_sast.report.events.player import NetworkView

MOST_PIXELS = 1 << 24  # of a picture


@dataclass(frozen=True)
class Played:
    """events: EVENT_DTYPE[n] in order of time, at least one. rates: events/s in parts of equal length."""

    name: str
    events: np.ndarray
    sensor: Sensor
    rates: np.ndarray
    said: str

    def page(self, network: NetworkView | None) -> bytes:
        from edge_sast.report.events.player import player_page

        return player_page(self.events, self.sensor, self.name, self.said, self.rates, network)


def read_played(source: Path, options: FileOptions, span: Span, sensor: Sensor | None = None) -> Played:
    """The events of the span. sensor: where neither the file nor the options say it; else as large as the events ask.

    Raises EdgeSastError for a file that cannot be read, or holds too much for a page, or nothing.
    """
    import numpy as np

    from edge_sast.events.census import Census
    from edge_sast.formats.contract import joined
    from edge_sast.formats.source import open_events
    from edge_sast.report.events.player import MOST_EVENTS

    taken, count = [], 0
    with open_events(source, options) as file:
        for chunk in span.of(file):
            count += len(chunk)
            if count > MOST_EVENTS:
                raise EdgeSastError(
                    f"{source}: holds more than the {MOST_EVENTS:,} events of a page; choose a part with --from-s and "
                    "--until-s, or a .gif"
                )
            taken.append(chunk)
        events = joined(taken)
        if not count:
            raise EdgeSastError(f"{source}: 0 events to show; check it with 'edge-sast data info {source}'")
        events = events[np.argsort(events["t"], kind="stable")]
        width, height = int(events["x"].max()) + 1, int(events["y"].max()) + 1
        said = file.sensor or sensor or (width, height)
        size = max(said[0], width), max(said[1], height)
        check_size(source, size)
        words = f"{file.format.name}, {size[0]}x{size[1]}, {count:,} events in "
        remarks = file.remarks()
    census = Census()
    census.add(events)
    if census.duration_us >= 1 << 32:
        raise EdgeSastError(f"{source}: lasts longer than a page's 4,294 s; choose a part with --until-s")
    told = "; ".join([f"{words}{census.duration_us * 1e-6:.4g} s", *remarks])
    return Played(source.name, events, size, census.rates(), told)


def check_size(source: Path, sensor: Sequence[int]) -> None:
    """Refuse a picture that no sensor asks for, but an event far outside it or a wrong size."""
    if sensor[0] * sensor[1] > MOST_PIXELS:
        raise EdgeSastError(
            f"{source}: a sensor of {sensor[0]}x{sensor[1]} pixels has more than the {MOST_PIXELS:,} that are shown; "
            "pass --sensor WxH with the real size, and --defects drop"
        )
