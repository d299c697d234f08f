"""One page in one file: it asks nobody for anything, and says so to the browser.

Charts are drawn by Observable Plot and D3, which it takes along (vendor/, LICENSES/ISC.txt); docs/report.md says why
these.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from importlib.resources import files

from edge_sast.errors import EdgeSastError
from edge_sast.report.page import accuracy, costs, device, layers, others, training, verdicts, widths
from edge_sast.report.page.blocks import Block, Chart, Note, Player, Section, Table
from edge_sast.report.page.html import Writer, as_script, contents, filters
from edge_sast.report.page.inputs import Inputs

MOST_BYTES = 3_000_000
SCRIPTS = ("vendor/d3.min.js", "vendor/plot.min.js", "page.js")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
# What reading a key, a number or a list raises where something else stands.
DAMAGED = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    AssertionError,
)
NOTHING = Inputs(line="")
SECTIONS = (
    others.given,
    training.settings,
    training.curves,
    accuracy.passes,
    accuracy.confusion,
    accuracy.faults,
    costs.section,
    layers.rates,
    layers.membranes,
    layers.weights,
    widths.section,
    others.recordings,
    device.memory,
    device.sustained,
    verdicts.verified,
    verdicts.boards,
    verdicts.fpga,
    others.remaining,
)


def report_page(inputs: Inputs) -> bytes:
    """The page, UTF-8; the same bytes for the same inputs.

    Raises EdgeSastError where it would be larger than MOST_BYTES, or for an input that is not as its command writes it.
    """
    _check(inputs)
    sections = [section for make in SECTIONS if (section := make(inputs)).blocks]
    writer = Writer()
    body = writer.sections(sections)
    scripts = [_resource(name) for name in SCRIPTS]
    parts = {
        "POLICY": _policy([*scripts, *_player_scripts(writer.players)]),
        "STYLE": _resource("page.css"),
        "TITLE": escape(f"edge-sast: {_named(inputs)}"),
        "LINE": escape(inputs.line),
        "CONTENTS": contents(sections),
        "FILTER": filters(list(dict.fromkeys(_labels(sections)))),
        "BODY": body,
        "CHARTS": as_script(writer.charts),
        "PLAYERS": as_script(writer.players),
        "SCRIPTS": "\n".join(f"<script>{script}</script>" for script in scripts),
    }
    # In one go: a part may hold anything, the name of another one too.
    data = re.sub(r"@([A-Z]+)@", lambda found: parts[found[1]], _resource("page.html")).encode()
    if len(data) > MOST_BYTES:
        raise EdgeSastError(
            f"--out: the page would be {len(data) / 1e6:.1f} MB, more than the {MOST_BYTES / 1e6:g} that every browser "
            "opens at once; name fewer runs or recordings, or cut these with --until-s"
        )
    return data


def _check(inputs: Inputs) -> None:
    """Each file by itself, so that the one that is damaged can be named."""
    alone = [(f"{run.path}/metrics.jsonl", "train", replace(NOTHING, runs=[run])) for run in inputs.runs]
    alone += [
        (file.found.path, f"{file.found.command} --json", replace(NOTHING, figures=[file]))
        for file in inputs.figures
    ]
    for path, command, only in alone:
        try:
            writer = Writer()
            writer.sections([make(only) for make in SECTIONS])
            as_script(writer.charts)
        except DAMAGED as error:
            wrong = f"lacks {error}" if isinstance(error, KeyError) else error
            raise EdgeSastError(
                f"{path}: is not what 'edge-sast {command}' writes ({wrong}); write it again, or leave it out"
            ) from error


def _named(inputs: Inputs) -> str:
    labels = [each.label for each in inputs.runs]
    labels += [each.label for each in inputs.models if each.label not in labels]
    labels += [each.label for each in inputs.figures]
    more = f" and {len(labels) - 4} more" if len(labels) > 4 else ""
    return ", ".join(labels[:4]) + more


def _labels(sections: list[Section]) -> Iterator[str]:
    """Of what can be hidden."""
    for section in sections:
        for block in section.blocks:
            yield from filter(None, _runs(block))


def _runs(block: Block) -> list[str]:
    if isinstance(block, Table):
        return [row.run for row in block.rows]
    if isinstance(block, Chart):
        return [series.run for series in block.series]
    assert isinstance(block, Note | Player)
    return [block.run]


def _policy(scripts: list[str]) -> str:
    """These scripts and no other run, and nothing is fetched."""
    digests = (hashlib.sha256(script.encode()).digest() for script in dict.fromkeys(scripts))
    sources = (f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return f"{POLICY}; script-src {' '.join(sources)}"


def _player_scripts(players: list[str]) -> list[str]:
    """Those that their pages run: a page within a page is under the outer one's policy."""
    return [page.rpartition("<script>")[2].partition("</script>")[0] for page in players[:1]]


def _resource(name: str) -> str:
    return files("edge_sast.report.page").joinpath(name).read_text(encoding="utf-8")
