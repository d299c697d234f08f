"""What is to be said of a file that was read, though nothing in it is wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Remark:
    """A default that was taken, or events that the file has and nobody gets.

    Attributes:
        text: the sentence, of events without their number.
        events: how many are left out; None of a default.
    """

    text: str
    events: int | None = None

    def __str__(self) -> str:
        return self.text if self.events is None else f"{self.events:,} {self.text}"
