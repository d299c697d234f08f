"""One table: entries of fields, packed into the words of a memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_gen.rtl_gen.images import MemoryImage

UNSIGNED, TWOS_COMPLEMENT, SIGN = "unsigned", "two's complement", "sign"


@dataclass(frozen=True)
class Field:
    """A part of each entry, `lanes` times side by side, each of `bits` bits.

    encoding: UNSIGNED, TWOS_COMPLEMENT, or SIGN, where bit 0 is -1 and bit 1 is +1.
    """

    name: str
    bits: int
    encoding: str = UNSIGNED
    lanes: int = 1


@dataclass(frozen=True)
class Layout:
    """How a table's entries become words.

    fields: from the least significant bit upwards. word_bits: of the memory; a wider entry takes several words, the
    least significant first, and bits above its own are 0.
    """

    fields: tuple[Field, ...]
    word_bits: int

    @property
    def entry_bits(self) -> int:
        return sum(field.bits * field.lanes for field in self.fields)

    @property
    def words_per_entry(self) -> int:
        return -(-self.entry_bits // self.word_bits)

    def pack(self, values: NDArray[np.int64]) -> tuple[int, ...]:
        """The words of int64 [entries, lanes of all fields]."""
        entries, at = np.zeros(len(values), object), 0
        for column, field in zip(values.T, self._columns(), strict=True):
            coded = column > 0 if field.encoding == SIGN else column & ((1 << field.bits) - 1)
            entries = entries | (coded.astype(np.int64).astype(object) << at)
            at += field.bits
        mask, parts = (1 << self.word_bits) - 1, range(self.words_per_entry)
        return tuple((entry >> (part * self.word_bits)) & mask for entry in entries for part in parts)

    def unpack(self, words: tuple[int, ...]) -> NDArray[np.int64]:
        """What `pack` packed; of SIGN, a lane without a value reads as -1."""
        parts = self.words_per_entry
        entries = np.zeros(len(words) // parts, object)
        for part in range(parts):
            entries = entries | (np.array(words[part::parts], object) << (part * self.word_bits))
        columns, at = [], 0
        for field in self._columns():
            value = ((entries >> at) & ((1 << field.bits) - 1)).astype(np.int64)
            columns.append(_decoded(value, field))
            at += field.bits
        return np.stack(columns, axis=1)

    def _columns(self) -> list[Field]:
        return [field for field in self.fields for _ in range(field.lanes)]


def _decoded(value: NDArray[np.int64], field: Field) -> NDArray[np.int64]:
    if field.encoding == SIGN:
        return 2 * value - 1
    negative = field.encoding == TWOS_COMPLEMENT
    return value - ((value >> (field.bits - 1)) << field.bits) if negative else value


@dataclass(frozen=True)
class Memory:
    """A table with its values, int64 [entries, lanes of all fields]."""

    name: str
    layout: Layout
    values: NDArray[np.int64]

    def image(self) -> MemoryImage:
        return MemoryImage(self.name, self.layout.word_bits, self.layout.pack(self.values))


def memory(name: str, fields: tuple[Field, ...], values: NDArray[np.int64], word_bits: int | None) -> Memory:
    """word_bits: None for words as wide as an entry."""
    width = sum(field.bits * field.lanes for field in fields)
    return Memory(name, Layout(fields, word_bits or width), values)


def unsigned_bits(largest: int) -> int:
    """Bits of numbers from 0 to `largest`, at least 1."""
    return max(1, int(largest).bit_length())


def signed_bits(low: int, high: int) -> int:
    """Bits of two's complement from `low` to `high`, at least 1."""
    return 1 + max(int(value if value >= 0 else ~value).bit_length() for value in (low, high))
