"""How decisions on a stream are shown: lines of JSON, CSV, one line of a terminal that moves, a plot."""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from edge_sast.terminal import echo, printable

if TYPE_CHECKING:
    from edge_sast.model.model import Model
    from edge_sast.streaming.session import Answered

COLUMNS = ("end_us", "begin_us", "steps", "complete", "class", "answer", "margin", "events", "synops")
REDRAW_SECONDS = 0.05
BAR = 20  # characters
NAME = 16


class Output:
    """Writes decisions as they come, and keeps what a plot needs."""

    def __init__(self, args: argparse.Namespace, form: str, model: Model, stream: TextIO) -> None:
        from edge_sast.report.events.stream_record import StreamRecord

        self._form, self._model, self._stream = form, model, stream
        self._complete, self._out = args.complete, args.out
        self._record = StreamRecord(len(model.classes)) if args.plot else None
        self._drawn = 0.0
        self._line = ""  # of a terminal, not drawn yet
        if form == "csv":
            self._write(_csv([[*COLUMNS, *model.classes]]))

    def take(self, answered: Answered) -> None:
        """The decisions of some steps.

        Raises EdgeSastError for a file that cannot be written.
        """
        if self._record is not None:
            found = answered.decisions
            self._record.add(found.end_us, answered.answers, found.outputs, answered.events)
        if answered.remark:
            self._say(answered.remark)
        if self._form == "live":
            self._draw(answered)
        elif self._form == "csv":
            self._write(_csv([[*_cells(row), *outputs] for row, outputs in self._rows(answered)]))
        else:
            lines = [json.dumps({**row, "outputs": outputs}) for row, outputs in self._rows(answered)]
            self._write("".join(f"{line}\n" for line in lines))

    def end(self) -> None:
        """What a terminal shows last."""
        if self._form == "live":
            self._write(f"{self._line}\n")

    def plot(self, path: str) -> None:
        """A PNG of what was taken."""
        from edge_sast.files import write_atomic
        from edge_sast.report.events.stream_plot import stream_plot

        assert self._record is not None
        write_atomic(path, stream_plot(self._model.classes, self._record))

    def _rows(self, answered: Answered) -> Iterator[tuple[dict[str, object], list[int]]]:
        """What is written of each decision, and its outputs."""
        names, found = self._model.classes, answered.decisions
        for i in range(len(found)):
            if self._complete and not found.complete[i]:
                continue
            answer = int(answered.answers[i])
            values = (
                int(found.end_us[i]),
                int(found.begin_us[i]),
                int(found.steps[i]),
                bool(found.complete[i]),
                names[int(found.classes[i])],
                names[answer] if answer >= 0 else None,
                int(answered.margins[i]),
                int(found.events[i]),
                int(found.synops[i]),
            )
            yield dict(zip(COLUMNS, values, strict=True)), found.outputs[i].tolist()

    def _draw(self, answered: Answered) -> None:
        rows = list(self._rows(answered))
        if rows:
            row, outputs = rows[-1]
            self._line = f"\r{_live_line(row, outputs)}\x1b[K"
        now = time.monotonic()
        if self._line and now - self._drawn >= REDRAW_SECONDS:
            self._drawn = now
            self._write(self._line)
            self._line = ""

    def _say(self, remark: str) -> None:
        if self._form == "live":
            self._write("\r\x1b[K")  # so that the line stands alone
        echo(f"warning: {remark}", error=True)

    def _write(self, text: str) -> None:
        """In one piece, so that a process that is killed leaves whole lines."""
        from edge_sast.errors import EdgeSastError

        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError as error:
            if not self._out or isinstance(error, BrokenPipeError):
                raise  # a closed pipe, or a full disk behind it: told as everywhere
            raise EdgeSastError(
                f"--out {self._out}: cannot be written ({error.strerror or error}); choose another file"
            ) from error


@contextmanager
def output_of(args: argparse.Namespace, model: Model) -> Iterator[Output]:
    """Where and how the options say.

    Raises EdgeSastError for a file that cannot be written.
    """
    from edge_sast.errors import EdgeSastError

    form = args.form or ("live" if args.out is None and sys.stdout.isatty() else "jsonl")
    if args.out is None:
        yield Output(args, form, model, sys.stdout)
        return
    try:
        Path(args.out).parent.mkdir(parents=True, exist_ok=True)
        stream = open(args.out, "w", encoding="utf-8", newline="")  # noqa: SIM115 # closed below
    except OSError as error:
        raise EdgeSastError(
            f"--out {args.out}: cannot be written ({error.strerror or error}); choose another file"
        ) from error
    try:
        yield Output(args, form, model, stream)
    finally:
        with suppress(OSError):  # all was flushed, or told
            stream.close()


def _cells(row: dict[str, object]) -> list[object]:
    return [
        "" if value is None else int(value) if isinstance(value, bool) else value for value in row.values()
    ]


def _csv(rows: list[list[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _live_line(row: dict[str, object], outputs: list[int]) -> str:
    """Time, answer, and how far the largest output leads: a whole bar is the range of all outputs."""
    margin = int(str(row["margin"]))
    lead = margin / max(max(outputs) - min(outputs), margin, 1)
    bar = "█" * round(lead * BAR)
    name = printable(str(row["answer"] or "-"))
    return (
        f"{int(str(row['end_us'])) * 1e-6:12.3f} s  {name:<{NAME}.{NAME}}  margin {margin:>8}  |{bar:<{BAR}}|  "
        f"{row['events']:>7} events"
    )
