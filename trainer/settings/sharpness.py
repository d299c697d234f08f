"""Which gradient a step takes: the kinds of sharpness-aware training, and what each may be made cheaper by."""

from __future__ import annotations

from dataclasses import dataclass, fields

from edge_sast.errors import EdgeSastError

KINDS = {
    "none": "the plain gradient",
    "sam": "at w + ρ·g/‖g‖",
    "asam": "SAM in units of each weight's size",
    "gsam": "SAM less --gsam-alpha times what of the plain gradient is orthogonal to it",
    "esam": "SAM on --sam-weights of the weights and the --sam-rows samples that suffer most",
    "noise": "at w + a random vector of length ρ (control)",
}


SCOPES = ("all", "norm")


ROWS_BY = ("loss", "random")


FLAGS = {
    "kind": "--sharpness",
    "every": "--sam-every",
    "reuse": "--sam-reuse",
    "rows": "--sam-rows",
    "rows_by": "--sam-rows-by",
    "weights": "--sam-weights",
    "alpha": "--gsam-alpha",
    "scope": "--sam-scope",
}


TAKES: dict[str, tuple[str, ...]] = {
    "none": (),
    "sam": ("every", "reuse", "rows", "rows_by", "scope"),
    "asam": ("every", "reuse", "rows", "rows_by", "scope"),
    "gsam": ("every", "rows", "rows_by", "scope", "alpha"),
    "esam": ("every", "reuse", "rows", "scope", "weights"),
    "noise": ("every", "reuse", "rows", "rows_by", "scope"),
}


MAX_EVERY = 1_000_000


MAX_FACTOR = 10.0


@dataclass(frozen=True)
class Sharpness:
    """Which gradient a step takes. Raises EdgeSastError for a value out of range or an option not of this kind.

    Attributes:
        kind: one of KINDS.
        every: perturb at steps 0, every, 2·every, ...
        reuse: LookSAM's α. In a step between, g + α·(‖g‖/‖g_v‖)·g_v, with g_v the part of the last g_p orthogonal to
            its g; 0 gives plain steps.
        rows: share of the batch that the second pass is made of, at least one sample.
        rows_by: which samples: "loss", those with the highest loss in the first pass, or "random". esam takes those
            whose loss rose most, for which it runs the whole batch forward once more.
        weights: esam's share of the weights that ε moves.
        alpha: gsam's α.
        scope: the parameters that ε moves, and whose gradient its norm is of: "all" or "norm", batch norm's.
    """

    kind: str = "none"
    every: int = 1
    reuse: float = 0.0
    rows: float = 1.0
    rows_by: str = "loss"
    weights: float = 1.0
    alpha: float = 0.4
    scope: str = "all"

    def __post_init__(self) -> None:
        for name, choices in (("kind", tuple(KINDS)), ("rows_by", ROWS_BY), ("scope", SCOPES)):
            if getattr(self, name) not in choices:
                raise EdgeSastError(f"{FLAGS[name]} is {getattr(self, name)!r}; choose {', '.join(choices)}")
        for name, high in (("every", MAX_EVERY), ("reuse", MAX_FACTOR), ("alpha", MAX_FACTOR)):
            low = 1 if name == "every" else 0
            if not low <= getattr(self, name) <= high:  # refuses NaN too
                raise EdgeSastError(f"{FLAGS[name]} is {getattr(self, name)}; it must be {low} to {high:g}")
        for name in ("rows", "weights"):
            if not 0 < getattr(self, name) <= 1:
                raise EdgeSastError(
                    f"{FLAGS[name]} is {getattr(self, name)}; it must be above 0 and at most 1"
                )
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name != "kind" and field.name not in TAKES[self.kind] and value != field.default:
                takers = ", ".join(kind for kind in KINDS if field.name in TAKES[kind])
                raise EdgeSastError(
                    f"{FLAGS[field.name]} is {value!r}, which --sharpness {self.kind} does not take; leave it out, or "
                    f"choose {takers}"
                )
        if self.reuse and self.every == 1:
            raise EdgeSastError(
                f"--sam-reuse is {self.reuse:g}, but --sam-every is 1: no step lies between; raise --sam-every"
            )
        if self.rows_by != "loss" and self.rows == 1:
            raise EdgeSastError(
                f"--sam-rows-by is {self.rows_by!r}, but --sam-rows is 1: all are taken; lower --sam-rows"
            )

    @property
    def same_batch(self) -> bool:
        """Whether samples are chosen by their losses in the first pass, so that B2 must be B1."""
        return self.rows < 1 and self.rows_by == "loss"
