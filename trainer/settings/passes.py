"""The forward passes of a network: which spikes, and whose arithmetic (docs/method.md)."""

from __future__ import annotations

from dataclasses import dataclass

from edge_sast.errors import EdgeSastError
from trainer.formulas import surrogate
from trainer.settings.bits import Bits

FORWARDS = ("smooth", "hard", "mixed", "stochastic")


@dataclass(frozen=True)
class Spike:
    """A float pass: how spikes are made of a membrane, and with which surrogate σ_β (formulas: operations/lif.py).

    Fields:
        forward: "smooth" (σ_β itself), "hard" (the step H), "mixed" (σ_β or H by lot) or "stochastic" (H by lot).
        surrogate, beta: name and slope parameter, see trainer/formulas/surrogate.py.
        mix: mixed only, the share of σ_β: 1 is the smooth pass; 0 spikes as the hard one.
        mask: hard only, and in the integer pass: the share of σ_β′ set to zero by lot.
    Raises EdgeSastError for a value outside its range.
    """

    forward: str
    surrogate: str = "arctan"
    beta: float = 2.0
    mix: float = 0.5
    mask: float = 0.0

    def __post_init__(self) -> None:
        if self.forward not in FORWARDS:
            raise EdgeSastError(f"--forward is {self.forward!r}; choose {', '.join(FORWARDS)}")
        surrogate.check_beta(surrogate.code(self.surrogate), self.beta)
        if not 0 <= self.mix <= 1:
            raise EdgeSastError(f"--mix is {self.mix}; it must be 0 to 1")
        if not 0 <= self.mask < 1:
            raise EdgeSastError(f"--mask is {self.mask}; it must be 0 or more and below 1")
        if self.mask and not self.hard:
            raise EdgeSastError(
                f"--mask is {self.mask}, but the forward pass is {self.forward}; only hard takes one"
            )

    @property
    def hard(self) -> bool:
        return self.forward == "hard"


@dataclass(frozen=True)
class Integer:
    """The integer pass at a weight width for each weighted layer; σ_β′ of `spike`, masked as it says, stands for the
    derivative of the step.
    """

    bits: Bits
    spike: Spike


Pass = Spike | Integer
