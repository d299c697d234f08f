"""Products that float64 holds are NumPy's to the bit; the others are refused, by node and parameter."""

from __future__ import annotations

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.exchange.graph import Node
from edge_sast.exchange.nodes.products import LEAST, over, plus, times

NODE = Node("a", "Scale")
TOLD = r"^node 'a' \(Scale\): scale is {}, and becomes {} than float64 holds; look at the training, and write"


def test_what_float64_holds_is_as_it_was():
    values = np.array([[0.0, -3.5, np.inf], [1e200, 0.1, -1.0]])
    by = np.array([1e100, 0.3, 2.0])
    np.testing.assert_array_equal(times(NODE, "scale", values, by), values * by)
    np.testing.assert_array_equal(over(NODE, "scale", 1e-4, np.array([0.3, np.inf])), [1e-4 / 0.3, 0])
    np.testing.assert_array_equal(plus(NODE, "bias", values[1], by), values[1] + by)
    assert times(NODE, "scale", np.array([LEAST]), 1.0) == LEAST


@pytest.mark.parametrize(
    ("take", "how", "becomes"),
    [
        (lambda: times(NODE, "scale", np.array([1.0, -1e200]), np.array([1e200])), "multiplied", "larger"),
        (lambda: times(NODE, "scale", np.array([1.0, LEAST]), 0.5), "multiplied", "smaller"),
        (lambda: times(NODE, "scale", np.array([1e-200]), 1e-200), "multiplied", "smaller"),
        (lambda: over(NODE, "scale", np.array([1e300]), 1e-9), "counted in steps", "larger"),
        (lambda: over(NODE, "scale", 1e-300, np.array([1e300])), "counted in steps", "smaller"),
        (lambda: plus(NODE, "scale", np.array([1e308]), np.array([1e308])), "added up", "larger"),
    ],
)
def test_what_it_does_not_hold_is_refused(take, how, becomes):
    with pytest.raises(EdgeSastError, match=TOLD.format(how, becomes)):
        take()
