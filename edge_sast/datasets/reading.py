"""Who reads recordings, and what becomes of those that cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

from edge_sast.bulk.engine import Engine
from edge_sast.bulk.tasks import Outcome, Work, work_off
from edge_sast.bulk.threads import map_in_order
from edge_sast.errors import EdgeSastError

CHUNK = 16  # recordings that a worker is given at a time: one takes no longer to read than to be sent


@dataclass(frozen=True)
class Unread:
    """Stands for a recording that was left out."""


@dataclass(frozen=True)
class Reading:
    """How many recordings are read.

    engine: the workers that read them; None: threads of this process.
    unreadable: told what is wrong with each recording that cannot be read, and is left out; None: that is raised.
    quiet: what is to be said of their files was said elsewhere, or of the same recordings.
    """

    engine: Engine | None = None
    unreadable: Callable[[EdgeSastError], object] | None = None
    quiet: bool = False

    def each(self, work: Work, items: Sequence[Any], name: Callable[[Any], str]) -> Iterator[Any]:
        """work(item) of every item in order, or Unread. name: of an item, where workers ended at it.

        Raises what the first item raises that cannot be read, unless `unreadable` is told it.
        """
        outcomes: Generator[Outcome[Any], None, None]
        if self.engine is None:
            outcomes = map_in_order(partial(_outcome, work), items)
        else:
            outcomes = self.engine.map(work, items, chunk=CHUNK, name=name)
        with closing(outcomes):  # an error here ends the work on what was asked for behind it
            for outcome in outcomes:
                if self.unreadable is not None and isinstance(outcome.error, EdgeSastError):
                    self.unreadable(outcome.error)
                    yield Unread()
                else:
                    yield outcome.get()


def _outcome(work: Work, item: Any) -> Outcome[Any]:
    (outcome,) = work_off(work, [item])
    return outcome
