"""What is to be said of the files of many recordings: each sentence once, with the number of recordings it is of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge_sast.events.remark import Remark
from edge_sast.terminal import echo

_said: set[str] = set()  # by this process


@dataclass(frozen=True)
class Summed:
    """A remark on several recordings.

    Attributes:
        text: as of each `Remark`.
        events: of all recordings together; None of a default.
        recordings: how many it is of.
        first: place of the first of them.
    """

    text: str
    events: int | None
    recordings: int
    first: int

    def sentence(self, names: Sequence[str]) -> str:
        """The remark, of how many recordings, and the name of the first; names: of recordings by their place."""
        several = f"{self.recordings:,} recordings, first " if self.recordings > 1 else ""
        return f"{Remark(self.text, self.events)} ({several}{names[self.first]})"


def summed(remarks: Iterable[tuple[int, str, Sequence[Remark]]]) -> tuple[Summed, ...]:
    """The remarks of (place, recording's name, its remarks), by their text; events that nobody gets come first.

    A recording that comes more than once, as that of several windows does, counts once.
    """
    found: dict[str, Summed] = {}
    seen: set[str] = set()
    for place, name, each in remarks:
        if name in seen:
            continue
        seen.add(name)
        for remark in each:
            old = found.get(remark.text)
            if old is None:
                found[remark.text] = Summed(remark.text, remark.events, 1, place)
                continue
            events = None if remark.events is None else (old.events or 0) + remark.events
            found[remark.text] = Summed(remark.text, events, old.recordings + 1, old.first)
    return tuple(sorted(found.values(), key=lambda remark: remark.events is None))


def tell(what: str, remarks: Sequence[Summed], names: Sequence[str]) -> None:
    """All remarks in one line on stderr that begins with `what`, where there are any; names: see `Summed.sentence`.

    A process says a line once: several runs are judged by the same recordings.
    """
    line = f"{what}: {'; '.join(remark.sentence(names) for remark in remarks)}"
    if remarks and line not in _said:
        _said.add(line)
        echo(line, error=True)
