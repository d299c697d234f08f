import math

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from trainer.formulas import surrogate

NAMES = list(surrogate.CODES)
CASES = [
    (name, beta) for name in NAMES for beta in (0.5, 1.0, 2.0, 10.0) if name != "asymmetric" or beta >= 1
]
XS = (-2.03, -0.31, 0.0, 0.013, 0.07, 0.71, 3.07)  # none at the edge of a window


@pytest.mark.parametrize(("name", "beta"), CASES)
def test_slopes_are_the_derivatives_of_value(name, beta):
    kind, h = surrogate.code(name), 1e-6
    for x in XS:
        by_x = (surrogate.value(kind, beta, x + h) - surrogate.value(kind, beta, x - h)) / (2 * h)
        by_beta = (surrogate.value(kind, beta + h, x) - surrogate.value(kind, beta - h, x)) / (2 * h)
        assert surrogate.slope(kind, beta, x) == pytest.approx(by_x, rel=1e-5, abs=1e-8)
        assert surrogate.beta_slope(kind, beta, x) == pytest.approx(by_beta, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize(("name", "beta"), CASES)
def test_value_rises_from_0_to_1(name, beta):
    kind = surrogate.code(name)
    values = [surrogate.value(kind, beta, x) for x in np.linspace(-5, 5, 1001)]
    assert (np.diff(values) >= 0).all()
    assert surrogate.value(kind, beta, -1e7) == pytest.approx(0, abs=1e-6)
    assert surrogate.value(kind, beta, 1e7) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("name", "share"), [("logistic", 4), *((n, 2) for n in NAMES if n != "logistic")])
def test_at_the_threshold_value_and_slope_are_as_documented(name, share):
    kind = surrogate.code(name)
    assert surrogate.value(kind, 4.0, 0.0) == (0.4375 if name == "asymmetric" else 0.5)
    assert surrogate.slope(kind, 4.0, 0.0) == 4.0 / share


@pytest.mark.parametrize(("name", "edge"), [("triangle", 0.5), ("rectangle", 0.25), ("asymmetric", 0.25)])
def test_windows_end_where_documented(name, edge):
    kind = surrogate.code(name)
    at = {"triangle": 0.0, "rectangle": 2.0, "asymmetric": 2.5}[
        name
    ]  # (β/2)(1 + x), an edge within the window
    assert surrogate.slope(kind, 4.0, edge) == at
    assert surrogate.slope(kind, 4.0, math.nextafter(edge, 1)) == 0.0
    assert (surrogate.value(kind, 4.0, -edge), surrogate.value(kind, 4.0, edge)) == (0.0, 1.0)


def test_unknown_surrogate_is_refused():
    message = r"^--surrogate is 'relu'; choose arctan, logistic, triangle, rectangle, asymmetric$"
    with pytest.raises(EdgeSastError, match=message):
        surrogate.code("relu")


@pytest.mark.parametrize("beta", [0.0, -1.0, math.inf, math.nan])
def test_a_slope_parameter_is_positive_and_finite(beta):
    with pytest.raises(EdgeSastError, match=rf"^--beta is {beta:g}; it must be above 0 and finite$"):
        surrogate.check_beta(surrogate.ARCTAN, beta)


def test_an_asymmetric_slope_is_never_negative():
    message = r"^--beta is 0\.5; --surrogate asymmetric needs 1 or more, or its slope is negative$"
    with pytest.raises(EdgeSastError, match=message):
        surrogate.check_beta(surrogate.ASYMMETRIC, 0.5)
