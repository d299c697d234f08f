"""What the neurons of a network learn or measure beside their weights."""

from __future__ import annotations

from dataclasses import dataclass

from edge_sast.errors import EdgeSastError

RESETS = ("zero", "subtract")
THRESHOLDS = ("fixed", "learn", "adaptive", "adaptive-step")


WIDTHS = ("fixed", "learn", "membrane", "consistent")


@dataclass(frozen=True)
class NeuronSettings:
    """reset: zero or subtract; leak as trainer/formulas/leak.py parses it; above: whether a membrane spikes in float
    passes only above its threshold, not at it, as some tools do (docs/nir.md); later: whether a reset by subtraction
    takes the threshold off one step later, behind the leak, as some do: threshold/decay at once; level: the threshold,
    or that of each channel, from 1 to below 2, so that weights of other tools are held as they are, but for a power of
    two; the rest as network/neurons.py says.
    """

    reset: str = "zero"
    leak: str = "3"
    threshold: str = "fixed"
    mp_init: bool = False
    width: str = "fixed"
    above: bool = False
    later: bool = False
    level: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        for name, choices in (
            ("reset", RESETS),
            ("threshold", THRESHOLDS),
            ("width", WIDTHS),
        ):
            if getattr(self, name) not in choices:
                raise EdgeSastError(f"--{name} is {getattr(self, name)!r}; choose {', '.join(choices)}")
        if self.later and self.mp_init:
            raise EdgeSastError(
                "--mp-init is given, and a layer subtracts one step later, where membranes start at 0; leave it out"
            )
        for value in self.level:
            if not 1 <= value < 2:
                raise EdgeSastError(f"level of a layer is {value}; it must be 1 or more and below 2")

    @property
    def takes_later(self) -> bool:
        """Whether a spike takes off, one step later and behind the leak, what is more at once."""
        return self.later and self.reset == "subtract"

    @property
    def plain(self) -> bool:
        """Whether neurons have a constant width and start at 0, and nothing of them is observed."""
        return self.threshold in ("fixed", "learn") and self.width == "fixed" and not self.mp_init
