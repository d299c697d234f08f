"""The commands in the blocks of the pages, as somebody would type them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "examples" / "README.md",
    ROOT / "firmware_gen" / "c" / "README.md",
]


def block_lines(page: Path) -> Iterator[str]:
    """Lines of the blocks, those that a backslash ends joined to the next."""
    text = re.sub(r"\\\n\s*", "", page.read_text("utf-8"))
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
    indented = re.findall(r"^    +(.*)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
    yield from (line.strip() for piece in [*indented, *fenced] for line in piece.split("\n"))


def typed(line: str, program: str = "edge-sast") -> list[str] | None:
    """The words behind the program in a line, without comment; None where it is not called.

    Of what is optional, [--toolchain gcc|zig], the last is taken, and N for a number.
    """
    line = re.sub(r"(\S+)\|(?=\S)", "", line.replace("[", "").replace("]", ""))
    for piece in re.split(r"\s[|&>](?:\s|$)", line):
        try:
            words = shlex.split(piece, comments=True)
        except ValueError:  # a quotation that is no command
            continue
        if words and words[0] == program:
            return ["9600" if word == "N" else word for word in words[1:] if word != "…"]
    return None


def commands(page: Path) -> list[list[str]]:
    return [words for line in block_lines(page) if (words := typed(line)) is not None]
