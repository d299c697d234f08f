import pytest

from edge_sast.errors import EdgeSastError
from trainer import surrogate


@pytest.mark.parametrize("name", ["arctan", "logistic"])
@pytest.mark.parametrize("beta", [0.5, 2.0, 10.0])
def test_slope_is_the_derivative_of_value(name, beta):
    kind = surrogate.code(name)
    for x in (-2.0, -0.3, 0.0, 0.01, 0.7, 3.0):
        h = 1e-6
        numeric = (surrogate.value(kind, beta, x + h) - surrogate.value(kind, beta, x - h)) / (2 * h)
        assert surrogate.slope(kind, beta, x) == pytest.approx(numeric, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("name", "at_zero"), [("arctan", 1.5), ("logistic", 0.75)])
def test_value_is_half_at_the_threshold_and_the_slope_as_documented(name, at_zero):
    kind = surrogate.code(name)
    assert surrogate.value(kind, 3.0, 0.0) == 0.5
    assert surrogate.slope(kind, 3.0, 0.0) == pytest.approx(at_zero)
    assert surrogate.value(kind, 3.0, 1e6) == pytest.approx(1.0, abs=1e-5)


def test_unknown_surrogate_is_refused():
    with pytest.raises(
        EdgeSastError,
        match=r"^--surrogate is 'relu'; choose arctan, logistic, triangle, rectangle, asymmetric$",
    ):
        surrogate.code("relu")
