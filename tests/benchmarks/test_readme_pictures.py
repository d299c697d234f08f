"""The README's pictures: figures as the pages have them, and every picture that a page shows is there."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("matplotlib")

from readme_pictures import accuracy_against_synops, example_points, path, table_points

ROOT = Path(__file__).parents[2]


def test_points_are_those_of_the_tables():
    text = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    points = table_points(text, "Accuracy against SynOps")
    assert len(points) == 5
    assert points[2] == ((94_940.0,) * 3, (98.85,) * 3)
    spread = table_points(text, "Small networks")
    assert spread[0] == ((40_159.0, 37_195.0, 43_123.0), (96.95, 96.7, 97.2))
    with_other_columns = table_points(text, "N-MNIST, all recordings, with the integer finish")
    assert with_other_columns[0] == ((412_278.0, 394_241.0, 429_556.0), (98.77, 98.55, 98.9))


def test_example_models_are_found():
    text = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    found = {(synops[0], accuracy[0]) for synops, accuracy in example_points(text)}
    assert {(65_050.0, 98.5), (42_037.0, 98.0), (92_118.0, 98.15)} <= found


def test_pictures_show_what_they_are_made_of():
    drawn = path()
    drawn.canvas.draw()
    said = " ".join(text.get_text() for axes in drawn.axes for text in axes.texts)
    words = ("event camera", "trainer", "model file", "integer runtime", "C99", "microcontroller", "Verilog")
    assert all(word in said for word in words)
    drawn = accuracy_against_synops(ROOT / "docs" / "results.md")
    drawn.canvas.draw()
    (axes,) = drawn.axes
    shown = {x for line in axes.lines for x in line.get_xdata()}
    assert {94.94, 65.05} <= {
        round(float(x), 3) for x in shown
    }  # thousands of SynOps: of a table, of an example
