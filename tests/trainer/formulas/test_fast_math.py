import numpy as np
import pytest

from edge_sast.jit import jit
from trainer.formulas import fast_math


def over(function, xs):
    compiled = jit(function)
    return np.array([compiled(x) for x in xs])


@pytest.mark.parametrize(("function", "exact"), [(fast_math.arctan, np.arctan), (fast_math.tanh, np.tanh)])
def test_float32_functions_are_close_to_the_exact_ones(function, exact):
    sizes = np.concatenate([np.linspace(0.0, 12.0, 3001), np.logspace(-20, 20, 401)])
    xs = np.concatenate([-sizes, sizes]).astype(np.float32)
    found, wanted = over(function, xs), exact(xs.astype(np.float64))
    np.testing.assert_allclose(found, wanted, rtol=4e-7, atol=1e-30)
    assert (np.abs(found) <= np.abs(exact(np.inf)) * (1 + 1e-7)).all()


@pytest.mark.parametrize("function", [fast_math.arctan, fast_math.tanh])
def test_they_are_odd_and_zero_at_zero(function):
    xs = np.linspace(-9, 9, 37, dtype=np.float32)
    np.testing.assert_array_equal(over(function, xs), -over(function, -xs))
    assert over(function, np.zeros(1, np.float32))[0] == 0.0
