"""Stored lists that divide one split of a data set of files: `[parts]` in its `dataset.toml`.

    [parts]
    of = "train"              # the split that is divided
    recordings = 10000        # that it has
    names_sha256 = "…"        # of their names, may be left out
    [parts.lists]
    test = [3, 17, 20]        # places in it, from 0, in the order of class, then name

What no list holds stays in `of`; where nothing is left, that split is gone.
"""

from __future__ import annotations

import hashlib
import re
import reprlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge_sast.datasets.sources.listing import Entry
from edge_sast.errors import EdgeSastError

KEYS = ("of", "recordings", "names_sha256", "lists")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class SplitLists:
    """lists: places by name of the part. source: the file, for messages."""

    of: str
    recordings: int
    lists: dict[str, tuple[int, ...]]
    names_sha256: str | None
    source: str

    def divide(self, by_split: Mapping[str, Sequence[Entry]]) -> dict[str, tuple[Entry, ...]]:
        """The splits with their parts, in the order in which recordings stood.

        Raises EdgeSastError where the split is missing or holds other recordings, or a part is a split already.
        """
        if self.of not in by_split:
            raise EdgeSastError(
                f"{self.source}: parts.of is {_brief(self.of)}; the splits are {', '.join(by_split)}"
            )
        entries = by_split[self.of]
        if len(entries) != self.recordings:
            raise EdgeSastError(
                f"{self.source}: parts.recordings is {self.recordings}, but split '{self.of}' holds {len(entries)}; "
                "use the recordings that the lists were made for, or make new lists"
            )
        if self.names_sha256 not in (None, names_sha256(entries)):
            raise EdgeSastError(
                f"{self.source}: parts.names_sha256 is of other recordings than those in split '{self.of}'; use the "
                "recordings that the lists were made for, or make new lists"
            )
        for name in self.lists:
            if name in by_split and name != self.of:
                raise EdgeSastError(
                    f"{self.source}: parts.lists names {_brief(name)}, which is a split already; choose another name"
                )
        listed = {i for places in self.lists.values() for i in places}
        places = {**self.lists}
        rest = tuple(i for i in range(len(entries)) if i not in listed)
        if rest:
            places[self.of] = (*places.get(self.of, ()), *rest)
        parts = {name: tuple(entries[i] for i in sorted(each)) for name, each in places.items()}
        return {name: tuple(each) for name, each in by_split.items() if name != self.of} | parts


def names_sha256(entries: Sequence[Entry]) -> str:
    """SHA-256 (hex) over the names <class>/<recording> in their order, a line each: wherever the files lie."""
    return hashlib.sha256("".join(f"{'/'.join(e.parts[-2:])}\n" for e in entries).encode()).hexdigest()


def parse_split_lists(value: Any, source: str) -> SplitLists:
    """What `[parts]` says; `source` names the file in messages.

    Raises EdgeSastError for a key or value that it cannot have: a place out of range, twice in a list, or in two.
    """
    if not isinstance(value, dict):
        raise EdgeSastError(f"{source}: parts is {_brief(value)}; write a table: [parts]")
    for key in value:
        if key not in KEYS:
            raise EdgeSastError(
                f"{source}: key parts.{str(key)[:80]} is unknown; it may hold {', '.join(KEYS)}"
            )
    of, recordings, digest = value.get("of"), value.get("recordings"), value.get("names_sha256")
    if not isinstance(of, str) or not of:
        raise EdgeSastError(f"{source}: parts.of is {_brief(of)}; name the split that is divided")
    if not isinstance(recordings, int) or isinstance(recordings, bool) or recordings < 1:
        raise EdgeSastError(
            f"{source}: parts.recordings is {_brief(recordings)}; say how many recordings split '{of[:80]}' holds"
        )
    if digest is not None and (not isinstance(digest, str) or not _SHA256.fullmatch(digest)):
        raise EdgeSastError(
            f"{source}: parts.names_sha256 is {_brief(digest)}; it must be 64 hexadecimal digits, a to f in lower case"
        )
    lists = value.get("lists")
    if not isinstance(lists, dict) or not lists:
        raise EdgeSastError(f"{source}: parts.lists is {_brief(lists)}; write lists such as test = [3, 17]")
    checked = {name: _places(name, places, recordings, source) for name, places in lists.items()}
    _check_once(checked, source)
    return SplitLists(of, recordings, checked, digest, source)


def _places(name: str, places: Any, recordings: int, source: str) -> tuple[int, ...]:
    owner = f"{source}: parts.lists.{name[:80]}"
    if not name or not isinstance(places, list) or not places:
        raise EdgeSastError(f"{owner} is {_brief(places)}; list places, such as [3, 17]")
    for place in places:
        if not isinstance(place, int) or isinstance(place, bool) or not 0 <= place < recordings:
            raise EdgeSastError(
                f"{owner} holds {_brief(place)}; places are whole numbers 0 to {recordings - 1}"
            )
    twice = [place for place, count in Counter(places).items() if count > 1]
    if twice:
        raise EdgeSastError(f"{owner} holds {twice[0]} twice; list each recording once")
    return tuple(places)


def _check_once(lists: Mapping[str, Sequence[int]], source: str) -> None:
    owner: dict[int, str] = {}
    for name, places in lists.items():
        for place in places:
            other = owner.setdefault(place, name)
            if other != name:
                raise EdgeSastError(
                    f"{source}: {place} is in parts.lists.{other[:80]} and in parts.lists.{name[:80]}; a recording "
                    "belongs to one part"
                )


def _brief(value: Any) -> str:
    short = reprlib.Repr()
    short.maxstring = short.maxother = 80
    return short.repr(value)
