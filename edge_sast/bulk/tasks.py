"""What goes to a worker and what comes back from it, the same for processes and for Ray."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

Result = TypeVar("Result")
Work = Callable[[Any], Any]  # sent to workers: a function of a module, or a dataclass with __call__


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """What became of one item. error: what its work raised; then there is no result."""

    result: Result | None = None
    error: Exception | None = None

    def get(self) -> Result:
        """The result. Raises the error where there is one."""
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]  # None where the work returns None


@dataclass(frozen=True)
class Answer:
    """Of the items that were given under a number: an outcome each, or why their worker ended amid them, or what it
    could not unpack.
    """

    number: int
    outcomes: Sequence[Outcome[Any]] = ()
    ended: str | None = None
    refused: Exception | None = None


class Items(Protocol):
    """What is mapped over; an item may be made when it is asked for, more than once."""

    def __len__(self) -> int: ...

    def __getitem__(self, i: int, /) -> Any: ...


class Workers(Protocol):
    """Workers that each take some items at a time.

    count: how many there are, as far as is known. What they are given, they do in any order; one that ends, by
    whatever cause, is started anew, and `wait` tells what it had.
    """

    @property
    def count(self) -> int: ...

    def free(self) -> bool:
        """Whether one can take items now."""
        ...

    def give(self, number: int, work: Work, items: Sequence[Any]) -> None:
        """Hand items to a free worker. number: told again in the answer."""
        ...

    def wait(self) -> list[Answer]:
        """Wait until some items are done; of none that were given, an empty list."""
        ...

    def close(self) -> None:
        """End all workers, whatever they do."""
        ...


def pack(value: Any) -> bytes:
    """As it is sent between processes of one command, and nowhere else: what `unpack` makes of it runs code."""
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def unpack(data: bytes) -> Any:
    """What `pack` was given, all of it new: arrays can be written, and hold on to nothing."""
    return pickle.loads(data)


def work_off(work: Work, items: Sequence[Any]) -> list[Outcome[Any]]:
    """Each item's outcome; an exception belongs to its item, an interruption ends all."""
    outcomes = []
    for item in items:
        try:
            outcomes.append(Outcome(work(item)))
        except Exception as error:
            outcomes.append(Outcome(error=error))
    return outcomes


def answer(work: Work, items: bytes) -> bytes:
    """What a worker sends back of packed items; errors so that they survive the way."""
    found = work_off(work, unpack(items))
    return pack([each if each.error is None else Outcome(error=_sendable(each.error)) for each in found])


def refusal(error: Exception) -> bytes:
    """What a worker sends back where work or items cannot be unpacked: a mistake in a program, not in an item."""
    return pack(_sendable(error))


def as_answer(number: int, reply: bytes) -> Answer:
    """What a worker sent back."""
    found = unpack(reply)
    return Answer(number, refused=found) if isinstance(found, Exception) else Answer(number, found)


def _sendable(error: Exception) -> Exception:
    text = "".join(traceback.format_exception(error))
    try:
        copy: Exception = unpack(
            pack(error)
        )  # its own bytes: an exception of two arguments may fail only here
    except Exception:
        return RuntimeError(f"in a worker:\n{text}")
    copy.add_note(f"in a worker:\n{text}")
    return copy
