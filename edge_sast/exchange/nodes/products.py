"""Products and quotients of a node's numbers that float64 holds: none becomes infinite, or 0, without a word."""

from __future__ import annotations

import numpy as np

from edge_sast.exchange.graph import Node

LEAST = float(np.finfo(np.float64).tiny)  # of full precision


def times(node: Node, name: str, values: np.ndarray, by: np.ndarray | float) -> np.ndarray:
    """values · by, both float64, as NumPy broadcasts them. name: of the node's parameter that is one of the two.

    Raises EdgeSastError, naming node and parameter, where finite numbers give an infinite one, or numbers that are not
    0 one so small that float64 has not all its bits.
    """
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        found = np.asarray(values * by)
    how = f"{name} is multiplied"
    _check(node, how, found, np.isfinite(values) & np.isfinite(by), (values != 0) & (np.asarray(by) != 0))
    return found


def over(node: Node, name: str, values: np.ndarray | float, by: np.ndarray | float) -> np.ndarray:
    """values / by in the same way, a time constant and a step; by: above 0, an infinite one gives 0."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        found = np.asarray(values / np.asarray(by))
    how = f"{name} is counted in steps"
    _check(node, how, found, np.isfinite(values), (np.asarray(values) != 0) & np.isfinite(by))
    return found


def plus(node: Node, name: str, values: np.ndarray, more: np.ndarray) -> np.ndarray:
    """values + more, both finite, in the same way."""
    with np.errstate(over="ignore"):
        found = values + more
    _check(node, f"{name} is added up", found, np.array(True), np.array(False))
    return found


def _check(node: Node, how: str, found: np.ndarray, finite: np.ndarray, above: np.ndarray) -> None:
    """how: what was done; finite, above: where it must be finite, and not 0."""
    told = None
    if (~np.isfinite(found) & finite).any():
        told = "larger"
    elif ((np.abs(found) < LEAST) & above).any():
        told = "smaller"
    if told is not None:
        node.refuse(
            f"{how}, and becomes {told} than float64 holds", "look at the training, and write the file again"
        )
