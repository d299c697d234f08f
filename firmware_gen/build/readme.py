"""What the READMEs of build folders tell in the same words."""

from __future__ import annotations

from collections.abc import Sequence

NAMED_CLASSES = 12  # of which a README gives the names


def class_names(classes: Sequence[str]) -> str:
    """Names for a cell of a Markdown table, the first ones of many."""
    names = ", ".join(" ".join(text.split()).replace("|", "\\|") for text in classes[:NAMED_CLASSES])
    return names if len(classes) <= NAMED_CLASSES else f"{names}, ..."
