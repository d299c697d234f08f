"""The first value in which an implementation differs from the runtime, named so that it can be found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Mismatch:
    """The first value that differs.

    sample: number of the recording. source: its name.
    step: None after the last one.
    layer: index in the model file. None where no layer is meant.
    quantity: membrane, spike, synops, spikes, crc, output, class, total synops or total spikes.
    neuron: of the layer, or the class of an output. Else None.
    """

    sample: int
    source: str
    step: int | None
    layer: int | None
    quantity: str
    neuron: int | None
    expected: int
    got: int

    def __str__(self) -> str:
        places = {"step": self.step, "layer": self.layer, "neuron": self.neuron}
        where = "".join(f", {name} {value}" for name, value in places.items() if value is not None)
        return f"sample {self.sample} ({self.source}){where}: {self.quantity} expected {self.expected}, got {self.got}"


@dataclass(frozen=True)
class Place:
    """Makes mismatches of one recording."""

    sample: int
    source: str

    def differs(
        self, quantity: str, a: NDArray, b: NDArray, step: int | None = None, layer: int | None = None
    ) -> Mismatch | None:
        """Of two vectors of neurons or classes; a is what was expected."""
        where = np.flatnonzero(a != b)
        if not len(where):
            return None
        n = int(where[0])
        return Mismatch(self.sample, self.source, step, layer, quantity, n, int(a[n]), int(b[n]))

    def value(
        self, quantity: str, a: int, b: int, step: int | None = None, layer: int | None = None
    ) -> Mismatch | None:
        """Of two single values; a is what was expected."""
        if a == b:
            return None
        return Mismatch(self.sample, self.source, step, layer, quantity, None, int(a), int(b))

    def neurons(
        self, step: int, layer: int, membranes: tuple[NDArray, NDArray], spikes: tuple[NDArray, NDArray]
    ) -> Mismatch | None:
        """Of one layer after one step, (expected, got) each: the lowest neuron, its membrane before its spike."""
        found = [
            self.differs("membrane", *membranes, step, layer),
            self.differs("spike", *spikes, step, layer),
        ]
        return min((m for m in found if m is not None), key=lambda m: m.neuron or 0, default=None)
