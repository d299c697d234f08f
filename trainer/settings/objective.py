"""What a training minimises: the loss, and penalties on firing."""

from __future__ import annotations

from dataclasses import dataclass

from edge_sast.errors import EdgeSastError

KINDS = ("last", "mean", "tet")


@dataclass(frozen=True)
class Objective:
    """kind: one of KINDS; tet_lambda: λ; synops_target: S* in SynOps per recording, or None."""

    kind: str = "last"
    tet_lambda: float = 1e-3
    rate_limit: float = 0.0
    rate_weight: float = 0.0
    synops_target: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise EdgeSastError(f"--loss is {self.kind!r}; choose {', '.join(KINDS)}")

    @property
    def per_step(self) -> bool:
        """Whether the read-out of every step is needed."""
        return self.kind != "last"
