"""Rows of any length and place against NumPy; what lies beside them stays as it is."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core.errors import TypingError

from trainer.kernels import vectors

places = st.integers(0, 7)
lengths = st.integers(0, 70)


def called_compiled(operation):
    return numba.njit(lambda *arguments: operation(*arguments))


add_scaled, back, fire, fire_and_fold, fold = map(
    called_compiled,
    (vectors.add_scaled, vectors.back, vectors.fire, vectors.fire_and_fold, vectors.fold),
)


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
    add_scaled(to, at, row, place, np.float32(factor), count)
    np.testing.assert_array_equal(to, wanted)


def random_rows(rng, count):
    return [rng.standard_normal(90).astype(np.float32) for _ in range(count)]


@settings(max_examples=100, deadline=None)
@given(lengths, places, places, places, st.booleans(), st.integers(0, 2**32 - 1))
def test_fold(count, at, place, column, first, seed):
    rng = np.random.default_rng(seed)
    s, pooled, fired = random_rows(rng, 3)
    s[rng.random(90) < 0.1] = np.nan
    here, there, sums = slice(at, at + count), slice(place, place + count), slice(column, column + count)
    wanted_pooled, wanted_fired = pooled.copy(), fired.copy()
    wanted_pooled[there] = s[here] if first else np.maximum(pooled[there], s[here])
    wanted_fired[sums] += s[here]
    at, place, column, count = unsigned(at, place, column, count)
    fold(s, at, pooled, place, fired, column, first, count)
    np.testing.assert_array_equal(pooled, wanted_pooled)
    np.testing.assert_array_equal(fired, wanted_fired)


@settings(max_examples=100, deadline=None)
@given(lengths, places, places, places, st.booleans(), st.booleans(), st.integers(0, 2**32 - 1))
def test_fire_alone_and_folded(count, at, place, column, subtract, first, seed):
    rng = np.random.default_rng(seed)
    x, v, u, gain, offset, pooled, fired = random_rows(rng, 7)
    decay, theta = np.float32(0.875), np.float32(0.5)
    here, there, sums = slice(at, at + count), slice(place, place + count), slice(column, column + count)
    membrane = decay * v[here] + (gain[sums] * x[here] + offset[sums])
    spikes = (membrane >= theta).astype(np.float32)
    wanted_u, wanted_v, wanted_pooled, wanted_fired = u.copy(), v.copy(), pooled.copy(), fired.copy()
    wanted_u[here] = membrane
    wanted_v[here] = membrane - theta * spikes if subtract else membrane * (1 - spikes)
    wanted_pooled[there] = spikes if first else np.maximum(pooled[there], spikes)
    wanted_fired[sums] += spikes
    same_v = v.copy()
    at, place, column, count = unsigned(at, place, column, count)
    fire(x, at, gain, offset, column, v, decay, theta, subtract, u, count)
    fire_and_fold(
        x, at, gain, offset, column, same_v, decay, theta, subtract, pooled, place, fired, first, count
    )
    pairs = ((u, wanted_u), (v, wanted_v), (same_v, wanted_v), (pooled, wanted_pooled), (fired, wanted_fired))
    for found, wanted in pairs:
        np.testing.assert_array_equal(found, wanted)


@settings(max_examples=100, deadline=None)
@given(lengths, places, places, places, st.booleans(), st.booleans(), st.integers(0, 2**32 - 1))
def test_back(count, at, place, column, subtract, smooth, seed):
    rng = np.random.default_rng(seed)
    u, s, top, left, grad, grad_v, total = random_rows(rng, 7)
    decay, theta = np.float32(0.875), np.float32(0.5)
    here, there, sums = slice(at, at + count), slice(place, place + count), slice(column, column + count)
    spikes = s[here] if smooth else (u[here] >= theta).astype(np.float32)
    top[there] = np.where(rng.random(count) < 0.5, spikes, 2)
    u[here][rng.random(count) < 0.1] = np.nan  # fires nowhere
    u[here][rng.random(count) < 0.1] = -np.inf
    spikes = s[here] if smooth else (u[here] >= theta).astype(np.float32)
    hit, slope = spikes == top[there], grad[here]
    kept = np.ones_like(slope) if subtract else 1 - spikes
    if smooth:
        kept -= slope * (theta if subtract else u[here])
    g = np.where(hit, left[there], np.float32(0)) * slope + grad_v[here] * kept
    wanted = {"left": left.copy(), "grad": grad.copy(), "grad_v": grad_v.copy(), "total": total.copy()}
    wanted["left"][there] = np.where(hit, 0, left[there])
    wanted["grad"][here], wanted["grad_v"][here] = g, decay * g
    wanted["total"][sums] += g
    at, place, column, count = unsigned(at, place, column, count)
    back(top, left, place, u, s, at, grad, grad_v, total, column, decay, theta, subtract, smooth, count)
    for name, found in (("left", left), ("grad", grad), ("grad_v", grad_v), ("total", total)):
        np.testing.assert_array_equal(found, wanted[name])


@pytest.mark.parametrize("wrong", [np.zeros(9), np.zeros((9, 2), np.float32)[:, 0], np.zeros(9, np.float16)])
def test_other_arrays_than_rows_of_float32_are_refused(wrong):
    nothing = np.uint64(0)
    with pytest.raises(TypingError, match="add_scaled takes C-contiguous arrays of float32"):
        add_scaled(np.zeros(9, np.float32), nothing, wrong, nothing, np.float32(1), nothing)
