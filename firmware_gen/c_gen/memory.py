"""The working memory of a model in C: the members of its memory type, in order.

The counters, which hold the widest type, come first, then words, so that no compiler inserts padding and every offset
is the same on every device.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge_sast.model.layers import OrPool, RecurrentLinear
from firmware_gen.c_plan.footprint import (
    COUNTERS_BYTES,
    RAM_ALIGNMENT,
    bitmap_bytes,
    padded_ram,
    read_bytes,
    seen_bytes,
)
from firmware_gen.c_plan.plan import CPlan, LayerPlan


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


def memory(plan: CPlan) -> Memory:
    """The memory type of a model."""
    per_step = [_input_seen(plan), *_or_pools(plan)]
    members = [
        Member("counters", "sast_counters_t", len(plan.weighted), COUNTERS_BYTES, "per weighted layer"),
        Member("outputs", "int32_t", len(plan.model.classes), 4, "read-out, one per class"),
        *_membranes(plan),
        *per_step,
        *_noted(plan),
        *_recurrent(plan),
    ]
    used = sum(member.bytes for member in members)
    padding = padded_ram(used, read_bytes(plan)) - used
    if padding:
        few = padding < RAM_ALIGNMENT
        why = "to a multiple of 8" if few else "a kernel loads eight membranes at once"
        members.append(Member("padding", "uint8_t", padding, 1, why))
    return Memory(tuple(members), sum(member.bytes for member in per_step))


def _membranes(plan: CPlan) -> Iterator[Member]:
    for layer in plan.weighted:
        index, form = layer.index, layer.form
        kind = "two neurons to a word" if form.narrow else "a word each"
        comment = f"{layer.out}, {kind}, kept leaked between steps"
        yield Member(f"layer{index}_membranes", "uint32_t", form.membrane_words, 4, comment)
        if form.idle_words:
            shared = "which cells no spike has touched, and what they share"
            yield Member(f"layer{index}_idle", "uint32_t", form.idle_words, 4, shared)


def _input_seen(plan: CPlan) -> Member:
    binning = plan.model.binning
    size = seen_bytes(binning.neurons, binning.count_cap)
    if binning.count_cap == 1:
        return Member("input_seen", "uint32_t", size // 4, 4, "one bit per input, of this step")
    cap = binning.count_cap
    return Member("input_seen", "uint8_t", size, 1, f"events per input, of this step, at most {cap}")


def _or_pools(plan: CPlan) -> Iterator[Member]:
    for layer in plan.layers:
        if isinstance(layer.layer, OrPool):
            words = bitmap_bytes(layer.out.neurons) // 4
            comment = "one bit per pool output, of this step"
            yield Member(f"layer{layer.index}_set", "uint32_t", words, 4, comment)


def noted_member(plan: CPlan, layer: LayerPlan) -> str:
    """The member where a linear layer notes its input spikes: the bits of an or_pool before it, or its own."""
    before = plan.layers[layer.source or 0]
    return f"layer{before.index}_set" if isinstance(before.layer, OrPool) else f"layer{layer.index}_noted"


def _noted(plan: CPlan) -> Iterator[Member]:
    for layer in plan.layers:
        own = f"layer{layer.index}_noted"
        if layer.source is not None and noted_member(plan, layer) == own:
            words = bitmap_bytes(layer.shape.neurons) // 4
            yield Member(own, "uint32_t", words, 4, "one bit per input, of this step")


def _recurrent(plan: CPlan) -> Iterator[Member]:
    for layer in plan.weighted:
        if isinstance(layer.layer, RecurrentLinear):
            words = bitmap_bytes(layer.out.neurons) // 4
            comment = "one bit per neuron, of the last step"
            yield Member(f"layer{layer.index}_spikes", "uint32_t", words, 4, comment)
