"""Altera's memory initialisation file (Quartus Prime, ".mif"): width, depth, and each address with its word."""

from __future__ import annotations

import re

from firmware_gen.rtl_gen.images import MemoryImage
from firmware_gen.rtl_gen.table_files.text import check_count, damaged, hexadecimal, parse_word, split

_HEADER = ("WIDTH", "DEPTH", "ADDRESS_RADIX", "DATA_RADIX")
_SETTING = re.compile(r"(\w+)\s*=\s*(\w+)\s*;")
_BEGIN = re.compile(r"CONTENT\s+BEGIN", re.IGNORECASE)
_END = re.compile(r"END\s*;", re.IGNORECASE)
_ENTRY = re.compile(r"([0-9A-Fa-f]+)\s*:\s*(\w+)\s*;")


def write(image: MemoryImage) -> bytes:
    depth = len(image.words)
    digits = len(f"{depth - 1:X}")
    entries = "".join(
        f"{i:0{digits}X} : {hexadecimal(word, image.width)};\n" for i, word in enumerate(image.words)
    )
    head = f"WIDTH={image.width};\nDEPTH={depth};\nADDRESS_RADIX=HEX;\nDATA_RADIX=HEX;\nCONTENT BEGIN\n"
    return f"{head}{entries}END;\n".encode()


def read(data: bytes, source: str, width: int, depth: int) -> tuple[int, ...]:
    """The words of a file. Raises EdgeSastError, one line, where it does not hold `depth` words of `width` bits."""
    lines = split(data, source)
    _check_header(lines, source, width, depth)
    first = len(_HEADER) + 1
    if len(lines) < first or not _BEGIN.fullmatch(lines[first - 1]):
        raise damaged(source, min(first, len(lines)), "'CONTENT BEGIN' is missing")
    if not _END.fullmatch(lines[-1]):
        raise damaged(source, len(lines), "'END;' is missing: the file was cut")
    words: list[int] = []
    for number, line in enumerate(lines[first:-1], first + 1):
        entry = _ENTRY.fullmatch(line)
        if entry is None:
            raise damaged(source, number, f"{line[:80]!r} is not 'ADDRESS : WORD;'")
        if int(entry[1], 16) != len(words):
            raise damaged(source, number, f"the address is {entry[1][:80]}; {len(words):X} comes next")
        words.append(parse_word(entry[2], width, source, number))
    check_count(len(words), depth, source, len(lines))
    return tuple(words)


def _check_header(lines: list[str], source: str, width: int, depth: int) -> None:
    for number, (name, wanted) in enumerate(
        zip(_HEADER, (str(width), str(depth), "HEX", "HEX"), strict=True), 1
    ):
        setting = _SETTING.fullmatch(lines[number - 1]) if number <= len(lines) else None
        if setting is None or setting[1].upper() != name:
            raise damaged(source, min(number, len(lines)), f"'{name}=...;' is missing")
        if setting[2].upper() != wanted:
            raise damaged(source, number, f"{name} is {setting[2][:80]}; it must be {wanted}")
