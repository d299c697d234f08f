"""examples/two_methods.py: short trainings, and what it makes of their accuracies."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("matplotlib")

from two_methods import main, picture, table

from edge_sast.errors import EdgeSastError
from tests.examples.pictures import assert_picture

FOUND = {
    "sast": [[0.90, 0.89, 0.88, 0.80, 0.7], [0.80, 0.81, 0.80, 0.76, 0.7]],
    "surrogate": [[0.92, 0.85, 0.84, 0.70, 0.4], [0.90, 0.87, 0.86, 0.70, 0.6]],
}


def test_both_are_trained_and_evaluated(tmp_path, capsys):
    out = tmp_path / "methods"
    main(["--seeds", "1", "--epochs", "1", "--limit", "64", "--out", str(out)])
    written = json.loads((out / "methods.json").read_text())
    assert written["passes"] == ["surrogate", "hard", "int8", "int4", "int2"]
    for rows in written["accuracy"].values():
        (accuracies,) = rows
        assert all(
            float(359 * each).is_integer() or abs(359 * each - round(359 * each)) < 1e-9
            for each in accuracies
        )
    assert capsys.readouterr().out.startswith("sast-0: ")
    assert (out / "surrogate-0").is_dir()
    assert_picture(out / "methods.png")


def test_the_table_has_means_and_range():
    _, sast, baseline = table(FOUND)
    assert sast.split()[:5] == ["SAST", "85.0", "(80.0..90.0)", "85.0", "(81.0..89.0)"]
    assert baseline.split()[-2:] == ["50.0", "(40.0..60.0)"]


def test_the_picture_shows_what_is_lost_of_the_same_seed():
    lost = picture(FOUND).axes[1]
    means = {line.get_label(): line for line in lost.containers}
    sast, baseline = (means[name][0].get_ydata() for name in ("SAST", "without sharpness"))
    assert sast == pytest.approx([0, 0, -1, -7, -15])
    assert baseline == pytest.approx([0, -5, -6, -21, -41])


def test_mistakes(tmp_path):
    with pytest.raises(EdgeSastError, match=r"^--seeds is 0; it must be 1 or more$"):
        main(["--seeds", "0", "--out", str(tmp_path / "no")])
    assert not (tmp_path / "no").exists()
