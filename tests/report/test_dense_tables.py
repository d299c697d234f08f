"""Who wins on which row, and by how much."""

import pytest

from edge_sast.report.dense_tables import Row, verdict


@pytest.mark.parametrize(
    ("row", "winner", "margin", "told"),
    [
        (Row("accuracy", "%", 98.5, 97.0), "spiking", 1.5, "spiking by 1.50 points"),
        (Row("accuracy", "%", 97.0, 97.01), "dense", 0.01, "dense by 0.01 points"),
        (Row("accuracy", "%", 97.0, 97.0), None, 0, "even"),
        (Row("flash", "bytes", 300, 100), "dense", 3, "dense, 3.00 x less"),
        (Row("RAM", "bytes", 100, 250), "spiking", 2.5, "spiking, 2.50 x less"),
        (Row("RAM", "bytes", 1000, 1004), None, 1.004, "even"),
        (Row("latency", "ms", 0, 5), "spiking", None, "spiking"),
    ],
)
def test_rows(row, winner, margin, told):
    assert row.winner == winner
    assert row.margin == (margin if margin is None else pytest.approx(margin))
    assert row.cells()[-1] == told


def test_one_sentence():
    rows = [
        Row("accuracy", "%", 98.5, 97.0),
        Row("flash", "bytes", 300, 100),
        Row("RAM", "bytes", 100, 250),
        Row("latency", "ms", 7, 7),
    ]
    assert verdict(rows) == (
        "The spiking network wins on accuracy (1.50 points) and RAM (2.50 x less); the dense CNN wins on flash "
        "(3.00 x less); both are even on latency."
    )
    assert verdict(rows[1:2]) == "The dense CNN wins on flash (3.00 x less)."
