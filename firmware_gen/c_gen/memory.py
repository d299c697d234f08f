"""The working memory of a model in C: the members of its memory type, in order.

The counters, which hold the widest type, come first, then words, so that no compiler inserts padding and every offset
is the same on every device.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge_sast.model.layers import OrPool, RecurrentLinear
from edge_sast.model.model import Model
from firmware_gen.c_plan.footprint import (
    COUNTERS_BYTES,
    RAM_ALIGNMENT,
    bitmap_bytes,
    padded_ram,
    read_bytes,
    seen_bytes,
)
from firmware_gen.c_plan.input_bits import source
from firmware_gen.c_plan.layout import layout


@dataclass(frozen=True)
class Member:
    """One array of the memory type."""

    name: str
    c_type: str
    count: int
    item_bytes: int
    comment: str

    @property
    def bytes(self) -> int:
        return self.count * self.item_bytes


@dataclass(frozen=True)
class Memory:
    """All members, and which of them are cleared after every step (input_seen and what follows it)."""

    members: tuple[Member, ...]
    step_bytes: int

    @property
    def bytes(self) -> int:
        return sum(member.bytes for member in self.members)


def counters_index(model: Model, index: int) -> int:
    """Which of the counters are those of weighted layer `index`."""
    return [i for i, _ in model.weighted()].index(index)


def memory(model: Model) -> Memory:
    """The memory type of `model`."""
    per_step = [_input_seen(model), *_or_pools(model)]
    members = [
        Member("counters", "sast_counters_t", len(model.weighted()), COUNTERS_BYTES, "per weighted layer"),
        Member("outputs", "int32_t", len(model.classes), 4, "read-out, one per class"),
        *_membranes(model),
        *per_step,
        *_noted(model),
        *_recurrent(model),
    ]
    used = sum(member.bytes for member in members)
    padding = padded_ram(used, read_bytes(model)) - used
    if padding:
        few = padding < RAM_ALIGNMENT
        why = "to a multiple of 8" if few else "a kernel loads eight membranes at once"
        members.append(Member("padding", "uint8_t", padding, 1, why))
    return Memory(tuple(members), sum(member.bytes for member in per_step))


def _membranes(model: Model) -> Iterator[Member]:
    shapes = model.shapes()
    for index, layer in model.weighted():
        form = layout(layer, shapes[index], shapes[index + 1])
        kind = "two neurons to a word" if form.narrow else "a word each"
        comment = f"{shapes[index + 1]}, {kind}, kept leaked between steps"
        yield Member(f"layer{index}_membranes", "uint32_t", form.membrane_words, 4, comment)
        if form.idle_words:
            shared = "which cells no spike has touched, and what they share"
            yield Member(f"layer{index}_idle", "uint32_t", form.idle_words, 4, shared)


def _input_seen(model: Model) -> Member:
    neurons, cap = model.binning.neurons, model.binning.count_cap
    size = seen_bytes(neurons, cap)
    if cap == 1:
        return Member("input_seen", "uint32_t", size // 4, 4, "one bit per input, of this step")
    return Member("input_seen", "uint8_t", size, 1, f"events per input, of this step, at most {cap}")


def _or_pools(model: Model) -> Iterator[Member]:
    shapes = model.shapes()
    for index, layer in enumerate(model.layers):
        if isinstance(layer, OrPool):
            words = bitmap_bytes(shapes[index + 1].neurons) // 4
            yield Member(f"layer{index}_set", "uint32_t", words, 4, "one bit per pool output, of this step")


def noted_member(model: Model, index: int) -> str:
    """The member where linear layer `index` notes its input spikes: the bits of an or_pool before it, or its own."""
    before = source(model, index)
    return f"layer{before}_set" if isinstance(model.layers[before or 0], OrPool) else f"layer{index}_noted"


def _noted(model: Model) -> Iterator[Member]:
    shapes = model.shapes()
    for index in range(len(model.layers)):
        if source(model, index) is not None and noted_member(model, index) == f"layer{index}_noted":
            words = bitmap_bytes(shapes[index].neurons) // 4
            yield Member(f"layer{index}_noted", "uint32_t", words, 4, "one bit per input, of this step")


def _recurrent(model: Model) -> Iterator[Member]:
    shapes = model.shapes()
    for index, layer in model.weighted():
        if isinstance(layer, RecurrentLinear):
            words = bitmap_bytes(shapes[index + 1].neurons) // 4
            yield Member(f"layer{index}_spikes", "uint32_t", words, 4, "one bit per neuron, of the last step")
