"""One map over many items: in order, with bounded memory, and done again where a worker ends amid its work.

Whoever works, the results are those of a plain loop: they come in the items' order, and so does the first error.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from edge_sast.bulk.tasks import Answer, Items, Outcome, Work, Workers, work_off
from edge_sast.errors import EdgeSastError

AHEAD = 4  # items or results held per worker and item of a chunk, so that a slow one does not stop the others at once
MOST_ENDS = 3  # workers that may end at one item before it is taken for the cause


class Engine:
    """A map over items on these workers; closed with them, as a context manager."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._number = 0  # of chunks, over all maps: an answer to a map that was left is known by it

    @property
    def count(self) -> int:
        """Workers, as far as is known."""
        return self._workers.count

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self._workers.close()

    def map(
        self,
        work: Work,
        items: Items,
        *,
        chunk: int = 1,
        name: Callable[[Any], str] = str,
        done: Callable[[int], object] | None = None,
    ) -> Generator[Outcome[Any], None, None]:
        """The outcome of work(item) for every item, in order.

        Args:
            work: sent once to each worker, which keeps it: what all items need belongs into it.
            items: sent as workers come free; at most AHEAD * chunk * count of them are under way or wait for an
                earlier one.
            chunk: items that a worker is given at a time. Those of one that ended are given one by one.
            name: of an item, for the message where workers end at it.
            done: is given the index of each item once it is done, in any order: for a progress bar.
        """
        state = _Map(items, chunk, AHEAD * chunk * self._workers.count)
        while True:
            while self._workers.free() and (indices := state.take()):
                self._number += 1
                state.given[self._number] = indices
                self._workers.give(self._number, work, [items[i] for i in indices])
            if not state.given and not state.left():
                return
            for answer in self._workers.wait():
                for i in state.settle(answer, name):
                    if done is not None:
                        done(i)
            yield from state.in_order()

    def as_done(self, work: Work, items: Iterator[Any]) -> Iterator[tuple[Any, Outcome[Any]]]:
        """Items with their outcomes, in the order in which they are done; each is taken when a worker is free for it.

        For items that depend on what became of others. Those under way when the map is left are lost.
        """
        given: dict[int, _Given] = {}
        again: deque[_Given] = deque()
        while True:
            while self._workers.free():
                one = again.popleft() if again else next(map(_Given, items), None)
                if one is None:
                    break
                self._number += 1
                given[self._number] = one
                self._workers.give(self._number, work, [one.item])
            if not given and not again:
                return
            for answer in self._workers.wait():
                one = given.pop(answer.number, None)
                if one is None:
                    continue
                if answer.refused is not None:
                    raise answer.refused
                one.ends += answer.ended is not None
                if answer.ended is None:
                    yield one.item, answer.outcomes[0]
                elif one.ends == MOST_ENDS:
                    yield one.item, Outcome(error=_cause(str(one.item), answer.ended))
                else:
                    again.append(one)


@dataclass
class _Given:
    """An item, and how many workers have ended at it."""

    item: Any
    ends: int = 0


class _Map:
    """What one map has given, holds and has yet to give; items by their index."""

    def __init__(self, items: Items, chunk: int, ahead: int) -> None:
        self._items, self._chunk, self._ahead = items, chunk, ahead
        self._fresh = iter(range(len(items)))
        self._taken = self._yielded = 0
        self._again: deque[list[int]] = deque()
        self._ends: Counter[int] = Counter()
        self._found: dict[int, Outcome[Any]] = {}
        self.given: dict[int, list[int]] = {}

    def left(self) -> bool:
        return bool(self._again) or self._taken < len(self._items)

    def take(self) -> list[int]:
        """What to give next; nothing where too much is under way, or all is given."""
        if self._again:
            return self._again.popleft()
        room = self._yielded + self._ahead - self._taken
        indices = list(islice(self._fresh, min(self._chunk, max(0, room))))
        self._taken += len(indices)
        return indices

    def settle(self, answer: Answer, name: Callable[[Any], str]) -> list[int]:
        """Note an answer; returns the items that are done with it."""
        indices = self.given.pop(answer.number, [])
        if indices and answer.refused is not None:
            raise answer.refused
        if answer.ended is None:
            self._found.update(zip(indices, answer.outcomes, strict=bool(indices)))
            return indices
        if len(indices) > 1:
            self._again.extend([i] for i in indices)
            return []
        for i in indices:
            self._ends[i] += 1
            if self._ends[i] == MOST_ENDS:
                self._found[i] = Outcome(error=_cause(name(self._items[i]), answer.ended))
                return indices
        self._again.extend([i] for i in indices)
        return []

    def in_order(self) -> Iterator[Outcome[Any]]:
        while self._yielded in self._found:
            yield self._found.pop(self._yielded)
            self._yielded += 1


def _cause(name: str, ended: str) -> EdgeSastError:
    return EdgeSastError(
        f"{name}: {MOST_ENDS} workers in turn ended at it, the last {ended}; give each more memory with fewer --jobs, "
        "or try it with --engine serial"
    )


class Serial:
    """No worker but this process."""

    count = 1

    def __init__(self) -> None:
        self._given: tuple[int, Work, Sequence[Any]] | None = None

    def free(self) -> bool:
        return self._given is None

    def give(self, number: int, work: Work, items: Sequence[Any]) -> None:
        self._given = number, work, items

    def wait(self) -> list[Answer]:
        if self._given is None:
            return []
        (number, work, items), self._given = self._given, None
        return [Answer(number, work_off(work, items))]

    def close(self) -> None:
        self._given = None
