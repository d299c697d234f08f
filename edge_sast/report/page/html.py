"""Blocks as HTML: every table and every text stands in the page itself, charts and players are filled in by page.js."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html import escape
from itertools import groupby
from typing import Any

from edge_sast.report.page.blocks import Block, Cell, Chart, Note, Player, Row, Section, Table

MOST_UNBROKEN = 24  # letters of a row's name that stays on one line


@dataclass
class Writer:
    """Collects what the scripts read beside the HTML that it gives: charts, and pages that play."""

    charts: list[dict[str, Any]] = field(default_factory=list)
    players: list[str] = field(default_factory=list)

    def sections(self, sections: Sequence[Section]) -> str:
        return "\n".join(self._section(section) for section in sections)

    def _section(self, section: Section) -> str:
        groups = groupby(section.blocks, lambda block: isinstance(block, Chart))
        blocks = "\n".join(self._group(list(group)) for _, group in groups)
        key = escape(section.key)
        return (
            f'<section id="{key}" aria-labelledby="{key}-title">\n<h2 id="{key}-title">{escape(section.title)}</h2>\n'
            f"{blocks}\n</section>"
        )

    def _group(self, blocks: Sequence[Block]) -> str:
        """Charts stand side by side, and a command that gave several of them stands once."""
        charts = [block for block in blocks if isinstance(block, Chart)]
        if not charts:
            return "\n".join(map(self._block, blocks))
        same = len({chart.line for chart in charts}) == 1
        text = "\n".join(self._chart(replace(chart, line="") if same else chart) for chart in charts)
        return f'<div class="charts">\n{text}\n</div>' + (_line(charts[0].line) if same else "")

    def _block(self, block: Block) -> str:
        if isinstance(block, Table):
            return _table(block)
        if isinstance(block, Chart):
            return self._chart(block)
        if isinstance(block, Player):
            return self._player(block)
        return _note(block)

    def _chart(self, chart: Chart) -> str:
        self.charts.append(chart.as_json())
        return (
            f'<figure class="chart" data-chart="{len(self.charts) - 1}"><figcaption><h3>{escape(chart.title)}</h3>'
            f'</figcaption><div class="plot" role="img" aria-label="{escape(chart.text)}"></div>'
            f"<details><summary>Figures of this chart</summary></details>{_line(chart.line)}</figure>"
        )

    def _player(self, player: Player) -> str:
        self.players.append(player.page)
        return (
            f'<details class="player" data-player="{len(self.players) - 1}"{_run(player.run)}>'
            f"<summary>{escape(player.title)}</summary></details>{_line(player.line)}"
        )


def as_script(values: Any) -> str:
    """JSON that may stand in a script element: a text may hold anything, "</script>" too."""
    return json.dumps(values, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def contents(sections: Sequence[Section]) -> str:
    """Links to the sections."""
    links = "".join(f'<li><a href="#{escape(s.key)}">{escape(s.title)}</a></li>' for s in sections)
    return f'<nav aria-label="Sections"><ul>{links}</ul></nav>'


def filters(labels: Sequence[str]) -> str:
    """A box to tick for each label; nothing where there is only one."""
    if len(labels) < 2:
        return ""
    boxes = "".join(
        f'<label><input type="checkbox" checked value="{escape(label)}"> {escape(label)}</label>'
        for label in labels
    )
    return f'<form id="filter"><fieldset><legend>Shown</legend>{boxes}</fieldset></form>'


def _table(table: Table) -> str:
    numbers = [_is_number_column(table, place) for place in range(len(table.headers))]
    head = "".join(
        f'<th scope="col"{_right(number)}>{escape(header)}</th>'
        for header, number in zip(table.headers, numbers, strict=True)
    )
    rows = "\n".join(_row(row, numbers) for row in table.rows)
    name = escape(table.caption)
    kind = ' class="fixed"' if table.fixed else ""
    return (
        f'<div class="block"><div class="scroll" tabindex="0" role="group" aria-label="{name}"><table{kind}>'
        f'<caption><span class="cap">{name}</span></caption><thead><tr>{head}</tr></thead>'
        f"<tbody>\n{rows}\n</tbody></table></div>"
        f"{_line(table.line)}</div>"
    )


def _is_number_column(table: Table, place: int) -> bool:
    """Of numbers, or of numbers and dashes."""
    values = [row.cells[place].value for row in table.rows]
    known = [value for value in values if value is not None]
    return bool(known) and all(isinstance(value, int | float) for value in known)


def _row(row: Row, numbers: Sequence[bool]) -> str:
    first, *others = row.cells
    short = ' class="k"' if len(first.text) <= MOST_UNBROKEN else ""
    cells = f'<th scope="row"{short}{_value(first)}>{escape(first.text)}</th>'
    cells += "".join(map(_cell, others, numbers[1:]))
    return f"<tr{_run(row.run)}>{cells}</tr>"


def _cell(cell: Cell, number: bool) -> str:
    tint = "" if cell.share is None else f' style="--s:{cell.share:.3g}"'
    return f"<td{_right(number)}{_value(cell)}{tint}>{escape(cell.text)}</td>"


def _right(number: bool) -> str:
    return ' class="n"' if number else ""


def _value(cell: Cell) -> str:
    """What it is sorted by, where that is not its text."""
    if cell.value is None:
        return ' data-v=""'
    return "" if str(cell.value) == cell.text else f' data-v="{escape(str(cell.value))}"'


def _note(note: Note) -> str:
    return f"<p{_run(note.run)}>{escape(note.text)}</p>"


def _run(label: str) -> str:
    return f' data-run="{escape(label)}"' if label else ""


def _line(line: str) -> str:
    return f'<p class="line">from <code>{escape(line)}</code></p>' if line else ""
