"""The tables of a folder's Verilog, looked at before a tool reads them: no tool says all that is wrong with one."""

from __future__ import annotations

import re
from pathlib import Path

from edge_sast.errors import EdgeSastError
from edge_sast.files import read_bytes
from firmware_gen.rtl_gen.link.layout import DATA_BYTES
from firmware_gen.rtl_gen.link.memories import DATA, HEADER, PROGRAM
from firmware_gen.rtl_gen.loading.sizes import MEMORY, WORDS
from firmware_gen.rtl_gen.plan import DEPTHS

PARAMETERS = "sast_params.vh"
LINK = "sast_link.v"
AGAIN = "export again with --target verilog"
_DIGITS = re.compile(rb"[0-9A-Fa-f]+")


def check_tables(rtl: Path) -> None:
    """Every table has as many words as the Verilog reads, of hexadecimal digits, as many in each word.

    A simulator goes on without words that are missing. Yosys takes other letters for unknown bits, and cuts off digits
    that are too many, without a word.

    Raises EdgeSastError with the first that is not so.
    """
    for name, (why, needed) in _depths(rtl).items():
        path = rtl / f"{name}.mem"
        words = read_bytes(path).split() if path.is_file() else []
        if len(words) != needed:
            raise EdgeSastError(f"{path}: holds {len(words)} words, and {why} = {needed}; {AGAIN}")
        for number, word in enumerate(words):
            if not _DIGITS.fullmatch(word) or len(word) != len(words[0]):
                raise EdgeSastError(
                    f"{path}: word {number} is {word[:40].decode(errors='replace')!r}, and all must be hexadecimal "
                    f"digits, as many as in word 0; {AGAIN}"
                )


def _depths(rtl: Path) -> dict[str, tuple[str, int]]:
    """Of each table, what says how many words the Verilog reads, and how many."""
    depths = {name: (f"{PARAMETERS} says {depth}", parameter(rtl, depth)) for name, depth in DEPTHS.items()}
    low, all_of_them = parameter(rtl, "ULOW"), parameter(rtl, "UDEPTH")
    for bank in range(parameter(rtl, "B")):
        depths[f"weights_{bank}"] = f"{PARAMETERS} says ULOW", low
        if all_of_them > low:
            depths[f"weights_{bank}_more"] = f"{PARAMETERS} says UDEPTH - ULOW", all_of_them - low
    if parameter(rtl, "LOADABLE"):
        depths[MEMORY] = "the registers' room for sizes", WORDS
    if (rtl / LINK).is_file():
        depths[PROGRAM] = f"{HEADER} says 2^PAW", 1 << parameter(rtl, "PAW", HEADER)
        depths[DATA] = f"{LINK} has DATA", DATA_BYTES
    return depths


def parameter(rtl: Path, name: str, file: str = PARAMETERS) -> int:
    """A constant of a folder's `file`. Raises EdgeSastError where there is none of that name."""
    path = rtl / file
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EdgeSastError(f"{path}: cannot be read: {error}; {AGAIN}") from error
    found = re.search(rf"\b{name}\s*=\s*(\d+)\s*[,;]", text)
    if found is None:
        raise EdgeSastError(f"{path}: has no {name}; {AGAIN}")
    return int(found[1])
