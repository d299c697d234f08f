"""Leak and saturation, plain and compiled, against Python's unbounded integers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_sast.model.arithmetic import leak, saturate, saturate_jit
from edge_sast.runtime.kernels import leak_all
from edge_sast.runtime.program import OP_DTYPE

membranes = st.integers(-(1 << 30), (1 << 30) - 1)


def leaked(v: int, first: int, second: int, kind: type) -> int:
    """What the runtime's kernel makes of it."""
    op = np.zeros(1, OP_DTYPE)
    op["leak"], op["leak_second"] = first, second
    membranes = np.full(3, v, kind)
    leak_all(op.view(np.recarray)[0], membranes)
    assert (membranes == membranes[0]).all()
    return int(membranes[0])


@pytest.mark.parametrize(
    ("v", "shifts", "expected"),
    [(-1, (3, 0), 0), (-9, (3, 0), -7), (9, (3, 0), 8), (-1, (1, 2), 1), (7, (1, 2), 3), (-5, (0, 0), -5)],
)
def test_leak_by_hand(v, shifts, expected):
    assert leak(v, *shifts) == expected
    assert leaked(v, *shifts, np.int32) == leaked(v, *shifts, np.int16) == expected


@given(membranes, st.integers(0, 15), st.integers(0, 15))
def test_leak_rounds_towards_minus_infinity(v, first, second):
    expected = v - (v // 2**first if first else 0) - (v // 2**second if second else 0)
    assert leak(v, first, second) == expected
    if first or not second:  # a second shift stands behind a first
        assert leaked(v, first, second, np.int32) == expected


@given(membranes, st.integers(4, 31))
def test_saturate(v, bits):
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    expected = sorted((low, v, high))[1]
    assert saturate(v, low, high) == expected
    assert saturate_jit(np.int32(v), np.int32(low), np.int32(high)) == expected
