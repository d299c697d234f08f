"""What a training minimises: the loss, and penalties on firing."""

from __future__ import annotations

from dataclasses import dataclass

from edge_sast.errors import EdgeSastError

KINDS = ("last", "mean", "tet", "evidence")


@dataclass(frozen=True)
class Objective:
    """kind: one of KINDS; tet_lambda: λ; synops_target, instructions_target: S* a recording, one of them at most, or
    None.
    """

    kind: str = "last"
    tet_lambda: float = 1e-3
    rate_limit: float = 0.0
    rate_weight: float = 0.0
    synops_target: float | None = None
    instructions_target: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise EdgeSastError(f"--loss is {self.kind!r}; choose {', '.join(KINDS)}")
        if self.synops_target is not None and self.instructions_target is not None:
            raise EdgeSastError(
                f"--synops-target is {self.synops_target:g} and --instructions-target {self.instructions_target:g}; "
                "one multiplier holds one of them: leave the other out"
            )

    @property
    def target(self) -> float | None:
        """S*, of whichever is held to one."""
        return self.synops_target if self.instructions_target is None else self.instructions_target

    @property
    def per_step(self) -> bool:
        """Whether the read-out of every step is needed."""
        return self.kind != "last"
