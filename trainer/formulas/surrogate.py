"""Smooth stand-ins σ_β for the step function, as plain formulas on floats.

Each is used in two ways: as the spike itself in the surrogate forward pass (Nicholson, arXiv 2603.18039), where its
derivative is then the exact gradient; or only as the gradient of the hard step (Neftci et al. 2019).
x = membrane − threshold, in units of the membrane (of the threshold, in the integer pass). β is the slope parameter:
larger is steeper. Every σ′ has area 1.

| name       | σ′(x)                            | support      | source                                       |
|------------|----------------------------------|--------------|----------------------------------------------|
| arctan     | (β/2)/(1 + (πβx/2)²)             | everywhere   | Fang et al. 2021, arXiv 2007.05785           |
| logistic   | β·σ·(1 − σ)                      | everywhere   | Neftci et al. 2019, arXiv 1901.09948         |
| triangle   | (β/2)·(1 − β|x|/2)               | |x| ≤ 2/β    | shape: Bellec et al. 2018, arXiv 1803.09574  |
| rectangle  | β/2                              | |x| ≤ 1/β    | Wu et al. 2018, arXiv 1706.02609             |
| asymmetric | (β/2)·(1 + x)                    | |x| ≤ 1/β    | A2SG, arXiv 2606.11236                       |

What holds where a definition leaves a choice: at u = ϑ the step is 1 (H(0) = 1) and σ′ is its value at x = 0; the edges
|βx| = 1 of rectangle and asymmetric belong to the window; σ is exactly 0 below a window and exactly 1 above it. σ(0) is
½, for asymmetric ½ − 1/(4β).

asymmetric is A2SG's x/(2w) + h with half-width w = 1/β and h = 1/(2w), which makes the area 1. β is at least 1: a wider
window would hold negative slopes. TrSG (arXiv 2511.08708) has the window ϑ/2 ≤ u ≤ 3ϑ/2: it is the rectangle with β = 2
on a membrane measured in thresholds, a scaling that a layer does, not this file.
"""

from __future__ import annotations

import math

from edge_sast.errors import EdgeSastError

ARCTAN, LOGISTIC, TRIANGLE, RECTANGLE, ASYMMETRIC = range(5)
CODES = {
    "arctan": ARCTAN,
    "logistic": LOGISTIC,
    "triangle": TRIANGLE,
    "rectangle": RECTANGLE,
    "asymmetric": ASYMMETRIC,
}
ASYMMETRIC_LEAST = 1.0  # β: a wider window would hold negative slopes


def least_beta(name: str) -> float:
    """The least slope parameter that a surrogate can have."""
    return ASYMMETRIC_LEAST if name == "asymmetric" else 0.0


def code(name: str) -> int:
    """The number kernels know a surrogate by. Raises EdgeSastError for an unknown name."""
    if name not in CODES:
        raise EdgeSastError(f"--surrogate is {name!r}; choose {', '.join(CODES)}")
    return CODES[name]


def check_beta(kind: int, beta: float) -> None:
    """Raises EdgeSastError for a slope parameter that this surrogate cannot have."""
    if not 0 < beta < math.inf:
        raise EdgeSastError(f"--beta is {beta:g}; it must be above 0 and finite")
    if kind == ASYMMETRIC and beta < ASYMMETRIC_LEAST:
        raise EdgeSastError(
            f"--beta is {beta:g}; --surrogate asymmetric needs 1 or more, or its slope is negative"
        )


def value(kind: int, beta: float, x: float) -> float:
    """σ_β(x), from 0 to 1."""
    z = beta * x
    if kind == ARCTAN:
        return 0.5 + math.atan(0.5 * math.pi * z) / math.pi
    if kind == LOGISTIC:
        return 0.5 + 0.5 * math.tanh(0.5 * z)
    if kind == TRIANGLE:
        z = min(max(z, -2.0), 2.0)
        return 0.5 + z * (0.5 - 0.125 * abs(z))
    z = min(max(z, -1.0), 1.0)
    if kind == RECTANGLE:
        return 0.5 + 0.5 * z
    return 0.5 + 0.5 * z + 0.25 * (z * z - 1.0) / beta


def slope(kind: int, beta: float, x: float) -> float:
    """σ_β′(x). At 0: β/4 for logistic, β/2 for the others."""
    z = beta * x
    if kind == ARCTAN:
        return 0.5 * beta / (1.0 + (0.5 * math.pi * z) ** 2)
    if kind == LOGISTIC:
        s = 0.5 + 0.5 * math.tanh(0.5 * z)
        return beta * s * (1.0 - s)
    if kind == TRIANGLE:
        return 0.5 * beta * max(0.0, 1.0 - 0.5 * abs(z))
    if abs(z) > 1.0:
        return 0.0
    return 0.5 * beta if kind == RECTANGLE else 0.5 * beta * (1.0 + x)


def beta_slope(kind: int, beta: float, x: float) -> float:
    """∂σ_β(x)/∂β = σ_β′(x)·x/β, as σ is a function of βx; for asymmetric, which is not, (1 − β²x²)/(4β²) more."""
    own = slope(kind, beta, x) * x / beta
    if kind == ASYMMETRIC and abs(beta * x) <= 1.0:
        own += 0.25 * (1.0 - (beta * x) ** 2) / beta**2
    return own
