"""The forward passes of a network: which spikes, and whose arithmetic (docs/method.md)."""

from __future__ import annotations

from dataclasses import dataclass

from trainer.bits import Bits


@dataclass(frozen=True)
class Spike:
    """A float pass: `hard` spikes H or smooth ones σ_β; the surrogate's name and slope."""

    hard: bool
    surrogate: str = "arctan"
    beta: float = 2.0


@dataclass(frozen=True)
class Integer:
    """The integer pass at a weight width for each weighted layer; σ_β′ of `spike` stands for the derivative of the
    step.
    """

    bits: Bits
    spike: Spike


Pass = Spike | Integer
