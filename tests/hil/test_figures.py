"""What `hil --json` says of a recording."""

from __future__ import annotations

import numpy as np
import pytest

from edge_sast.hil.figures import _confusion, _row
from edge_sast.runtime import Simulator
from tests.hil.boards import Bench
from tests.hil.test_journal import outcome


@pytest.mark.parametrize(
    ("ticks", "total"), [((3, 0, 4), 7), ((0, 0, 0), 0), ((), None)], ids=["some", "a slow clock", "no clock"]
)
def test_ticks_of_nothing_are_no_missing_ticks(bench: Bench, ticks, total):
    row = _row(outcome(0, ticks=ticks, unique_ticks=ticks), bench.data, labelled=True)
    assert (row["ticks"], row["ticks_total"], row["unique_ticks_total"]) == (ticks, total, total)


def test_an_answer_that_is_no_class_is_in_no_row(bench: Bench):
    """As of a board with a fault, which is what the figures are there to tell."""
    simulator, n = Simulator(bench.model), len(bench.model.classes)
    runtime = simulator.run(bench.data.select([0, 1, 2]))
    for wrong in (n, 2**16 - 1):
        outcomes = [outcome(i, prediction=wrong if i == 1 else 0) for i in range(3)]
        found = _confusion(simulator, outcomes, runtime, labelled=True)["confusion"]
        assert np.shape(found) == (n, n)
        assert [(c, row) for c, row in enumerate(found) if any(row)] == sorted(
            (label, [[int(bench.data.labels[i]) for i in (0, 2)].count(label)] + [0] * (n - 1))
            for label in {int(bench.data.labels[i]) for i in (0, 2)}
        )
