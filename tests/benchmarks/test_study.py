"""The study's plan, figures and report, from made-up results; one tiny study is trained for real."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from study import HERE, Place, report, run_one, tell
from study_figures import Cell, cells, figures, share_closed
from study_plan import Run, Section, only, read, unique
from study_report import Report, number, spread

from edge_sast.errors import EdgeSastError
from tests.programs import LIMIT

PLAN = """
[base.tiny]
data = "digits"
dt_us = 30000
steps = 3
limit = 60
valid_fraction = 0.5
arch = "2c3p1s2-or2-out"
beta = 5.0
epochs = 2
qat_epochs = 0
augment_shift = 0

[arms.surrogate]
help = "smooth"
method = "surrogate"
[arms.sast]
method = "sast"
grid = { rho = [0.1, 0.3] }
[arms.half]
method = "sast"
rho = 0.1
times = 0.5
[arms.calibrated]
after = "surrogate"
calibrate = 20
[arms.finish]
after = "surrogate"
method = "hard"
beta = 2.0
epochs = 0
qat_epochs = 1
bits = "4"
[arms.hard]
method = "hard"
beta = 2.0

[sections.first]
title = "First"
base = "tiny"
seeds = [0, 1]
reference = "surrogate"
grid = { beta = [1.0, 5.0] }
arms = ["surrogate", "sast", "half", "calibrated", "finish", "hard"]
columns = ["surrogate", "hard", "gap", "closed", "trained", "synops"]
plots = [{ kind = "curve", x = "beta", y = ["gap", "hard"] }, { kind = "dots", y = ["surrogate", "hard"] }]

