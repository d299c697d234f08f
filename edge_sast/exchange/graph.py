"""A NIR graph as a file holds it: named nodes with arrays and texts, edges between names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from edge_sast.errors import EdgeSastError

Edges = tuple[tuple[str, str], ...]
GRAPH, INPUT, OUTPUT = "NIRGraph", "Input", "Output"


@dataclass(frozen=True, eq=False)
class Node:
    """One primitive. fields: arrays (0-d ones too) and texts by name; a NIRGraph has `graph` instead."""

    name: str
    type: str
    fields: dict[str, Any] = field(default_factory=dict)
    graph: Graph | None = None

    def refuse(self, what: str, remedy: str) -> NoReturn:
        """Raises EdgeSastError that names the node."""
        raise EdgeSastError(f"node {self.name!r} ({self.type}): {what}; {remedy}")

    def numbers(self, name: str, default: float | None = None) -> np.ndarray:
        """A field as float64, any number of axes; where there is none, the default as a 0-d array.

        Raises EdgeSastError where it is missing and has no default, is no number, or NaN.
        """
        value = self.fields.get(name)
        if value is None:
            if default is None:
                self.refuse(f"{name} is missing", "write the file again")
            value = np.float64(default)
        if isinstance(value, str):
            self.refuse(f"{name} is the text {value!r:.40}, not numbers", "write the file again")
        array = np.asarray(value)
        if array.size == 0:
            self.refuse(f"{name} has shape {list(array.shape)}, without a number", "write the file again")
        if array.dtype.kind not in "biuf":
            self.refuse(f"{name} is {array.dtype!s}{list(array.shape)}, not numbers", "write the file again")
        array = array.astype(np.float64)
        if np.isnan(array).any():
            self.refuse(f"{name} holds NaN (not a number)", "look at the training, and write the file again")
        small = array[(array != 0) & (np.abs(array) < np.finfo(np.float64).tiny)]
        if small.size:
            self.refuse(
                f"{name} holds {small[0]:g}, which float64 has not all bits of",
                "look at the training, and write the file again",
            )
        return array

    def finite(self, name: str, default: float | None = None) -> np.ndarray:
        """The same, without infinity."""
        array = self.numbers(name, default)
        if not np.isfinite(array).all():
            self.refuse(f"{name} is infinite", "look at the training, and write the file again")
        return array

    def whole(self, name: str, default: int | None = None) -> list[int]:
        """A field as one whole number or a list of them."""
        array = np.atleast_1d(self.finite(name, default))
        if array.ndim != 1 or np.any(array != np.round(array)) or np.any(np.abs(array) > 1 << 31):
            self.refuse(f"{name} is {array.tolist()!r:.60}, not whole numbers", "write the file again")
        return [int(v) for v in array]

    def one(self, name: str, default: int) -> int:
        """A field as the one whole number that it must be."""
        values = self.whole(name, default)
        if len(values) != 1:
            self.refuse(f"{name} is {values!r:.60}, not one whole number", "write the file again")
        return values[0]


@dataclass(frozen=True, eq=False)
class Graph:
    """nodes by name, in no order that means anything; edges (from, to) say the order."""

    nodes: dict[str, Node]
    edges: Edges
    version: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
