"""Rows of any length and place against NumPy; what lies beside them stays as it is."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.vectors import add_scaled, fire_hard, take

places = st.integers(0, 7)
lengths = st.integers(0, 70)


def unsigned(*values):
    return tuple(np.uint64(value) for value in values)


@settings(max_examples=100, deadline=None)
@given(lengths, places, places, st.floats(-3, 3, width=32), st.integers(0, 2**32 - 1))
def test_add_scaled(count, at, place, factor, seed):
    rng = np.random.default_rng(seed)
    to, row = (rng.standard_normal(90).astype(np.float32) for _ in range(2))
    wanted = to.copy()
    wanted[at : at + count] += np.float32(factor) * row[place : place + count]
    at, place, count = unsigned(at, place, count)
    add_scaled(to, at, row, place, count, np.float32(factor))
    np.testing.assert_array_equal(to, wanted)


@settings(max_examples=100, deadline=None)
@given(lengths, places, places, st.integers(0, 2**32 - 1))
def test_take(count, at, place, seed):
    rng = np.random.default_rng(seed)
    row, top = (rng.integers(0, 3, 90).astype(np.float32) for _ in range(2))
    row[rng.random(90) < 0.1] = np.nan  # equal to nothing
    to, left = (rng.standard_normal(90).astype(np.float32) for _ in range(2))
    here, there = slice(at, at + count), slice(place, place + count)
    hit = row[here] == top[there]
    wanted_to, wanted_left = to.copy(), left.copy()
    wanted_to[here], wanted_left[there] = np.where(hit, left[there], 0), np.where(hit, 0, left[there])
    at, place, count = unsigned(at, place, count)
    take(to, row, at, top, left, place, count)
    np.testing.assert_array_equal(to, wanted_to)
    np.testing.assert_array_equal(left, wanted_left)


@settings(max_examples=50, deadline=None)
@given(lengths, st.booleans(), st.integers(0, 2**32 - 1))
def test_fire_hard(count, subtract, seed):
    rng = np.random.default_rng(seed)
    x, v, u, s = (rng.standard_normal(count).astype(np.float32) for _ in range(4))
    gain, offset = (rng.standard_normal(count + 5).astype(np.float32) for _ in range(2))
    decay, theta = np.float32(0.875), np.float32(0.5)
    membrane = decay * v + (gain[:count] * x + offset[:count])
    spikes = (membrane >= theta).astype(np.float32)
    after = membrane - theta * spikes if subtract else membrane * (1 - spikes)
    fire_hard(x, gain, offset, v, u, s, decay, theta, subtract)
    for found, wanted in ((u, membrane), (s, spikes), (v, after)):
        np.testing.assert_array_equal(found, wanted)
