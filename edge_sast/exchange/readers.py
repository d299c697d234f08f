"""How a tool reads NIR's numbers: what our models must write so that it computes with ours."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from edge_sast.errors import EdgeSastError


@dataclass(frozen=True)
class Reader:
    """dt: of a step, in the unit of tau; None: the model's own, in seconds. exp: tau is that of exp(-dt/tau), not of
    1 - dt/tau. own_gain: the tool multiplies a LIF's input with what its leak takes, and r is 1; else r undoes that.
    if_dt: an IF's r is 1/dt, else 1. one_threshold: all neurons of a layer have the same. leaky_if: an IF is a LIF
    whose leak is lost in float32. reset: what spikes do there.
    """

    dt: float | None = None
    exp: bool = False
    own_gain: bool = False
    if_dt: bool = True
    one_threshold: bool = False
    leaky_if: bool = False
    reset: str | None = None


PLAIN = Reader()
READERS = {
    "snntorch": Reader(1e-4, one_threshold=True, leaky_if=True, reset="zero"),
    "sinabs": Reader(1.0, exp=True, if_dt=False, reset="subtract"),
    "norse": Reader(1e-3, own_gain=True, if_dt=False, reset="zero"),
    "spikingjelly": Reader(1e-4, one_threshold=True, reset="zero"),
}
NO_LEAK = Fraction(1, 1 << 40)  # 1 minus it is 1 in float32


def reader(tool: str | None) -> Reader:
    """Raises EdgeSastError for a tool that there is not."""
    if tool is None:
        return PLAIN
    if tool not in READERS:
        raise EdgeSastError(f"--for-tool is {tool!r}; it must be {', '.join(READERS)}")
    return READERS[tool]


def time_constant(lost: Fraction, dt: float, exp: bool) -> float:
    """tau of a leak that loses so much per step."""
    return -dt / math.log1p(-float(lost)) if exp else dt / float(lost)
