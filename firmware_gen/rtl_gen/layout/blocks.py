"""Where the columns of a kernel lie in a block of weights, so that weights and membranes of a run share their banks.

A run adds neighbouring weight quads to neighbouring membrane quads, and each bank adds its own: the first weight quad
must be in the bank of the first membrane quad. So columns are stored once for each bank that their runs can start in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Unit(NamedTuple):
    """Kernel columns that follow one another in runs, for runs of one alignment.

    remainder: of the columns modulo the stride. bank: that of the first quad.
    """

    remainder: int
    bank: int


class Slots(NamedTuple):
    """What a unit occupies: `number` slots, one every `pitch` quads, of `quads` quads each."""

    number: int
    pitch: int
    quads: int

    @property
    def mask(self) -> int:
        """One bit a quad."""
        slot = (1 << self.quads) - 1
        return sum(slot << (i * self.pitch) for i in range(self.number))


class Block(NamedTuple):
    """quads: up to the last that is used. starts: the first quad of each unit."""

    quads: int
    starts: dict[Unit, int]


def place_units(units: Sequence[tuple[Unit, Slots]], banks: int) -> Block:
    """Units one after the other at the lowest place that is free; of those that could start lowest, the longest first,
    or the shortest: whichever block is smaller."""
    return min(
        (_placed(units, banks, prefer) for prefer in (-1, 1)), key=lambda block: -(-block.quads // banks)
    )


def _placed(units: Sequence[tuple[Unit, Slots]], banks: int, prefer: int) -> Block:
    """prefer: 1 for short units, -1 for long ones."""
    waiting: dict[tuple[Slots, int], list[Unit]] = {}
    for unit, slots in units:
        waiting.setdefault((slots, unit.bank), []).append(unit)
    lowest = {form: form[1] for form in waiting}
    starts: dict[Unit, int] = {}
    used = 0
    while waiting:
        for form in waiting:
            while used >> lowest[form] & form[0].mask:
                lowest[form] += banks
        form = min(waiting, key=lambda form: (lowest[form], prefer * form[0].mask))
        starts[waiting[form].pop(0)] = lowest[form]
        used |= form[0].mask << lowest[form]
        if not waiting[form]:
            del waiting[form]
    return Block(used.bit_length(), starts)
