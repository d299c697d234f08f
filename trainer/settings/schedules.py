"""How the radius ρ of sharpness-aware training changes over a run."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge_sast.errors import EdgeSastError

RHO_SCHEDULES = {
    "constant": "ρ",
    "cosine": "ρ·(1 + cos(π·progress/epochs))/2, to 0 at the end",
    "lr": "ρ·lr/peak lr, as GSAM wants (Zhuang et al. 2022, arXiv 2203.08065)",
}


def check_rho_schedule(schedule: str) -> None:
    """Raises EdgeSastError naming --rho-schedule."""
    if schedule not in RHO_SCHEDULES:
        raise EdgeSastError(f"--rho-schedule is {schedule!r}; choose {', '.join(RHO_SCHEDULES)}")


@dataclass(frozen=True)
class Rise:
    """How ρ comes up: 0 for `delay` epochs, then linear over `warmup` epochs, from a radius above 0."""

    delay: int = 0
    warmup: int = 0

    def share(self, progress: float) -> float:
        """Of the full radius, after `progress` epochs."""
        return min(1.0, max(0, math.floor(progress) - self.delay + 1) / (self.warmup + 1))


def rho_at(schedule: str, rho: float, rise: Rise, progress: float, epochs: int, lr_ratio: float) -> float:
    """ε's radius after `progress` of `epochs` epochs (a fraction counts).

    Each schedule is multiplied by the share that `rise` lets through. `lr_ratio` is the present learning rate over its
    peak. Raises EdgeSastError naming --rho-schedule.
    """
    check_rho_schedule(schedule)
    radius = rho * rise.share(progress)
    if schedule == "cosine":
        return radius * 0.5 * (1 + math.cos(math.pi * min(1.0, progress / epochs)))
    return radius * lr_ratio if schedule == "lr" else radius
