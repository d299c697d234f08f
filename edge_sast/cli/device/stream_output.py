"""How decisions on a stream are shown: lines of JSON, CSV, one line of a terminal that moves, a plot."""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from edge_sast.terminal import echo, printable

if TYPE_CHECKING:
    import numpy as np

    from edge_sast.model.model import Model
    from edge_sast.streaming.session import Answered

PLOTTED_STEPS, PLOTTED_EVENTS = 100_000, 200_000
REDRAW_S = 0.05
BAR = 20  # characters


class Output:
    """Writes decisions as they come, and keeps what a plot needs."""

    def __init__(self, model: Model, form: str, complete: bool, stream: TextIO, keep: bool) -> None:
        self.model, self.complete, self.stream, self.keep = model, complete, stream, keep
        self.write_rows: Callable[[Answered], None] = {
            "jsonl": self._json,
            "csv": self._csv,
            "live": self._live,
        }[form]
        self.kept: list[Answered] = []
        self._drawn = 0.0
        if form == "csv":
            self._table = csv.writer(stream, lineterminator="\n")
            self._table.writerow(
                (
                    "end_us",
                    "begin_us",
                    "steps",
                    "complete",
                    "class",
                    "answer",
                    "margin",
                    "events",
                    "synops",
                    *model.classes,
                )
            )

    def write(self, answered: Answered) -> None:
        """The decisions of some steps."""
        if answered.remark:
            echo(f"warning: {answered.remark}", error=True)
        if self.keep:
            self.kept.append(answered)
        self.write_rows(answered)
        self.stream.flush()

    def plot(self, path: str) -> None:
        """A PNG of what was written."""
        from edge_sast.files import write_atomic
        from edge_sast.report.events.stream_plot import stream_plot

        write_atomic(path, stream_plot(self.model.classes, *_plotted(self.kept)))

    def _rows(self, answered: Answered) -> Iterator[dict[str, object]]:
        names, found = self.model.classes, answered.decisions
        for i in range(len(found)):
            if self.complete and not found.complete[i]:
                continue
            answer = int(answered.answers[i])
            yield {
                "end_us": int(found.end_us[i]),
                "begin_us": int(found.begin_us[i]),
                "steps": int(found.steps[i]),
                "complete": bool(found.complete[i]),
                "class": names[int(found.classes[i])],
                "answer": names[answer] if answer >= 0 else None,
                "margin": int(answered.margins[i]),
                "events": int(found.events[i]),
                "synops": int(found.synops[i]),
                "outputs": found.outputs[i].tolist(),
            }

    def _json(self, answered: Answered) -> None:
        self.stream.writelines(json.dumps(row) + "\n" for row in self._rows(answered))

    def _csv(self, answered: Answered) -> None:
        for row in self._rows(answered):
            outputs = row.pop("outputs")
            assert isinstance(outputs, list)
            row["complete"] = int(bool(row["complete"]))
            self._table.writerow([*("" if value is None else value for value in row.values()), *outputs])

    def _live(self, answered: Answered) -> None:
        rows = list(self._rows(answered))
        now = time.monotonic()
        if not rows or now - self._drawn < REDRAW_S:
            return
        self._drawn = now
        row = rows[-1]
        outputs = row["outputs"]
        assert isinstance(outputs, list)
        low, high = min(outputs), max(outputs)
        level = (outputs[self.model.classes.index(str(row["class"]))] - low) / max(high - low, 1)
        name = printable(str(row["answer"] or "-"))
        bar = "█" * round(level * BAR * min(1.0, float(str(row["margin"])) / max(high - low, 1) + 0.05))
        begun = int(str(row["end_us"])) * 1e-6
        text = f"{begun:12.3f} s  {name:<16.16}  margin {row['margin']:>8}  {bar:<{BAR}}  {row['events']:>7} events"
        self.stream.write(f"\r{text}\x1b[K")


@contextmanager
def output_of(args: argparse.Namespace, model: Model) -> Iterator[Output]:
    """Where and how the options say. Raises EdgeSastError for a file that cannot be written."""
    from edge_sast.errors import EdgeSastError

    form = args.form or ("live" if args.out is None and sys.stdout.isatty() else "jsonl")
    if args.out is None:
        yield Output(model, form, args.complete, sys.stdout, bool(args.plot))
        if form == "live":
            sys.stdout.write("\n")
        return
    try:
        with open(args.out, "w", encoding="utf-8", newline="") as stream:
            yield Output(model, form, args.complete, stream, bool(args.plot))
    except OSError as error:
        raise EdgeSastError(
            f"--out {args.out}: cannot be written ({error.strerror or error}); choose another file"
        ) from error


def _plotted(kept: list[Answered]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Times, outputs, answers, and events, thinned evenly to what a picture shows."""
    import numpy as np

    from edge_sast.events.recording import EVENT_DTYPE

    parts = [answered for answered in kept if len(answered.decisions)]
    if not parts:
        return np.zeros(0), np.zeros((0, 1)), np.zeros(0, int), np.empty(0, EVENT_DTYPE)
    every = -(-sum(len(part.decisions) for part in parts) // PLOTTED_STEPS)
    end = np.concatenate([part.decisions.end_us for part in parts])[::every]
    outputs = np.concatenate([part.decisions.outputs for part in parts])[::every]
    answers = np.concatenate([part.answers for part in parts])[::every]
    events = np.concatenate([answered.events for answered in kept])
    return end, outputs, answers, events[:: max(1, len(events) // PLOTTED_EVENTS)]
