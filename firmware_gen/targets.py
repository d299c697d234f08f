"""What a model is exported as. A target of folders generates all files of one; another is a line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from edge_sast.errors import EdgeSastError

if TYPE_CHECKING:
    from edge_sast.events.binned import BinnedEvents
    from edge_sast.model.model import Model

Generate = Callable[["Model", "BinnedEvents | None", "str | None"], dict[str, bytes]]

MODEL = "model"  # the model file alone
FOLDERS = {"c": "a folder of C99 with the model file in it"}
TARGETS = {**FOLDERS, MODEL: "only the model file"}


def check_target(name: str) -> None:
    """Raises EdgeSastError for a target that there is not."""
    if name not in TARGETS:
        raise EdgeSastError(f"--target is {name!r}; this version writes {' and '.join(TARGETS)}")


def generator(target: str) -> Generate:
    """What generates the folder of a target, from (model, recordings for known answers or None, C name or None)."""
    from firmware_gen.c_gen.target import DEFAULT_NAME, generate

    of: dict[str, Generate] = {"c": lambda model, binned, name: generate(model, binned, name or DEFAULT_NAME)}
    return of[target]
