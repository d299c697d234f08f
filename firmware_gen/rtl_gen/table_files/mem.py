"""Verilog's `$readmemh` (IEEE 1364-2005, 17.2.9): one word a line, hexadecimal, word 0 first."""

from __future__ import annotations

from firmware_gen.rtl_gen.images import MemoryImage
from firmware_gen.rtl_gen.table_files.text import check_count, hexadecimal, parse_word, split


def write(image: MemoryImage) -> bytes:
    return "".join(f"{hexadecimal(word, image.width)}\n" for word in image.words).encode()


def read(data: bytes, source: str, width: int, depth: int) -> tuple[int, ...]:
    """The words of a file. Raises EdgeSastError, one line, where it does not hold `depth` words of `width` bits."""
    lines = split(data, source)
    words = tuple(parse_word(text, width, source, i) for i, text in enumerate(lines, 1))
    check_count(len(words), depth, source, len(lines))
    return words
