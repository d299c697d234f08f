"""A stream as one picture: outputs of the classes over time, the answers, and the events below them."""

from __future__ import annotations

import io
from collections.abc import Sequence

from edge_sast.report.events.stream_record import StreamRecord

MOST_NAMES = 12  # of classes in the legend
SMALLEST_NAMES = 30  # classes beyond which their names do not fit beside the answers


def stream_plot(classes: Sequence[str], record: StreamRecord) -> bytes:
    """A PNG of what a stream gave; events are shown by row and time."""
    from matplotlib.figure import Figure

    steps, events = record.outputs.rows(), record.events.rows()
    begins = [rows[0] for rows in (steps[:, 0], events["t"]) if len(rows)]
    begin = int(min(begins, default=0))
    seconds, answers = (steps[:, 0] - begin) * 1e-6, steps[:, 1]
    figure = Figure(figsize=(10, 7), dpi=120, layout="constrained")
    upper, middle, lower = figure.subplots(3, 1, sharex=True, height_ratios=[5, 2, 3])
    for number, name in enumerate(classes):
        style = {"lw": 1, "color": _colour(number), "label": name if number < MOST_NAMES else None}
        upper.plot(seconds, steps[:, 2 + number], drawstyle="steps-post", **style)
        chosen = answers == number
        middle.plot(seconds[chosen], answers[chosen], "s", ms=3, color=_colour(number))
    upper.set_ylabel("outputs")
    upper.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))
    if len(classes) <= SMALLEST_NAMES:
        middle.set_yticks(range(len(classes)), classes, fontsize=6)
    middle.set_ylim(len(classes) - 0.5, -0.5)
    middle.set_ylabel("answer")
    for polarity, colour, name in ((1, "tab:blue", "ON"), (0, "tab:red", "OFF")):
        some = events[events["p"] == polarity]
        dots = lower.plot((some["t"] - begin) * 1e-6, some["y"], ",", color=colour)
        dots[0].set_label(name)
    lower.invert_yaxis()
    lower.set_ylabel("row of events")
    lower.set_xlabel(f"seconds from {begin:,} µs on")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _colour(number: int) -> str:
    return f"C{number % 10}"
