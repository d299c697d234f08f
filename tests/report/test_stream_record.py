"""What a plot of a stream keeps is an even selection of bounded size, and the plot can be drawn of any of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.report.events.stream_record import MOST_STEPS, StreamRecord, Thinned


@given(sizes=st.lists(st.integers(0, 40), max_size=20), most=st.integers(1, 30))
def test_every_kth_row_is_kept(sizes, most):
    thinned, total = Thinned(most, np.empty(0, np.int64)), 0
    for size in sizes:
        thinned.add(np.arange(total, total + size))
        total += size
    every = 1
    while -(-total // every) > most:
        every *= 2
    assert thinned.rows().tolist() == list(range(0, total, every))


@pytest.mark.parametrize(("steps", "events", "classes"), [(0, 0, 2), (1, 3, 1), (50, 200, 40)])
def test_a_plot_of_any_stream(steps, events, classes):
    pytest.importorskip("matplotlib")
    from edge_sast.report.events.stream_plot import stream_plot

    record = StreamRecord(classes)
    record.add(
        np.arange(steps) * 1000 + 5,
        np.arange(steps) % classes - 1,
        np.ones((steps, classes)),
        np.zeros(events, EVENT_DTYPE),
    )
    assert stream_plot([f"class {i}" for i in range(classes)], record).startswith(b"\x89PNG")


def test_memory_does_not_grow():
    record = StreamRecord(2)
    for i in range(20):
        n = MOST_STEPS // 3
        record.add(np.full(n, i), np.zeros(n), np.zeros((n, 2)), np.zeros(50_000, EVENT_DTYPE))
    assert MOST_STEPS // 2 <= len(record.outputs.rows()) <= MOST_STEPS
    assert len(record.events.rows()) <= 200_000
