"""Exact equality of arrays that two implementations computed, and the first value that differs.

What is compared is a table of rows (rows.py makes them): whoever computes a recording in another way adds rows, and
their place in time decides which difference comes first.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from edge_sast.parity.mismatch import Mismatch, Place
from edge_sast.runtime.simulator import TracedLayer


@dataclass(frozen=True)
class Row:
    """One quantity of a recording.

    expected, got: of one shape. axes: what each axis counts: "step", "neuron" (of all weighted layers in a row),
    "layer" (weighted ones) or "class"; () for a single value.
    step, layer: where no axis says it: the step; the place of the layer among the weighted ones.
    """

    quantity: str
    expected: ArrayLike
    got: ArrayLike
    axes: tuple[str, ...] = ()
    step: int | None = None
    layer: int | None = None


@dataclass(frozen=True)
class Comparison:
    """Of one recording: how many values differ, and the first of them."""

    mismatches: int
    first: Mismatch | None


def compare(layers: Sequence[TracedLayer], rows: Sequence[Row], place: Place) -> Comparison:
    """All rows of a recording of a model whose weighted layers are `layers`.

    First is the earliest step; in a step the earliest layer, its lowest neuron, and of equals the row that stands
    first; a layer's counters come after its neurons, what belongs to no layer after all of them. What holds for the
    whole recording comes after its steps, and there what belongs to no layer comes first.
    """
    differing = [np.asarray(row.expected) != np.asarray(row.got) for row in rows]
    found = [
        _first(layers, row, order, np.argwhere(where)[0].tolist(), place)
        for order, (row, where) in enumerate(zip(rows, differing, strict=True))
        if where.any()
    ]
    first = min(found, key=lambda entry: entry[0])[1] if found else None
    return Comparison(sum(int(np.count_nonzero(where)) for where in differing), first)


def _first(
    layers: Sequence[TracedLayer], row: Row, order: int, index: list[int], place: Place
) -> tuple[tuple[float, ...], Mismatch]:
    """The row's first difference, at `index`, and when it comes."""
    at = dict(zip(row.axes, index, strict=True))
    step, layer, neuron = at.get("step", row.step), at.get("layer", row.layer), at.get("neuron")
    if neuron is not None and layer is None:
        layer = bisect_right([part.start for part in layers], neuron) - 1
        neuron -= layers[layer].start
    values = (int(np.asarray(array)[tuple(index)]) for array in (row.expected, row.got))
    named = neuron if neuron is not None else at.get("class")
    number = layers[layer].index if layer is not None else None
    mismatch = Mismatch(place.sample, place.source, step, number, row.quantity, named, *values)
    without = -1 if step is None else math.inf  # where what belongs to no layer stands among the layers
    when = math.inf if step is None else step
    lowest = math.inf if neuron is None else neuron
    return (when, without if layer is None else layer, lowest, order), mismatch
