import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.datasets.split import stratified_split
from edge_sast.errors import EdgeSastError


@given(
    sizes=st.lists(st.integers(2, 60), min_size=1, max_size=6),
    fraction=st.floats(0.01, 0.99),
    seed=st.integers(0, 1000),
)
@settings(deadline=None, max_examples=100)
def test_parts_are_disjoint_whole_and_stratified(sizes, fraction, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    train, valid = stratified_split(labels, fraction, seed)
    assert sorted([*train.tolist(), *valid.tolist()]) == list(range(len(labels)))
    assert (np.diff(train) > 0).all()
    assert (np.diff(valid) > 0).all()
    for label, size in enumerate(sizes):
        got = int((labels[valid] == label).sum())
        assert 1 <= got <= size - 1
        assert abs(got - size * fraction) <= 1
    again = stratified_split(labels, fraction, seed)
    assert np.array_equal(again[0], train)


def test_seeds_differ():
    labels = np.repeat(np.arange(3), 50)
    assert not np.array_equal(stratified_split(labels, 0.2, 0)[1], stratified_split(labels, 0.2, 1)[1])


@pytest.mark.parametrize(
    ("labels", "fraction", "message"),
    [
        ([0, 0], 0.0, "validation fraction 0.0 is out of range; choose a number between 0 and 1"),
        ([], 0.5, "validation split: 0 recordings given; the training split is empty: add recordings"),
        ([0, 0, 7], 0.5, "validation split: class 7 has 1 recording; add another one, or give a valid split"),
    ],
)
def test_impossible_splits_are_named(labels, fraction, message):
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        stratified_split(np.array(labels), fraction, 0)


def test_a_class_is_told_by_its_name():
    message = "validation split: class 'owl' has 1 recording; add another one, or give a valid split"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        stratified_split(np.array([0, 0, 2, 1, 1]), 0.5, 0, ("cat", "dog", "owl"))
