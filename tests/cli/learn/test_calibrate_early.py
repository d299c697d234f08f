"""`edge-sast calibrate --early` on a model file and on a run."""

import json
from dataclasses import replace

import numpy as np
import pytest

from edge_sast.cli.main import main
from edge_sast.datasets.selection import DataOptions, load_split
from edge_sast.evaluation.early import choose_margin, step_answers
from edge_sast.model import modelfile
from edge_sast.runtime import Simulator

DIGITS = "examples/digits-int8.safetensors"
ON = ["--data", "digits", "--split", "train", "--limit", "100"]


def test_a_model_file(tmp_path, capsys):
    out, told = tmp_path / "early.safetensors", tmp_path / "told.json"
    assert main(["calibrate", DIGITS, "--early", "2", *ON, "--out", str(out), "--json", str(told)]) == 0
    model, early = modelfile.load(DIGITS), modelfile.load(out)
    binned = load_split(model.binning, model.classes, DataOptions("digits", "train", 100)).binned
    assert early.early_margin == choose_margin(step_answers(model, binned), 2)
    assert modelfile.dumps(replace(early, early_margin=None)) == modelfile.dumps(model)
    found, printed = json.loads(told.read_text()), capsys.readouterr().out
    before, after = Simulator(model).run(binned), Simulator(early).run(binned)
    assert found["all_steps"]["accuracy"] == before.accuracy
    assert found["early"] == {
        "accuracy": after.accuracy,
        "steps_per_sample": after.steps.mean(),
        "synops_per_sample": after.synops.sum(1).mean(),
    }
    assert round(100 * before.accuracy) - round(100 * after.accuracy) <= 2
    assert after.steps.mean() < 9
    assert f"answered after {after.steps.mean():.2f} of 10 steps in the mean" in printed
    assert f"wrote {out} (model {modelfile.model_hash(early)[:16]}): answers early, margin" in printed
    again = tmp_path / "again.safetensors"
    assert (
        main(["calibrate", str(out), "--early", "2", *ON, "--out", str(again)]) == 0
    )  # its own margin plays no part
    assert again.read_bytes() == out.read_bytes()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--early -1", "--early is -1; it must be 0 to 100 percentage points"),
        ("--early nan", "--early is nan; it must be 0 to 100 percentage points"),
        ("--early 1 --recordings 5", "--recordings is for thresholds; limit those of --early by --limit"),
        ("", "--data has an effect only beside --early; add that one, or leave it out"),
    ],
)
def test_options_that_cannot_be(tmp_path, capsys, words, message):
    assert main(["calibrate", DIGITS, *words.split(), *ON, "--out", str(tmp_path / "x")]) == 2
    assert capsys.readouterr().err.strip() == f"edge-sast: {message}"
    assert not (tmp_path / "x").exists()


def test_what_to_choose_on_has_to_be_named_where_there_is_no_valid(tmp_path, capsys):
    command = ["calibrate", DIGITS, "--early", "1", "--out", str(tmp_path / "x")]
    assert main([*command, "--data", "digits"]) == 2
    assert (
        "--data digits: has no split 'valid', only train, test; name with --split" in capsys.readouterr().err
    )
    assert main(command) == 2
    assert "--data is not given" in capsys.readouterr().err


def test_the_help_says_which_split_is_read(capsys):
    """Other commands read test where none is named; this one never does."""
    for command, usual in (
        ("calibrate", "valid, or the only one there is, but never test"),
        ("run", "test, or valid"),
    ):
        main([command, "--help"])
        assert f"split of --data to read (default: {usual}" in " ".join(capsys.readouterr().out.split())


def test_a_model_file_alone_has_no_smooth_network(tmp_path, capsys):
    assert main(["calibrate", DIGITS, "--out", str(tmp_path / "x")]) == 2
    assert (
        f"{DIGITS}: is a model file, which has no smooth network; name a run, or add --early"
        in capsys.readouterr().err
    )


def test_another_file_is_not_written_over(tmp_path, capsys):
    out = tmp_path / "notes.txt"
    out.write_text("mine")
    assert main(["calibrate", DIGITS, "--early", "1", *ON, "--out", str(out)]) == 2
    assert f"--out {out}: exists and is no model file; name another, or remove it" in capsys.readouterr().err
    assert out.read_text() == "mine"


def test_a_run_gives_its_integer_model_on_what_watched_it(tmp_path):
    run, out = tmp_path / "run", tmp_path / "early.safetensors"
    train = [
        "train",
        "--data",
        "digits",
        "--limit",
        "60",
        "--epochs",
        "1",
        "--arch",
        "4c5s3-out",
        "--out",
        str(run),
    ]
    assert main(train) == 0
    assert (
        main(
            ["calibrate", str(run), "--early", "50", "--out", str(out), "--json", str(tmp_path / "told.json")]
        )
        == 0
    )
    found = json.loads((tmp_path / "told.json").read_text())
    assert found["recordings"] == "digits, which watched the training"
    assert 0 < found["samples"] < 60
    assert modelfile.load(out).early_margin == found["margin"] > 0
    assert np.sum(found["steps"]["histogram"]) == found["samples"]
