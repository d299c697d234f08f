"""What a memory holds when the FPGA starts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MemoryImage:
    """width: bits of a word. words: word 0 first, each 0 to 2**width - 1."""

    name: str
    width: int
    words: tuple[int, ...]
