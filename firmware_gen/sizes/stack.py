"""The most stack that each function of a firmware can take, from its call graph: no recursion, so a longest path.

    stack(f) = frame(f) + max over what f calls of stack(callee)

Interrupts and what runs before main come on top.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge_sast.errors import CheckFailedError, EdgeSastError
from firmware_gen.sizes.callgraph import CallGraph, Pointed

# Functions of the compiler's and the C library's that generated code may call. None of them takes more than this on
# the cores of docs/firmware.md (newlib-nano, libgcc and compiler-rt, gcc 12 and clang 17).
EXTERNAL_BYTES = 64
EXTERNALS = frozenset({"memset", "memcpy", "memmove"})


@dataclass(frozen=True)
class StackUse:
    """Bytes of stack from a function's entry on, and the calls that lead there."""

    bytes: int
    path: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """A function, and the layer on whose behalf it runs (None: all)."""

    function: str
    layer: int | None


def worst_stack(graph: CallGraph, functions: list[str]) -> dict[str, StackUse]:
    """The most stack of each of these functions.

    Raises:
        CheckFailedError: a function that may call itself, with the way it does.
        EdgeSastError: a member that nothing is assigned to, or a function that is neither compiled nor known.
    """
    done: dict[Place, StackUse] = {}
    return {name: _walk(graph, Place(name, None), (), done) for name in functions}


def _walk(graph: CallGraph, place: Place, above: tuple[Place, ...], done: dict[Place, StackUse]) -> StackUse:
    if place in done:
        return done[place]
    if place in above:
        way = [step.function for step in (*above[above.index(place) :], place)]
        raise CheckFailedError(f"recursion: {' calls '.join(way)}")
    if place.function not in graph.frames:
        return StackUse(_external(place.function, above), (place.function,))
    below = [_walk(graph, callee, (*above, place), done) for callee in _callees(graph, place)]
    deepest = max(below, key=lambda use: use.bytes, default=StackUse(0, ()))
    done[place] = StackUse(graph.frames[place.function] + deepest.bytes, (place.function, *deepest.path))
    return done[place]


def _external(name: str, above: tuple[Place, ...]) -> int:
    if name in EXTERNALS or name.startswith("__"):
        return EXTERNAL_BYTES
    caller = above[-1].function if above else "?"
    raise EdgeSastError(f"{name}: called by {caller} and not compiled; add its source")


def _callees(graph: CallGraph, place: Place) -> list[Place]:
    """Sorted, so that of equally deep paths the same one is named every time."""
    direct = [Place(name, place.layer) for name in sorted(graph.calls.get(place.function, ()))]
    pointed: list[Place] = []
    for member in sorted(graph.members.get(place.function, ())):
        found = graph.pointed.get(member)
        if not found:
            raise EdgeSastError(
                f"{place.function}: calls through '{member}', to which no source assigns a function; "
                "add the source, or give the callback's bytes"
            )
        pointed += [Place(f.function, f.layer) for f in _reachable(found, place)]
    return direct + pointed


def _reachable(found: set[Pointed], place: Place) -> list[Pointed]:
    """Of a later layer, or of the layer itself unless that is the very function that calls: spikes flow one way."""
    own = Pointed(place.function, place.layer)
    late = [
        p for p in found if p.layer is None or place.layer is None or (p.layer >= place.layer and p != own)
    ]
    if own in found:
        late = [p for p in late if p.layer is None or p.layer > (place.layer or 0)]
    return sorted(late, key=lambda p: (p.function, -1 if p.layer is None else p.layer))


def by_function(uses: Mapping[str, StackUse]) -> str:
    """A table as Markdown, the deepest first."""
    rows = sorted(uses.items(), key=lambda item: (-item[1].bytes, item[0]))
    lines = [f"| `{name}` | {use.bytes} | {' → '.join(map(_short, use.path[1:]))} |" for name, use in rows]
    return "\n".join(["| function | bytes of stack | deepest calls |", "|---|---:|---|", *lines])


def _short(function: str) -> str:
    return function.rpartition(":")[2]
