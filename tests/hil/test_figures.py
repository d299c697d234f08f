"""What `hil --json` says of a recording."""

from __future__ import annotations

import pytest

from edge_sast.hil.figures import _row
from tests.hil.boards import Bench
from tests.hil.test_journal import outcome


@pytest.mark.parametrize(
    ("ticks", "total"), [((3, 0, 4), 7), ((0, 0, 0), 0), ((), None)], ids=["some", "a slow clock", "no clock"]
)
def test_ticks_of_nothing_are_no_missing_ticks(bench: Bench, ticks, total):
    row = _row(outcome(0, ticks=ticks, unique_ticks=ticks), bench.data, labelled=True)
    assert (row["ticks"], row["ticks_total"], row["unique_ticks_total"]) == (ticks, total, total)
