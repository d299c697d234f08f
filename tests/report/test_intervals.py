"""Quantiles and intervals against published values, and the shape of a summary."""

import math
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_sast.report.intervals import over_runs, summarise, t_quantile, wilson


@pytest.mark.parametrize(
    ("degrees", "quantile"),  # of P(|T| ≤ t) = 0.95, from any printed table
    [
        (1, 12.706),
        (2, 4.303),
        (3, 3.182),
        (4, 2.776),
        (5, 2.571),
        (9, 2.262),
        (10, 2.228),
        (30, 2.042),
        (120, 1.980),
    ],
)
def test_quantiles_of_student(degrees, quantile):
    assert t_quantile(degrees) == pytest.approx(quantile, abs=6e-4)


def test_quantiles_of_another_level_and_of_many_degrees():
    assert t_quantile(7, 0.99) == pytest.approx(3.499, abs=6e-4)
    assert t_quantile(2, 0.8) == pytest.approx(0.8 * math.sqrt(2 / (1 - 0.8**2)))  # closed form for 2 degrees
    assert t_quantile(100_000) == pytest.approx(NormalDist().inv_cdf(0.975), abs=1e-4)


def test_interval_of_a_mean():
    found = over_runs([0.90, 0.92, 0.97])
    assert found["mean"] == pytest.approx(0.93)
    assert found["deviation"] == pytest.approx(math.sqrt((0.03**2 + 0.01**2 + 0.04**2) / 2))
    assert found["high"] - found["mean"] == pytest.approx(
        4.30265 * found["deviation"] / math.sqrt(3), rel=1e-5
    )
    assert found["mean"] - found["low"] == pytest.approx(found["high"] - found["mean"])


@pytest.mark.parametrize(
    ("right", "total", "limits"),  # Newcombe 1998, table I, method 3
    [
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ],
)
def test_wilson_against_newcombe(right, total, limits):
    assert wilson(right, total) == pytest.approx(limits, abs=5e-5)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_solves_its_equation(case):
    """|p − k/n| = z·√(p(1 − p)/n) at both limits."""
    right, total = case
    z = NormalDist().inv_cdf(0.975)
    for limit in wilson(right, total):
        assert abs(limit - right / total) == pytest.approx(
            z * math.sqrt(limit * (1 - limit) / total), abs=1e-7
        )


def test_a_summary_has_the_shape_of_its_runs():
    runs = [
        {"name": "a", "n": 3, "x": 1.0, "list": [0.0, {"y": 2.0}], "holds": True, "u": None, "who": "b"},
        {
            "name": "a",
            "n": 3,
            "x": 3.0,
            "list": [0.0, {"y": 2.0}],
            "holds": False,
            "u": None,
            "who": "c",
            "more": 1,
        },
    ]
    found = summarise(runs)
    assert found.keys() == {"name", "n", "x", "list", "holds", "u", "who"}
    assert (found["name"], found["n"], found["holds"], found["u"], found["who"]) == ("a", 3, None, None, None)
    assert found["x"] == over_runs([1.0, 3.0])
    assert found["list"][1]["y"] == {"mean": 2.0, "deviation": 0.0, "low": 2.0, "high": 2.0}
    assert summarise([{"n": 3}, {"n": 5}]) == {"n": over_runs([3, 5])}
    assert summarise([{"u": None}, {"u": 1.0}]) == {"u": None}
