"""Words made of fields: their names and bits as data, from the least significant up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Field(NamedTuple):
    """bits: 0 where the core's constants leave the field out."""

    name: str
    bits: int


def width(fields: Sequence[Field]) -> int:
    """Bits of a word."""
    return sum(field.bits for field in fields)


def pack(fields: Sequence[Field], values: Mapping[str, int]) -> int:
    """The word of `values`; negative ones in two's complement."""
    word = at = 0
    for name, bits in fields:
        value = int(values[name])
        if bits and not -(1 << bits) >> 1 <= value < 1 << bits:
            raise ValueError(f"{name} is {value}; its field has {bits} bits")
        word |= (value & ((1 << bits) - 1)) << at
        at += bits
    return word


def bits_of(value: int) -> int:
    """Bits that hold 0 to `value`, at least 1."""
    return max(1, int(value).bit_length())


def signed_bits(low: int, high: int) -> int:
    """Bits of two's complement that hold `low` to `high`, at least 1."""
    return max(int(~low).bit_length() if low < 0 else 0, int(high).bit_length() if high > 0 else 0) + 1


def address_bits(depth: int) -> int:
    """Bits of an address of so many words, at least 1."""
    return bits_of(depth - 1)
