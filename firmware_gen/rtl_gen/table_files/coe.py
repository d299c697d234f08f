"""Xilinx' coefficient file (AMD PG058, "Specifying Initial Memory Contents"): radix 16, word 0 first."""

from __future__ import annotations

import re

from firmware_gen.rtl_gen.images import MemoryImage
from firmware_gen.rtl_gen.table_files.text import check_count, damaged, hexadecimal, parse_word, split

_RADIX = re.compile(r"memory_initialization_radix\s*=\s*(\w*)\s*;", re.IGNORECASE)
_VECTOR = re.compile(r"memory_initialization_vector\s*=", re.IGNORECASE)


def write(image: MemoryImage) -> bytes:
    words = ",\n".join(hexadecimal(word, image.width) for word in image.words)
    return f"memory_initialization_radix=16;\nmemory_initialization_vector=\n{words};\n".encode()


def read(data: bytes, source: str, width: int, depth: int) -> tuple[int, ...]:
    """The words of a file. Raises EdgeSastError, one line, where it does not hold `depth` words of `width` bits."""
    lines = split(data, source)
    radix = _RADIX.fullmatch(lines[0])
    if radix is None:
        raise damaged(source, 1, f"{lines[0][:80]!r} is not 'memory_initialization_radix=16;'")
    if radix[1] != "16":
        raise damaged(source, 1, f"the radix is {radix[1]!r}; it must be 16")
    if len(lines) < 2 or not _VECTOR.fullmatch(lines[1]):
        raise damaged(source, 2, "'memory_initialization_vector=' is missing")
    words = []
    for number, line in enumerate(lines[2:], 3):
        ending = ";" if number == len(lines) else ","
        if not line.endswith(ending):
            raise damaged(source, number, f"{line[:80]!r} does not end with {ending!r}")
        words.append(parse_word(line[:-1].rstrip(), width, source, number))
    check_count(len(words), depth, source, len(lines))
    return tuple(words)
