"""A stream as one picture: outputs of the classes over time, the answers, and the events below them."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

MOST_NAMES = 12  # of classes in the legend


def stream_plot(
    classes: Sequence[str], end_us: np.ndarray, outputs: np.ndarray, answers: np.ndarray, events: np.ndarray
) -> bytes:
    """A PNG.

    Args:
        end_us: int64 [n], the end of each step. outputs: int [n, classes]. answers: int [n], -1 for none.
        events: EVENT_DTYPE [m], shown by row and time.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6), dpi=120, layout="constrained")
    upper, middle, lower = figure.subplots(3, 1, sharex=True, height_ratios=[5, 1, 3])
    first = int(events["t"][0]) if len(events) else int(end_us[0]) if len(end_us) else 0
    seconds = (end_us - first) * 1e-6
    for number, name in enumerate(classes[: outputs.shape[1]]):
        label = name if number < MOST_NAMES else None
        upper.plot(seconds, outputs[:, number], lw=1, color=f"C{number % 10}", label=label)
    upper.set_ylabel("outputs")
    upper.legend(fontsize=7, ncols=2, loc="upper left")
    for number in np.unique(answers[answers >= 0]):
        chosen = answers == number
        middle.plot(seconds[chosen], np.full(chosen.sum(), number), "s", ms=3, color=f"C{number % 10}")
    middle.set_yticks(range(len(classes)), classes, fontsize=5)
    middle.set_ylabel("answer")
    for polarity, colour in ((1, "tab:blue"), (0, "tab:red")):
        some = events[events["p"] == polarity]
        lower.plot((some["t"] - first) * 1e-6, some["y"], ",", color=colour, alpha=0.5)
    lower.invert_yaxis()
    lower.set_ylabel("row of events")
    lower.set_xlabel("seconds after the first event")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
