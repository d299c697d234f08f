import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.events.augment import Augmentation
from tests.events.oracles import slow_shift_flip


def batch(seed, shape=(6, 3, 9, 7, 2), top=4):
    return np.random.default_rng(seed).integers(0, top, shape).astype(np.uint8)


@given(seed=st.integers(0, 1 << 32), shift=st.integers(0, 12), flip=st.booleans())
@settings(deadline=None, max_examples=60)
def test_each_sample_is_one_of_the_oracles_moves(seed, shift, flip):
    dense = batch(seed)
    before = dense.copy()
    out = Augmentation(shift=shift, flip=flip).apply(dense, np.random.default_rng(seed))
    assert np.array_equal(dense, before)
    reach = range(-shift, shift + 1)
    for sample, got in zip(dense, out, strict=True):
        assert any(
            np.array_equal(slow_shift_flip(sample, dy, dx, mirror), got)
            for dy in reach
            for dx in reach
            for mirror in ((False, True) if flip else (False,))
        )


def test_all_moves_and_mirrors_occur():
    dense = np.zeros((3000, 1, 5, 5, 2), np.uint8)
    dense[:, 0, 2, 2, 0] = 1
    out = Augmentation(shift=1).apply(dense, np.random.default_rng(0))
    heat = out.sum(axis=0)[0, :, :, 0]
    assert heat[1:4, 1:4].min() > 3000 / 9 * 0.8
    assert heat.sum() == 3000
    dense[:, 0, 2, 2, 0], dense[:, 0, 2, 0, 0] = 0, 1
    mirrored = Augmentation(flip=True).apply(dense, np.random.default_rng(0))[:, 0, 2, 4, 0].mean()
    assert 0.45 < mirrored < 0.55


def test_drop_is_per_event_and_has_the_right_rate():
    dense = np.full((8, 10, 20, 20, 2), 3, np.uint8)
    out = Augmentation(drop=0.25).apply(dense, np.random.default_rng(1))
    shares = np.bincount(out.ravel(), minlength=4) / out.size
    binomial = [0.25**3, 3 * 0.75 * 0.25**2, 3 * 0.75**2 * 0.25, 0.75**3]
    assert np.allclose(shares, binomial, atol=0.01)


def test_the_generator_alone_decides():
    augmentation = Augmentation(2, 0.3, True)
    dense = batch(0)
    first = augmentation.apply(dense, np.random.default_rng(5))
    assert np.array_equal(first, augmentation.apply(dense, np.random.default_rng(5)))
    assert not np.array_equal(first, augmentation.apply(dense, np.random.default_rng(6)))


def test_nothing_asked_is_nothing_changed():
    dense = batch(3)
    assert np.array_equal(Augmentation().apply(dense, np.random.default_rng(0)), dense)
    assert Augmentation(1).apply(dense[:0], np.random.default_rng(0)).shape == (0, 3, 9, 7, 2)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"shift": -1}, "augmentation: shift=-1 is out of range; choose whole pixels 0..127"),
        ({"drop": 1.0}, "augmentation: drop=1.0 is out of range; choose a probability in [0, 1)"),
    ],
)
def test_bad_values_are_named(values, message):
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        Augmentation(**values)


def test_wrong_batches_are_named():
    message = "augmentation: batch is float64[2, 2], not uint8[B, T, H, W, 2]; pass BinnedEvents.dense(...)"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        Augmentation().apply(np.zeros((2, 2)), np.random.default_rng(0))
