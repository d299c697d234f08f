"""How far the firing of one forward pass lies from another's: the earth mover's distance of the neurons' rates.

Of the rates of a layer's n neurons, means over recordings and steps, in two passes (Smith et al. 2026, arXiv
2604.14487, who hold a quantised network against its float one by it; also called Wasserstein-1):

    EMD = ∫ |F_a(x) − F_b(x)| dx = mean_i |a_(i) − b_(i)|,    a_(i), b_(i) the i-th smallest rates

It compares distributions: neurons that exchange their rates leave it at 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Rates = np.ndarray  # float64 [neurons], spikes per step


def distance(first: Rates, second: Rates) -> float:
    """Of the rates of as many neurons each."""
    return float(np.abs(np.sort(first, axis=None) - np.sort(second, axis=None)).mean())


def distances(first: Sequence[Rates], second: Sequence[Rates]) -> list[float]:
    """Layer by layer."""
    return [distance(a, b) for a, b in zip(first, second, strict=True)]
