"""The two operations of docs/arithmetic.md that are more than an addition or a comparison."""

from __future__ import annotations

from edge_sast.jit import jit


def leak(v, first=0, second=0):
    """v - (v >> first) - (v >> second) on an int32 membrane; a shift of 0 stands for no term.

    The shifts are arithmetic: they round towards minus infinity.
    """
    lost = (v >> first) if first else 0
    if second:
        lost += v >> second
    return v - lost


def saturate(v, low, high):
    """The nearest value to v in low..high."""
    return min(max(v, low), high)


saturate_jit = jit(saturate, inline=True)
