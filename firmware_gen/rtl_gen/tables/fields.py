"""Parts of a JSON document, proven to be what they should be as they are taken."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from edge_sast.errors import EdgeSastError


@dataclass(frozen=True)
class Fields:
    """A JSON object. owner: how messages name it, the file first. Every method raises EdgeSastError, one line."""

    owner: str
    values: dict[str, Any]

    def _take(self, name: str, kind: type, what: str) -> Any:
        value = self.values.get(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            self.refuse(name, what)
        return value

    def refuse(self, name: str, what: str) -> NoReturn:
        """what: how the field must be."""
        short = reprlib.Repr()
        short.maxstring = short.maxother = 80
        value = short.repr(self.values[name]) if name in self.values else "missing"
        raise EdgeSastError(f"{self.owner}: {name} is {value}; it must be {what}: export again")

    def whole(self, name: str, low: int, high: int) -> int:
        what = f"a number of {low} to {high}"
        value: int = self._take(name, int, what)
        if not low <= value <= high:
            self.refuse(name, what)
        return value

    def choice(self, name: str, kind: type, choices: Sequence[Any]) -> Any:
        what = f"one of {', '.join(map(str, choices))}"
        value = self._take(name, kind, what)
        if value not in choices:
            self.refuse(name, what)
        return value

    def text(self, name: str) -> str:
        value: str = self._take(name, str, "a text")
        return value

    def inner(self, name: str) -> Fields:
        return Fields(f"{self.owner}: {name}", self._take(name, dict, "an object"))

    def each(self, name: str) -> list[Fields]:
        """The objects of a list."""
        values = self._take(name, list, "a list of objects")
        if not all(isinstance(value, dict) for value in values):
            self.refuse(name, "a list of objects")
        return [Fields(f"{self.owner}: {name}[{i}]", value) for i, value in enumerate(values)]

    def order(self, name: str, size: int) -> tuple[int, ...]:
        """The numbers from 0 to size - 1, each once, in any order."""
        values = self._take(name, list, f"0 to {size - 1}, each once")
        if (
            len(values) != size
            or any(type(value) is not int for value in values)
            or set(values) != set(range(size))
        ):
            self.refuse(name, f"0 to {size - 1}, each once")
        return tuple(values)
