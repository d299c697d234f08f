"""Delays: what a share of them stays within, from a table of fixed size."""

import math

from hypothesis import given
from hypothesis import strategies as st

from edge_sast.streaming.delays import Delays

SECONDS = st.floats(1e-6, 1e4)


@given(delays=st.lists(st.tuples(SECONDS, st.integers(1, 5)), min_size=1), share=st.floats(0.001, 1))
def test_a_share_stays_within_what_is_told_and_that_is_at_most_5_percent_high(delays, share):
    table = Delays()
    for seconds, count in delays:
        table.add(seconds, count)
    every = sorted(seconds for seconds, count in delays for _ in range(count))
    true_ms = every[math.ceil(share * len(every)) - 1] * 1e3
    assert true_ms * (1 - 1e-9) <= table.within_ms(share) <= max(true_ms * 1.05 * (1 + 1e-9), 1e-3)


def test_none_and_the_ends_of_the_table():
    table = Delays()
    assert table.within_ms(0.5) is None
    table.add(-1.0, 1)
    assert table.within_ms(1.0) == 1e-3
    table.add(1e30, 1)
    assert table.within_ms(1.0) > 1e7
