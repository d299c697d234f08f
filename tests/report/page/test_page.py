"""The page as text: which section is there, what a table says, that nothing is let in or asked for."""

import base64
import hashlib
import re
from dataclasses import replace
from html import escape
from html.parser import HTMLParser

import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.report.page import page as page_module
from edge_sast.report.page import training, widths
from edge_sast.report.page.blocks import Chart, Note, Table
from edge_sast.report.page.inputs import Inputs, Watched
from edge_sast.report.page.page import report_page
from tests.report.page.inputs import built, everything, figures, hil, layer_membranes, model_input, run_input

SECTIONS = [
    *(
        "inputs",
        "settings",
        "curves",
        "passes",
        "confusion",
        "faults",
        "costs",
        "rates",
        "membranes",
        "weights",
    ),
    *("widths", "recordings", "memory", "rate", "verified", "hil", "fpga", "others"),
]


class Reader(HTMLParser):
    """Collects tables as rows of texts, ids of sections, and elements that stand open at the end."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.sections, self.open, self.ids = {}, [], [], []
        self.cell = self.caption = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        if tag == "section":
            self.sections.append(found["id"])
        if tag == "tr":
            self.row = []
        if tag in ("th", "td", "caption"):
            self.cell = ""
        if tag not in ("meta", "link", "input"):
            self.open.append(tag)

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag == "caption":
            self.caption, self.cell = self.cell, None
            self.tables[self.caption] = []
        elif tag in ("th", "td"):
            self.row.append(self.cell)
            self.cell = None
        elif tag == "tr":
            self.tables[self.caption].append(self.row)


def watched(page="<p></p>"):
    return Watched("run0", "a.bin", "3 events", page, "edge-sast report", [layer_membranes()])


def read(inputs):
    return Reader(report_page(inputs).decode())


def test_every_section_is_there_in_order_and_linked():
    text = report_page(everything(2, (watched(),))).decode()
    found = Reader(text)
    assert found.sections == SECTIONS
    assert re.findall(r'<li><a href="#([\w-]+)">', text) == SECTIONS
    assert found.open == []
    assert len(set(found.ids)) == len(found.ids)


def test_what_was_not_given_is_left_out_or_said_in_one_line():
    text = report_page(Inputs("edge-sast report runs/a", [run_input("a")], [model_input("a")])).decode()
    assert Reader(text).sections == [
        "inputs",
        "settings",
        "curves",
        "passes",
        "membranes",
        "weights",
        "memory",
    ]
    assert (
        "<p>Not shown: accuracy of every pass; add a file of &#x27;edge-sast evaluate RUN --json FILE&#x27;.</p>"
        in text
    )
    assert (
        "<p>Not shown: membranes and spikes; name recordings with --recording, and a RUN or BUILD.</p>"
        in text
    )


def test_the_gap_between_passes():
    rows = read(everything(1)).tables["Every pass"]
    assert rows[0][:6] == [
        *("network", "pass", "accuracy %", "95 % interval", "against the pass before, points"),
        "against surrogate, points",
    ]
    assert [row[:6] for row in rows[1:]] == [
        ["run0", "surrogate", "90.00", "80.00 to 100.00", "–", "–"],
        ["run0", "hard", "80.00", "70.00 to 90.00", "-10.00", "-10.00"],
        ["run0", "int8", "80.00", "70.00 to 90.00", "+0.00", "-10.00"],
        ["run0", "int4", "70.00", "60.00 to 80.00", "-10.00", "-20.00"],
    ]


def test_several_seeds_have_their_mean_and_interval():
    rows = read(everything(3)).tables["Every pass"]
    assert [row[:4] for row in rows if row[1] == "hard"] == [
        ["run0", "hard", "80.00", "70.00 to 90.00"],
        ["run1", "hard", "81.00", "70.00 to 90.00"],
        ["run2", "hard", "82.00", "70.00 to 90.00"],
        ["mean of 3 seeds", "hard", "85.00 ± 5.00", "80.00 to 90.00"],
    ]


def test_settings_side_by_side():
    tables = read(everything(2)).tables
    assert tables["Settings"][0] == ["setting", "run0", "run1", "default"]
    assert ["--seed", "0", "1", "0"] in tables["Settings"]
    assert ["--rho", "0.05", "0.05", "0"] in tables["Settings"]


def test_curves_say_where_integers_begin():
    """Where it is the same epoch in all runs that have such epochs."""
    parts = ["hard"] * 4 + ["int8"] * 2
    metrics = [{"epoch": i, "part": part, "train_loss": 1 / i} for i, part in enumerate(parts, 1)]
    none, late = run_input("a"), replace(run_input("b"), metrics=metrics)
    later = replace(late, label="c", metrics=[*metrics[:4], {"epoch": 6, "part": "int8"}])

    def rules(*runs):
        return [
            chart.rules
            for chart in training.curves(Inputs("", runs)).blocks
            if chart.title == "Loss of training"
        ]

    assert rules(late, none) == [((4.5, "integers from here"),)]
    assert rules(none) == rules(late, later) == [()]


def test_confusion_has_counts_and_shares():
    rows = read(everything(1)).tables[
        "run0, int8: recordings of each class (rows), and what they were taken for (columns)"
    ]
    assert rows == [
        ["is, answered as", "column", "diagonal", "row", "recordings", "right %"],
        ["column", "10", "0", "0", "10", "100.00"],
        ["diagonal", "1", "8", "1", "10", "80.00"],
        ["row", "0", "4", "6", "10", "60.00"],
    ]


def test_the_confusion_of_boards():
    rows = read(everything(1)).tables[
        "hil.json: recordings of each class (rows), and what they were taken for (columns)"
    ]
    assert rows[1:] == [
        ["column", "2", "0", "0", "2", "100.00"],
        ["diagonal", "0", "1", "1", "2", "50.00"],
        ["row", "0", "0", "1", "1", "100.00"],
    ]
    unlabelled = {name: value for name, value in hil().items() if name not in ("classes", "confusion")}
    assert "confusion" not in read(Inputs("", figures=[figures("h", "hil", unlabelled)])).sections


def test_builds_with_more_and_with_fewer_bits():
    tables = read(everything(1)).tables
    rows = tables["a8 and a4: one network with other weight bits"]
    assert rows[0][3:6] == ["accuracy %", "against a8, points", "recordings"]
    assert [row[:6] for row in rows[1:]] == [
        ["a8", "8", "run0", "80.00", "–", "30 of lines test"],
        ["a4", "4", "run0", "70.00", "-10.00", "30 of lines test"],
    ]
    rows = tables["a8 and a4: what fewer bits did to the weights"]
    assert [row[:4] + row[6:] for row in rows[1:3]] == [
        ["a8", "layer 0, conv2d", "8", "600", "–", "–"],
        ["a4", "layer 0, conv2d", "4", "600", "0.9900", "0.290"],
    ]


def test_their_histograms_stand_side_by_side():
    blocks = widths.section(everything(1)).blocks
    assert [type(block) for block in blocks] == [
        Table,
        Table,
        *(2 * [Note, Chart, Chart]),
    ]  # a row for each layer
    drawn = [block for block in blocks if isinstance(block, Chart)]
    assert [chart.title for chart in drawn] == [
        *("layer 0, conv2d: a8, 8 bits", "layer 0, conv2d: a4, 4 bits"),
        *("layer 3, linear: a8, 8 bits", "layer 3, linear: a4, 4 bits"),
    ]
    (bars,) = drawn[1].series
    assert (bars.kind, bars.run, len(bars.points)) == ("bar", "a4", 15)
    assert sum(share for *_, share in bars.points) == pytest.approx(1)


@pytest.mark.parametrize(
    ("command", "values", "said"),
    [
        (
            "export",
            {"integer_accuracy": 0.75, "recordings": "lines test", "samples": 30},
            ["75.00", "30 of lines test"],
        ),
        ("inspect", {"accuracy": 0.75, "samples": 30}, ["75.00", "30"]),
        ("hil", {"accuracy": 0.75, "data": "lines test", "compared": 30}, ["75.00", "30 of lines test"]),
        ("hil", {"accuracy": None, "data": "lines test", "compared": 30}, ["–", "–"]),
        ("export", {}, ["–", "–"]),
        ("run", {"accuracy": 0.75, "samples": 30}, ["–", "–"]),
    ],
)
def test_the_accuracy_of_a_build_is_found_by_its_hash(command, values, said):
    group = [built("a8", 8), built("a4", 4)]
    file = figures("f", command, {"model_hash": group[1].model_hash, **values})
    (table, *_) = widths.section(Inputs("", figures=[file], widths=[group])).blocks
    wide, narrow = ([cell.text for cell in row.cells] for row in table.rows)
    assert wide[3:6] == ["–", "–", "–"]
    assert (narrow[3], narrow[5]) == tuple(said)


def test_accuracies_on_other_recordings_are_not_compared():
    group = [built("a8", 8), built("a4", 4)]
    values = {"integer_accuracy": 0.75, "recordings": "lines test", "samples": 30}
    files = [
        figures("8", "export", {**values, "model_hash": group[0].model_hash}),
        figures("4", "export", {**values, "model_hash": group[1].model_hash, "samples": 20}),
    ]
    (table, *_) = widths.section(Inputs("", figures=files, widths=[group])).blocks
    assert [row.cells[4].text for row in table.rows] == ["–", "–"]


def test_verdicts():
    tables = read(everything(1)).tables
    rows = tables["Every membrane, spike, counter and CRC of every step, beside the runtime's"]
    assert [(row[1], row[5], row[6], row[7]) for row in rows[1:]] == [
        ("host", "0", "equal", "none"),
        ("verilator", "2", "DIFFERS", "sample 1, step 2, layer 0, neuron 7: membrane expected 113, got 112"),
    ]
    (board,) = tables["Recordings on boards, beside the runtime"][1:]
    assert board[2:8] == ["5 of 5", "both", "80.00", "80.00", "0", "equal"]
    (design,) = tables["Designs, placed and routed; built here, not run on a board"][1:]
    assert design[4:8] == ["30.00", "29.00", "TOO SLOW", "3,063 (58%)"]


def test_costs_of_every_source():
    tables = read(everything(1)).tables
    synops = [(row[0], row[1]) for row in tables["Accuracy against SynOps per recording"][1:]]
    assert synops == [
        *(("run0", name) for name in ("surrogate", "hard", "int8", "int4")),
        *(("run.json", "integer"), ("inspect.json", "integer"), ("sweep.json", "rho 0.1, nothing beats it")),
    ]
    instructions = tables["Accuracy against instructions per recording"][1:]
    assert [(row[0], row[3]) for row in instructions] == [
        *(("inspect.json", "12,000"), ("dense.json, spiking", "50,000"), ("dense.json, dense", "50,000")),
        ("hil.json", "50,000"),
    ]


def test_membranes_and_other_figures():
    tables = read(everything(1, (watched(),))).tables
    assert tables["Membranes after every step"][1] == [
        *("run0", "a.bin", "layer 0, 6x6x4", "3 to 7", "-10", "10", "-10 to 127", "4", "2,880", "5.000"),
    ]
    assert tables["stream.json: stream"][1:] == [
        ["steps", "5"],
        ["delay_ms.median", "none"],
        ["lists[0].a", "1, 2.5"],
        ["long", f"{', '.join(map(str, range(20)))} and 10 more"],
    ]


def test_a_run_of_recordings_without_labels_is_shown_too():
    file = figures("run.json", "run", {"accuracy": None, "synops_per_sample": 9000.0})
    assert read(Inputs("", figures=[file])).tables["run.json: run"][1:] == [
        ["accuracy", "none"],
        ["synops_per_sample", "9,000"],
    ]
    labelled = figures("run.json", "run", {"accuracy": 0.5, "synops_per_sample": 9000.0})
    assert "run.json: run" not in read(Inputs("", figures=[labelled])).tables


def test_the_policy_forbids_all_but_its_own_scripts():
    text = report_page(everything(1, (watched("<h1></h1><script>play()</script>"),))).decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)[1]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert (rules["default-src"], rules["base-uri"], rules["form-action"]) == ("'none'",) * 3
    assert set(rules) == {"default-src", "style-src", "img-src", "base-uri", "form-action", "script-src"}
    scripts = re.findall(r"<script>(.*?)</script>", text, re.S)
    assert len(scripts) == 3
    wanted = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in [*scripts, "play()"]]
    assert rules["script-src"] == " ".join(f"'sha256-{digest}'" for digest in wanted)
    assert not re.search(r'(src|href)="(?!#|data:,")', re.sub(r"<script.*?</script>", "", text, flags=re.S))


def test_names_cannot_leave_their_place():
    bad = "</script><script>alert(1)</script>@BODY@\"'&"
    inputs = replace(
        everything(1), line=bad, runs=[run_input(bad)], figures=[figures(bad, "stream", {bad: bad})]
    )
    text = report_page(inputs).decode()
    assert "<script>alert" not in text
    assert Reader(text).open == []
    assert bad in Reader(text).tables["Runs"][1]
    assert re.search("<title>(.*)</title>", text)[1] == f"edge-sast: {escape(bad)}, run0, {escape(bad)}"
    assert report_page(inputs) == report_page(inputs)


def test_a_page_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(page_module, "MOST_BYTES", 500_000)
    told = r"^--out: the page would be 0\.\d MB, more than the 0\.5 that .*; name fewer runs or recordings"
    with pytest.raises(EdgeSastError, match=told):
        report_page(everything(1))
