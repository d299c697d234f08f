"""What is told of measured values."""

from __future__ import annotations

import pytest

from edge_sast.report.spread import spread


@pytest.mark.parametrize(
    ("values", "mean", "p99", "most"),
    [
        (range(1, 101), 50.5, 99, 100),  # the 99th of a hundred
        (range(1, 201), 100.5, 198, 200),
        (range(1, 102), 51.0, 100, 101),  # 99.99 of 101: the rank is rounded up
        ([7], 7.0, 7, 7),
        ([3, 1, 2], 2.0, 3, 3),
    ],
)
def test_mean_nearest_rank_and_largest(values, mean, p99, most):
    assert spread(list(values)[::-1]) == {"mean": mean, "p99": p99, "max": most}


def test_of_nothing():
    assert spread([]) is None
