"""What the formats share: lines, hexadecimal words, and how damage is told."""

from __future__ import annotations

import re

from edge_sast.errors import EdgeSastError

_DIGITS = re.compile(r"[0-9A-Fa-f]+")


def damaged(source: str, line: int, what: str) -> EdgeSastError:
    """The one line of a damaged file. line: from 1."""
    return EdgeSastError(f"{source}, line {line}: {what}; export again")


def split(data: bytes, source: str) -> list[str]:
    """The lines of an ASCII file, whose last one must be ended like the others; outer spaces are dropped."""
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise damaged(source, line, f"byte {data[error.start]:#04x} is not ASCII") from error
    if not text.endswith("\n"):
        raise damaged(source, text.count("\n") + 1, "the file ends inside a line")
    return [line.strip() for line in text.removesuffix("\n").split("\n")]


def hexadecimal(word: int, width: int) -> str:
    """A word of `width` bits in as many digits as that takes."""
    return f"{word:0{-(-width // 4)}X}"


def parse_word(text: str, width: int, source: str, line: int) -> int:
    """The word that `hexadecimal` wrote."""
    digits = -(-width // 4)
    if not _DIGITS.fullmatch(text) or len(text) != digits:
        raise damaged(source, line, f"{text[:80]!r} is not {digits} hexadecimal digits")
    word = int(text, 16)
    if word >> width:
        raise damaged(source, line, f"{text} takes more than the {width} bits of a word")
    return word


def check_count(count: int, depth: int, source: str, line: int) -> None:
    if count != depth:
        raise damaged(source, line, f"the file has {count} words; the memory has {depth}")
