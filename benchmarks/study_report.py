"""docs/results.md from hand-written text and a study's figures.

`study_text/intro.md`, one `study_text/SECTION.md` for each section, and `outro.md` are copied, with what stands in
double braces replaced:

    {{table}}            the section's rows and columns: mean over seeds (least to largest)
    {{arms}}             what each arm is: settings, and gradient evaluations
    {{settings}}         what all runs of the section share
    {{figures}}          the section's plots
    {{ROW: COLUMN}}      one figure, as {{sast, beta 1: gap}}; a dash where there is none yet
    {{machine}}          in intro and outro: where the runs were made
    {{sections}}         in intro and outro: a table of contents, with the number of runs

A section without a file gets its title, arms, table and plots.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from study_figures import COLUMNS, WHOLE, Cell, Results, Times, cells, finished
from study_plan import DATA, Row, Run, Section

from edge_sast.errors import EdgeSastError
from trainer.settings.checks import flag

PLAIN = "{{settings}}\n\n{{arms}}\n\n{{table}}\n\n{{figures}}\n"
MARK = re.compile(r"\{\{(.+?)\}\}")
DASH = "–"


@dataclass(frozen=True)
class Report:
    """What there is to report. figures: section -> paths of its plots, as the document links them."""

    sections: Sequence[Section]
    results: Results
    times: Times
    plots: dict[str, list[str]]

    def document(self, texts: Path) -> str:
        """The Markdown. Raises EdgeSastError for braces that name nothing."""
        parts = [self._frame(texts / "intro.md")]
        for section in self.sections:
            file = texts / f"{section.name}.md"
            text = file.read_text() if file.exists() else PLAIN
            parts.append(f"## {section.title}\n\n{self._filled(section, text, file)}")
        return "\n".join([*parts, self._frame(texts / "outro.md")]).strip() + "\n"

    def _frame(self, file: Path) -> str:
        """The text before or after the sections."""
        made: dict[str, Callable[[], str]] = {"machine": self.machine, "sections": self.contents}

        def fill(match: re.Match[str]) -> str:
            if match[1] not in made:
                raise EdgeSastError(f"{file}: {match[0]} is unknown; choose {', '.join(made)}")
            return made[match[1]]()

        return MARK.sub(fill, file.read_text()) if file.exists() else ""

    def _filled(self, section: Section, text: str, file: Path) -> str:
        made: dict[str, Callable[[], str]] = {
            "table": lambda: self.table(section),
            "arms": lambda: arms_table(section),
            "settings": lambda: shared_line(section),
            "figures": lambda: self.pictures(section),
        }

        def fill(match: re.Match[str]) -> str:
            if match[1] in made:
                return made[match[1]]()
            label, _, column = match[1].rpartition(": ")
            row = next((row for row in section.rows if row.label == label), None)
            if row is None or column not in COLUMNS:
                raise EdgeSastError(
                    f"{file}: {match[0]} is neither {', '.join(made)} nor ROW: COLUMN; rows are "
                    f"{'; '.join(row.label for row in section.rows)}"
                )
            found = cells(section, row, self.results, self.times)
            return number(column, found[column].mean) if column in found else DASH

        return MARK.sub(fill, text)

    def table(self, section: Section) -> str:
        """One line per row, then what is missing or stopped."""
        if not any(finished(run, self.results) for row in section.rows for run in row.runs):
            return "**No run of this section is there yet.**"
        lines = []
        for row in section.rows:
            found = cells(section, row, self.results, self.times)
            told = [spread(name, found[name]) if name in found else DASH for name in section.columns]
            lines.append([f"`{row.label}`", self._seeds(row), *told])
        headers = ["arm", "seeds", *(COLUMNS[name].header for name in section.columns)]
        return "\n".join([markdown(headers, lines), *self._notes(section)])

    def _seeds(self, row: Row) -> str:
        done = sum(finished(run, self.results) for run in row.runs)
        stopped = len(self._stopped(row))
        told = str(done) if done == len(row.runs) else f"{done} of {len(row.runs)}"
        return f"{told}, {stopped} stopped" if stopped else told

    def _stopped(self, row: Row) -> list[Run]:
        return [run for run in row.runs if "stopped" in self.results.get(run.digest, ())]

    def _notes(self, section: Section) -> list[str]:
        notes = [
            f"- `{row.label}`, seed {run.settings['seed']}, stopped by itself: "
            f"{_reason(self.results[run.digest]['stopped'])}"
            for row in section.rows
            for run in self._stopped(row)
        ]
        missing = sum(run.digest not in self.results for row in section.rows for run in row.runs)
        if missing:
            notes.append(f"- {missing} runs of this section are not there yet.")
        if section.time_rounds and section.name not in self.times:
            notes.append("- The times of this section are not measured yet.")
        return ["", *notes] if notes else []

    def pictures(self, section: Section) -> str:
        links = [f"![{section.title}]({path})" for path in self.plots.get(section.name, ())]
        return "\n\n".join(links) or "(No plot: its runs are not there yet.)"

    def machine(self) -> str:
        found = {str(told["machine"]) for told in self.results.values() if "machine" in told}
        return "; ".join(sorted(found)) or "no run is there yet"

    def contents(self) -> str:
        lines = []
        for section in self.sections:
            runs = [run for row in section.rows for run in row.runs]
            done = sum(run.digest in self.results for run in runs)
            anchor = re.sub(r"[^\w\- ]", "", section.title.lower()).replace(" ", "-")
            lines.append([f"[{section.title}](#{anchor})", f"{done} of {len(runs)}"])
        return markdown(["section", "runs"], lines)


def _reason(stopped: str) -> str:
    """What happened, without what a user could try."""
    return stopped.replace("training: ", "").partition(";")[0]


def arms_table(section: Section) -> str:
    """What sets each row apart."""
    shared = _shared(section)
    lines = []
    for row in section.rows:
        run = row.runs[0]
        own = {name: value for name, value in run.settings.items() if name != "seed" and name not in shared}
        told = f"thresholds balanced on {run.calibrate} training recordings" if run.calibrate else ""
        told = told or (f"`{_options(own)}`" if own else DASH)
        after = next(
            (r.arm for r in section.rows if run.after and run.after.digest in {x.digest for x in r.runs}),
            None,
        )
        told = f"after `{after}`: {told}" if after else told
        lines.append([f"`{row.label}`", section.helps[row.arm], told, f"{run.evaluations:.1f}"])
    return markdown(["arm", "what", "options", COLUMNS["evaluations"].header], lines)


def shared_line(section: Section) -> str:
    """The options that all runs of a section share."""
    return f"All runs: `{_options(_shared(section))}`"


def _shared(section: Section) -> dict[str, Any]:
    all_settings = [row.runs[0].settings for row in section.rows if not row.runs[0].calibrate]
    return {
        name: value
        for name, value in all_settings[0].items()
        if all(name in other and other[name] == value for other in all_settings)
        if name != "seed"
    }


def _options(settings: dict[str, Any]) -> str:
    words = []
    for name, value in settings.items():
        if value is not False:
            told = str(value).replace(DATA, "DIR")
            words.append(flag(name) if value is True else f"{flag(name)} {told}")
    return " ".join(words)


def number(column: str, value: float) -> str:
    """A figure as tables print it."""
    if column in WHOLE:
        return f"{value:,.0f}"
    how = COLUMNS[column]
    rounded = round(how.scale * value, how.places) + 0.0  # -0.0 + 0.0 is 0.0
    return f"{rounded:{'+' if column.endswith('_diff') else ''}.{how.places}f}"


def spread(column: str, cell: Cell) -> str:
    """Mean and range; only the value where the seeds agree or there is one."""
    texts = [number(column, value) for value in (cell.mean, cell.least, cell.most)]
    return texts[0] if texts[1] == texts[2] else f"{texts[0]} ({texts[1]} to {texts[2]})"


def markdown(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; a | within a cell is escaped."""
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