[sections.second]
title = "Second"
base = "tiny"
seeds = [0]
arms = ["surrogate", "calibrated"]
columns = ["hard"]
"""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    file = tmp_path / "plan.toml"
    file.write_text(PLAN)
    return file


@pytest.fixture
def sections(plan: Path) -> tuple[Section, ...]:
    return read(plan)


def made_up(surrogate: float, hard: float, **more: object) -> dict:
    def passes(accuracy: float) -> dict:
        return {"accuracy": accuracy, "synops_per_sample": 1000.0}

    told = {"surrogate": passes(surrogate), "hard": passes(hard), "int8": passes(hard), "int4": passes(0.5)}
    plain = {"trained": "int8", "before_finish": None, "seconds": 30.0, "flash_bytes": 10, "ram_bytes": 20}
    return plain | {"passes": told} | more


def row(section: Section, label: str) -> int:
    return [each.label for each in section.rows].index(label)


def test_the_plan_becomes_rows_and_runs(sections: tuple[Section, ...]) -> None:
    labels = [each.label for each in sections[0].rows]
    assert labels[:4] == ["surrogate, beta 1.0", "surrogate, beta 5.0", *labels[2:4]]
    assert "sast, beta 5.0, rho 0.3" in labels
    assert labels[-1] == "hard"  # gives its own beta
    assert len(labels) == 2 + 4 + 2 + 2 + 2 + 1
    assert all([run.settings["seed"] for run in each.runs] == [0, 1] for each in sections[0].rows)


def test_epochs_and_gradient_evaluations(sections: tuple[Section, ...]) -> None:
    told = {each.label: each.runs[0].evaluations for each in sections[0].rows}
    assert told["surrogate, beta 1.0"] == 2
    assert told["sast, beta 1.0, rho 0.3"] == 4
    assert told["half, beta 1.0"] == 2  # one epoch of two evaluations
    assert told["calibrated, beta 1.0"] == 2
    assert told["finish, beta 1.0"] == 3


def test_a_run_comes_after_that_of_its_point_and_seed(sections: tuple[Section, ...]) -> None:
    rows = sections[0].rows
    for label in ("calibrated", "finish"):
        after = [run.after for run in rows[row(sections[0], f"{label}, beta 5.0")].runs]
        assert after == list(rows[row(sections[0], "surrogate, beta 5.0")].runs)
    finish = rows[row(sections[0], "finish, beta 5.0")].runs[0]
    assert finish.settings["beta"] == 2.0
    assert finish.config("", init="parent").init == "parent"


def test_sections_share_runs_and_parents_come_first(sections: tuple[Section, ...]) -> None:
    runs = unique(sections)
    assert len(runs) == 26
    assert len({run.digest for run in runs}) == 26
    assert unique(sections[1:])[1].after == unique(sections[1:])[0]
    places = {run.digest: i for i, run in enumerate(runs)}
    assert all(places[run.after.digest] < i for i, run in enumerate(runs) if run.after)
    assert [run.settings["seed"] for run in runs] == [0] * 13 + [1] * 13


def test_a_digest_tells_settings_alone() -> None:
    one = Run({"method": "hard", "seed": 0, "lr": 0.1})
    assert one.digest == Run({"lr": 0.1, "seed": 0, "method": "hard"}).digest
    assert one.digest != Run({"method": "hard", "seed": 1, "lr": 0.1}).digest
    assert Run(one.settings, one, 100).digest not in (one.digest, Run(one.settings, one, 200).digest)


def test_sections_and_seeds_can_be_cut(sections: tuple[Section, ...]) -> None:
    assert [len(unique([each])) for each in only(sections, ["first"], 1)] == [13]
    with pytest.raises(EdgeSastError, match="--sections: 'third' is unknown; there are first, second"):
        only(sections, ["third"], None)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('base = "tiny"', 'base = "huge"', r"\[sections.first\]: base: 'huge' is unknown; there are tiny"),
        ('"gap", "closed"', '"gab"', r"\[sections.first\]: columns: 'gab' is unknown"),
        ("times = 0.5", "timse = 0.5", r"arm 'half': key 'timse' is unknown"),
        ("rho = 0.1", "rho = -1.0", r"arm 'half': --rho is -1.0; it must be 0 to"),
        ('arms = ["surrogate", "calibrated"]', 'arms = ["calibrated"]', "must be another of its arms"),
        ("calibrate = 20", "calibrate = 20\nlr = 1.0", "give it `after`, and no settings"),
        ('reference = "surrogate"', "time_rounds = 2", "leave arms with `calibrate` out"),
        ('kind = "dots"', 'kind = "pie"', "plots: kind: 'pie' is unknown; there are curve, scatter, dots"),
    ],
)
def test_mistakes_in_the_plan_are_named(plan: Path, old: str, new: str, message: str) -> None:
    plan.write_text(PLAN.replace(old, new))
    with pytest.raises(EdgeSastError, match=message):
        read(plan)


def test_the_delivered_plan_is_sound() -> None:
    sections = read(HERE / "study.toml")
    texts = Report(sections, {}, {}, {}).document(HERE / "study_text")
    assert texts.count("No run of this section is there yet") == len(sections)
    assert {file.stem for file in (HERE / "study_text").iterdir()} == {
        *(section.name for section in sections),
        *("intro", "outro"),
    }


def test_gaps_of_trained_finished_and_repaired_networks(sections: tuple[Section, ...]) -> None:
    rows = sections[1].rows
    plain, calibrated = rows[0].runs[0], rows[1].runs[0]
    results = {plain.digest: made_up(0.9, 0.6), calibrated.digest: made_up(0.7, 0.8)}
    assert figures(plain, results)["gap"] == pytest.approx(0.3)
    assert figures(calibrated, results)["gap"] == pytest.approx(0.1)  # from what the parent had
    before = made_up(0.9, 0.8, before_finish={"surrogate": 0.95, "hard": 0.5})
    assert figures(plain, {plain.digest: before})["gap"] == pytest.approx(0.45)
    hard = sections[0].rows[-1].runs[0]
    assert "gap" not in figures(hard, {hard.digest: made_up(0.3, 0.9)})


def test_the_gap_of_a_smooth_training_that_goes_on_is_its_own(sections: tuple[Section, ...]) -> None:
    plain = sections[1].rows[0].runs[0]
    on = replace(plain, after=plain)
    results = {plain.digest: made_up(0.9, 0.6), on.digest: made_up(0.95, 0.9)}
    assert figures(on, results)["gap"] == pytest.approx(0.05)
    assert figures(
        replace(on, after=on, calibrate=9),
        results | {replace(on, after=on, calibrate=9).digest: made_up(0.5, 0.92)},
    )["gap"] == pytest.approx(0.03)


def test_share_of_the_gap_closed() -> None:
    assert share_closed([(0.1, 0.4), (0.1, 0.1)]) == Cell(pytest.approx(0.6), 0.0, pytest.approx(0.75), 2)
    assert share_closed([(0.0, 0.3)]) == Cell(1.0, 1.0, 1.0, 1)
    assert share_closed([(0.001, 0.005)]) is None  # no gap to close
    assert share_closed([(0.1, 0.4), (0.1, -0.1)]) is None
    assert share_closed([]) is None


def test_cells_are_paired_by_seed_and_leave_stopped_runs_out(sections: tuple[Section, ...]) -> None:
    section = sections[0]
    plain, sast = (section.rows[row(section, n)] for n in ("surrogate, beta 1.0", "half, beta 1.0"))
    results = {
        plain.runs[0].digest: made_up(0.9, 0.5),
        plain.runs[1].digest: {"stopped": "training: silent; lower --lr"},
        sast.runs[0].digest: made_up(0.8, 0.7),
        sast.runs[1].digest: made_up(0.8, 0.1),
    }
    found = cells(section, sast, results, {})
    assert found["hard"] == Cell(pytest.approx(0.4), 0.1, 0.7, 2)
    assert found["hard_diff"].mean == pytest.approx(0.2)
    assert found["closed"] == Cell(pytest.approx(0.75), pytest.approx(0.75), pytest.approx(0.75), 1)
    text = Report(sections, results, {}, {}).table(section)
    assert "| `surrogate, beta 1.0` | 1 of 2, 1 stopped | 90.00 | 50.00 | 40.00 | – |" in text
    assert "| `half, beta 1.0` | 2 | 80.00 | 40.00 (10.00 to 70.00) |" in text
    assert "- `surrogate, beta 1.0`, seed 1, stopped by itself: silent\n" in text
    assert "- 22 runs of this section are not there yet." in text


def test_times_are_medians_and_ratios_of_one_round(sections: tuple[Section, ...]) -> None:
    section = sections[0]
    times = {"first": [[1.0, 2.0, 1.0] for _ in section.rows]}
    place = row(section, "half, beta 1.0")
    times["first"][place] = [2.0, 5.0, 3.0]
    found = cells(section, section.rows[place], {}, times)
    assert found["epoch_seconds"] == Cell(3.0, 2.0, 5.0, 3)
    assert found["epoch_ratio"] == Cell(2.5, 2.0, 3.0, 3)


def test_numbers_as_printed() -> None:
    assert number("hard", 0.98765) == "98.77"
    assert number("synops", 650982.4) == "650,982"
    assert number("hard_diff", 0.01) == "+1.00"
    assert number("closed", -0.001) == "0"
    assert spread("hard", Cell(0.5, 0.4, 0.6, 2)) == "50.00 (40.00 to 60.00)"
    assert spread("hard", Cell(0.5, 0.5, 0.5, 2)) == "50.00"


def test_prose_with_figures(sections: tuple[Section, ...], tmp_path: Path) -> None:
    run = sections[1].rows[0].runs[0]
    (tmp_path / "second.md").write_text("It is {{surrogate: hard}} %, then {{calibrated: hard}} %.\n")
    told = Report(sections[1:], {run.digest: made_up(0.9, 0.6)}, {}, {})
    assert told.document(tmp_path) == "## Second\n\nIt is 60.00 %, then – %.\n"
    (tmp_path / "second.md").write_text("{{sast: hard}}")
    with pytest.raises(EdgeSastError, match=r"{{sast: hard}} is neither .* rows are surrogate; calibrated"):
        told.document(tmp_path)


def test_a_child_of_a_stopped_run_is_stopped(sections: tuple[Section, ...], tmp_path: Path) -> None:
    place = Place(tmp_path, "", None)
    calibrated = sections[1].rows[1].runs[0]
    folder = place.folder(calibrated.after)
    folder.mkdir(parents=True)
    (folder / "figures.json").write_text(json.dumps({"stopped": "training: silent"}))
    assert run_one(place, calibrated, None)
    assert place.figures(calibrated) == {"stopped": "the network it starts from stopped: training: silent"}


def test_a_tiny_study_runs_resumes_and_reports(
    plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("sklearn", reason="the built-in digits need scikit-learn")
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    words = ["--config", str(plan), "--out", str(tmp_path / "runs"), "--docs", str(tmp_path / "docs")]
    words += ["--texts", str(tmp_path), "--cache-dir", str(tmp_path / "cache"), "--sections", "second"]
    command = [sys.executable, str(HERE / "study.py"), *words]
    first = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "2 of 2 runs" in first.stdout
    written = (tmp_path / "docs" / "results.md").read_text()
    place = Place(tmp_path / "runs", "", None)
    trained = unique(read(plan)[1:])[0]
    figures_before = place.figures(trained)
    (place.folder(trained) / "figures.json").unlink()
    again = subprocess.run(command, capture_output=True, text=True, check=True, timeout=LIMIT)
    assert [line.split(":")[0] for line in again.stdout.splitlines()[:-1]] == [trained.name]
    assert place.figures(trained) == figures_before  # its seconds too: taken up, not trained again
    assert (tmp_path / "docs" / "results.md").read_text() == written
    tell(place, read(plan)[1:])
    assert capsys.readouterr().out.splitlines()[2].split() == ["second", "2", "2", "0", "2"]


def test_plots_are_written(sections: tuple[Section, ...], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    place = Place(tmp_path, "", None)
    for run in unique(sections):
        place.folder(run).mkdir(parents=True)
        (place.folder(run) / "figures.json").write_text(json.dumps(made_up(0.9, 0.8)))

    class Args:
        docs, texts, json = tmp_path / "docs", tmp_path, None

    report(place, sections, Args)  # type: ignore[arg-type]
    assert {file.name for file in (tmp_path / "docs/figures").iterdir()} == {"first-1.png", "first-2.png"}
    assert "![First](figures/first-1.png)" in (tmp_path / "docs/results.md").read_text()
