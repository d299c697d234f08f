"""Leak and saturation, plain and compiled, against Python's unbounded integers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_sast.model.arithmetic import leak, leak_jit, saturate, saturate_jit

membranes = st.integers(-(1 << 30), (1 << 30) - 1)


@pytest.mark.parametrize(
    ("v", "shifts", "expected"),
    [(-1, (3, 0), 0), (-9, (3, 0), -7), (9, (3, 0), 8), (-1, (1, 2), 1), (7, (1, 2), 3), (-5, (0, 0), -5)],
)
def test_leak_by_hand(v, shifts, expected):
    assert leak(v, *shifts) == expected
    assert leak_jit(np.int32(v), *shifts) == expected


@given(membranes, st.integers(0, 15), st.integers(0, 15))
def test_leak_rounds_towards_minus_infinity(v, first, second):
    expected = v - (v // 2**first if first else 0) - (v // 2**second if second else 0)
    assert leak(v, first, second) == expected
    assert leak_jit(np.int32(v), first, second) == expected


@given(membranes, st.integers(4, 31))
def test_saturate(v, bits):
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    expected = sorted((low, v, high))[1]
    assert saturate(v, low, high) == expected
    assert saturate_jit(np.int32(v), np.int32(low), np.int32(high)) == expected
