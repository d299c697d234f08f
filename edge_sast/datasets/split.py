"""Deterministic splits that keep the proportions of the classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_sast.errors import EdgeSastError


def stratified_split(
    labels: np.ndarray, fraction: float, seed: int, classes: Sequence[str] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Split positions into a training and a validation part, class by class.

    Args:
        labels: integers [n].
        fraction: part of each class that goes to validation, 0 < fraction < 1; at least one recording of
            each class lands on either side.
        seed: of the shuffle; the same labels, fraction and seed give the same split.
        classes: their names, for messages; without them a class is told by its label.

    Returns:
        (train, valid): int64 positions, ascending, disjoint, together all of 0..n-1.

    Raises:
        EdgeSastError: fraction out of range, no labels, or a class with fewer than 2 recordings.
    """
    if not 0.0 < fraction < 1.0:
        raise EdgeSastError(
            f"validation fraction {fraction} is out of range; choose a number between 0 and 1"
        )
    labels = np.asarray(labels)
    if labels.size == 0:
        raise EdgeSastError(
            "validation split: 0 recordings given; the training split is empty: add recordings"
        )
    rng = np.random.default_rng(seed)
    valid = []
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        if len(members) < 2:
            name = f"'{classes[label]}'" if len(classes) else label
            raise EdgeSastError(
                f"validation split: class {name} has {len(members)} recording; add another one, or "
                f"give a valid split"
            )
        size = min(max(1, round(len(members) * fraction)), len(members) - 1)
        valid.append(members[:size])
    chosen = np.zeros(len(labels), np.bool_)
    chosen[np.concatenate(valid)] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)
