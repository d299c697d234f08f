"""Events as lines `t,x,y,p` of text, compiled."""

from __future__ import annotations

from functools import partial

import numpy as np

from edge_sast.jit import jit

LONGEST_LINE = 20 + 1 + 5 + 1 + 5 + 1 + 3 + 1  # bytes: of an int64, two uint16 and a uint8


def lines_of(events: np.ndarray) -> bytes:
    """EVENT_DTYPE[n] with t >= 0 as n lines that end in LF."""
    out = np.empty(len(events) * LONGEST_LINE, np.uint8)
    return out[: _fill(events, out)].tobytes()


@jit
def _fill(events, out):
    """Fills `out` with lines; returns how many bytes."""
    at = 0
    for i in range(len(events)):
        at = _put(out, at, events[i].t, 44)
        at = _put(out, at, np.int64(events[i].x), 44)
        at = _put(out, at, np.int64(events[i].y), 44)
        at = _put(out, at, np.int64(events[i].p), 10)
    return at


@partial(jit, inner=True)
def _put(out, at, value, end):
    """Writes a number >= 0 and the byte behind it; returns where the next begins."""
    size, rest = 1, value
    while rest >= 10:
        rest //= 10
        size += 1
    for place in range(at + size - 1, at - 1, -1):
        out[place] = 48 + value % 10
        value //= 10
    out[at + size] = end
    return at + size + 1
