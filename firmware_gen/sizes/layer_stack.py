"""The most stack that a model takes, in all and while each of its layers is at work.

Unlike stack.py, which holds for any program, this knows what the kernels do with their pointers: `receive` is the next
layer's (sast_push: the first one's), every other member is the layer's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge_sast.errors import CheckFailedError, EdgeSastError
from firmware_gen.sizes.code_sizes import CoreCode
from firmware_gen.sizes.stack import EXTERNAL_BYTES, EXTERNALS, Place, StackUse

NEXT = "receive"
# Members of an observer, which is the user's: its functions' stack is not the model's.
OBSERVER = frozenset({"step_begin", "neuron", "layer_end"})
# What runs only with an observer.
OBSERVED = frozenset({"sast_sweep_shown"})


@dataclass(frozen=True)
class ModelStack:
    """worst: from the entry of the library's functions on, the deepest; layers: those ways that enter each layer."""

    worst: StackUse
    layers: tuple[StackUse, ...]


def model_stack(
    code: CoreCode, functions: Sequence[dict[str, str]], roots: Iterable[str], observed: bool = False
) -> ModelStack:
    """The stack of a context without an observer, or (observed) with one, its own functions not counted.

    functions: per layer, and of the read-out last, the function behind each member; roots: what the user calls.

    Raises:
        CheckFailedError: recursion. EdgeSastError: a function that the table lacks: it is stale.
    """
    walk = _Walk(code, functions, frozenset() if observed else OBSERVED)
    ways = [way for root in sorted(roots) for way in walk.ways(Place(root, None), ())]
    found = {
        layer: max((w for w in ways if w[0] == layer), key=lambda w: w[1].bytes)
        for layer in {w[0] for w in ways}
    }
    none = StackUse(0, ())
    layers = tuple(found[i][1] if i in found else none for i in range(len(functions) - 1))
    return ModelStack(max((use for _, use in ways), key=lambda use: use.bytes), layers)


class _Walk:
    """All that can be called, layer by layer. Of the ways below a place, the deepest into each layer is kept."""

    def __init__(self, code: CoreCode, functions: Sequence[dict[str, str]], idle: frozenset[str]) -> None:
        self.code, self.functions, self.idle = code, functions, idle
        self.done: dict[Place, list[tuple[int | None, StackUse]]] = {}

    def ways(self, place: Place, above: tuple[Place, ...]) -> list[tuple[int | None, StackUse]]:
        """(layer, deepest way from `place` on that enters it); None: the deepest of all."""
        if place in above:
            raise CheckFailedError(f"recursion: {place.function} calls itself")
        if place not in self.done:
            self.done[place] = self._ways(place, above)
        return self.done[place]

    def _ways(self, place: Place, above: tuple[Place, ...]) -> list[tuple[int | None, StackUse]]:
        name = place.function
        if name in EXTERNALS or name.startswith("__"):
            return [(key, StackUse(EXTERNAL_BYTES, (name,))) for key in {None, place.layer}]
        if name not in self.code.frames:
            raise EdgeSastError(
                f"code sizes: {name} is not in the table; run 'python benchmarks/code_sizes.py --write'"
            )
        frame = self.code.frames[name]
        deepest: dict[int | None, StackUse] = {None: StackUse(frame, (name,))}
        for callee, kept in self._callees(place):
            for layer, use in self.ways(callee, (*above, place)):
                size = kept * frame + use.bytes
                if layer not in deepest or size > deepest[layer].bytes:
                    deepest[layer] = StackUse(size, (name, *use.path))
        if place.layer is not None:
            deepest[place.layer] = deepest[None]  # whatever is called from here has this layer on the stack
        return list(deepest.items())

    def _callees(self, place: Place) -> list[tuple[Place, bool]]:
        """What is called, and whether the caller's frame stays meanwhile."""
        name, code = place.function, self.code
        tails = code.tails.get(name, ())
        called = [callee for callee in code.calls.get(name, ()) if callee not in self.idle]
        found = [(Place(callee, place.layer), callee not in tails) for callee in called]
        for member in code.members.get(name, ()):
            if member not in OBSERVER:
                found += [(callee, member not in tails) for callee in self._pointed(place, member)]
        return found

    def _pointed(self, place: Place, member: str) -> list[Place]:
        """Where a call through `member` goes."""
        if member in self.code.pointed:
            return [Place(name, place.layer) for name in self.code.pointed[member]]
        if member == NEXT:
            layers: Iterable[int] = [0 if place.layer is None else place.layer + 1]
        else:
            layers = range(len(self.functions)) if place.layer is None else [place.layer]
        return [Place(self.functions[i][member], i) for i in layers if member in self.functions[i]]
