"""What the work of a network's layers costs a core, as numbers that are added: the form in which training is told.

The instructions of a recording are

    T·step + Σ over layers of (Σ arrived·price of its place + fired·price + blocks·price + own·price)

with the T steps of a recording, what arrives at a layer (spikes, or counts of events), what it fires, the blocks of
eight membranes in which a neuron fires, which a sweep finds one by one, and the spikes that a recurrent layer hands to
itself, all but the last step's. All of it is linear in spikes but the
blocks, whose number is a sum of maxima. firmware_gen/estimate makes the prices of a model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLOCK = 8  # membranes that a sweep looks at together


@dataclass(frozen=True)
class LayerPrices:
    """Of one layer, in instructions.

    arrived: float64 [H, W], of each spike that arrives at a place, in any channel; [1, 1] where places do not matter.
    fired: of each spike that it fires. own: of each that it hands to itself. block: of each block of membranes in which
    a neuron fires. lanes: membranes of a position, its channels and what fills them up.
    """

    arrived: NDArray[np.float64]
    fired: float = 0.0
    own: float = 0.0
    block: float = 0.0
    lanes: int = 0


@dataclass(frozen=True)
class Prices:
    """Of a model. step: instructions of a step in which nothing arrives. layers: weighted ones and pools, in order."""

    step: float
    layers: tuple[LayerPrices, ...]
