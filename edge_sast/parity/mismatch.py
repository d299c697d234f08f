"""The first value in which an implementation differs from the runtime, named so that it can be found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mismatch:
    """The first value that differs.

    sample: number of the recording. source: its name.
    step: None after the last one.
    layer: index in the model file. None where no layer is meant.
    quantity: membrane, spike, synops, spikes, crc, output, class, total synops, total spikes or steps (how many were
        computed), with "unobserved " before it in a run without an observer.
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
    """The recording that is compared: its number and its name."""

    sample: int
    source: str
