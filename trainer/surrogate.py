"""Smooth stand-ins σ_β for the step function, as plain formulas on floats.

Each is used in two ways: as the spike itself in the surrogate forward pass (Nicholson, arXiv 2603.18039), where its
derivative is then the exact gradient; or only as the gradient of the hard step (Neftci et al. 2019).
x = membrane − threshold. β is the slope parameter: larger is steeper.
"""

from __future__ import annotations

import math

from edge_sast.errors import EdgeSastError

ARCTAN, LOGISTIC = 0, 1
CODES = {"arctan": ARCTAN, "logistic": LOGISTIC}


def code(name: str) -> int:
    """The number kernels know a surrogate by. Raises EdgeSastError for an unknown name."""
    if name not in CODES:
        raise EdgeSastError(f"--surrogate is {name!r}; choose {' or '.join(CODES)}")
    return CODES[name]


def value(kind: int, beta: float, x: float) -> float:
    """σ_β(x), from 0 to 1, ½ at 0.

    arctan: ½ + arctan(πβx/2)/π (Fang et al. 2021, arXiv 2007.05785); logistic: 1/(1 + exp(−βx)).
    """
    if kind == ARCTAN:
        return 0.5 + math.atan(0.5 * math.pi * beta * x) / math.pi
    return 0.5 + 0.5 * math.tanh(0.5 * beta * x)


def slope(kind: int, beta: float, x: float) -> float:
    """σ_β′(x). At 0: β/2 for arctan, β/4 for logistic."""
    if kind == ARCTAN:
        z = 0.5 * math.pi * beta * x
        return 0.5 * beta / (1.0 + z * z)
    s = 0.5 + 0.5 * math.tanh(0.5 * beta * x)
    return beta * s * (1.0 - s)
