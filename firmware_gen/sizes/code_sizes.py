"""Bytes of code and stack of every function of the library, per core: the measured table code_sizes.json.

`python benchmarks/code_sizes.py --write` makes the file anew, in a minute, with the compilers for ARM and RISC-V.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from edge_sast.errors import EdgeSastError

FILE = "code_sizes.json"
DEFAULT_CORE = "cortex-m4"


@dataclass(frozen=True)
class Section:
    """What the linker keeps or drops as one: a function or a constant. bytes: of flash; uses: titles of others."""

    bytes: int
    uses: tuple[str, ...]


@dataclass(frozen=True)
class CoreCode:
    """The library compiled for one core.

    structs: bytes of sast_layer_t, sast_model_t, sast_context_t. sections: by title, "file:function" or
    "file:.section". frames (bytes of stack), calls, members (called through) by function, statics as "file:function".
    pointed: functions that the library itself gives to a member. tails: of calls and members, those that a function
    jumps to at its end, its own frame given up.
    """

    compiler: str
    structs: dict[str, int]
    sections: dict[str, Section]
    frames: dict[str, int]
    calls: dict[str, tuple[str, ...]]
    members: dict[str, tuple[str, ...]]
    pointed: dict[str, tuple[str, ...]]
    tails: dict[str, tuple[str, ...]]

    def linked(self, functions: Iterable[str]) -> frozenset[str]:
        """Titles of all sections that a program which calls these functions of the library keeps."""
        titles = {title.rpartition(":")[2]: title for title in self.sections}
        waiting, kept = [titles[name] for name in functions], set[str]()
        while waiting:
            title = waiting.pop()
            if title not in kept:
                kept.add(title)
                waiting += self.sections[title].uses
        return frozenset(kept)

    def bytes_of(self, titles: Iterable[str]) -> int:
        """Flash of these sections."""
        return sum(self.sections[title].bytes for title in titles)


def core_names() -> tuple[str, ...]:
    """Cores that the table knows."""
    return tuple(_table())


def core_code(core: str) -> CoreCode:
    """The table's part for one core. Raises EdgeSastError for a core it does not know."""
    if core not in _table():
        raise EdgeSastError(f"--core is {core!r}; use one of {', '.join(_table())}")
    return _from_json(_table()[core])


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads((resources.files("firmware_gen.sizes") / FILE).read_text("utf-8"))
    return table


def _from_json(part: dict[str, Any]) -> CoreCode:
    functions = part["functions"]
    return CoreCode(
        part["compiler"],
        part["structs"],
        {title: Section(s["bytes"], tuple(s["uses"])) for title, s in part["sections"].items()},
        {name: f["frame"] for name, f in functions.items()},
        {name: tuple(f["calls"]) for name, f in functions.items()},
        {name: tuple(f["members"]) for name, f in functions.items()},
        {member: tuple(found) for member, found in part["pointed"].items()},
        {name: tuple(f["tails"]) for name, f in functions.items()},
    )
