"""The program of rtl/sast_link.v (link.asm) for one model, in whatever link it runs."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from firmware_gen.rtl_gen.link.layout import CELLS, Layout
from firmware_gen.rtl_gen.link.machine import assemble

SOURCE = "link.asm"
NARROW, SHORT, FEW = 254, 256, 255  # most columns, rows and steps that are counted in one byte
TWO_BYTES = 1 << 14  # a number of the event bytes that has two is below
VALID = 4  # the register that is 0 while there is no model
MOST_REGISTERS = 57  # that one answer holds
# Numbers in it that depend on the model.
OF_MODEL = ("COMPUTED", "SUMS_END", "RESULTS_END", "FIRST", "PAIRS", "PAIRS_END", "OUTPUTS_END")
OF_GRID = ("COLUMNS_LOW", "COLUMNS_HIGH", "HEIGHT_LOW", "HEIGHT_HIGH", "STEPS_LOW", "STEPS_HIGH")


@dataclass(frozen=True)
class LinkParts:
    """What of the program is there: `?name` and `!name` of its lines.

    third, wide, tall, long: numbers of three bytes; more than a byte's columns, rows, steps. bus: registers; load: they
    take models. run: any number of steps, each with an answer. early: a recording may end before its last step.
    """

    third: bool
    wide: bool
    tall: bool
    long: bool
    bus: bool = False
    load: bool = False
    run: bool = False
    early: bool = False

    @staticmethod
    def of(
        steps: int,
        width: int,
        height: int,
        *,
        bus: bool = False,
        load: bool = False,
        run: bool = False,
        early: bool = False,
    ) -> LinkParts:
        """Those that recordings of so many steps on such an input need."""
        columns = 2 * width
        third = columns * height >= TWO_BYTES  # the largest number is one more than the last site
        return LinkParts(
            third, columns > NARROW, height > SHORT, steps > FEW and not run, bus, load, run, early
        )


@dataclass(frozen=True)
class Skeleton:
    """places: of the bytes that depend on the model. size: of the program. crc: of all others."""

    places: tuple[int, ...]
    size: int
    crc: int


def program(
    steps: int, width: int, height: int, classes: int, layout: Layout, parts: LinkParts | None = None
) -> bytes:
    """Its bytes. steps: of a recording. width, height: of the input. parts: all it needs, or more; None: only that."""
    columns = 2 * width
    numbers = {
        "COLUMNS_LOW": columns & 0xFF,
        "COLUMNS_HIGH": columns >> 8,
        "HEIGHT_LOW": height & 0xFF,
        "HEIGHT_HIGH": height >> 8,
        "STEPS_LOW": steps & 0xFF,
        "STEPS_HIGH": steps >> 8,
        "OUTPUTS_END": CELLS["RESULTS"] + 2 + 4 * classes,
    }
    return _assembled(
        parts or LinkParts.of(steps, width, height, early=layout.early), {**layout.names, **numbers}
    )


def skeleton(parts: LinkParts) -> Skeleton:
    """What of the program is the same for all models."""
    every = {name: 0 for name in (*OF_MODEL, *OF_GRID)}
    names = Layout(0, 0).names
    first = _assembled(parts, {**names, **every})
    other = _assembled(parts, {**names, **dict.fromkeys(every, 0xFF)})
    places = tuple(i for i, (a, b) in enumerate(zip(first, other, strict=True)) if a != b)
    return Skeleton(places, len(first), zlib.crc32(first))


def _assembled(parts: LinkParts, names: Mapping[str, int]) -> bytes:
    fixed = {"VALID": VALID, "MOST_REGISTERS": MOST_REGISTERS}
    fixed |= {"GROUPS": 2 + parts.third, "GROUPS_1": 1 + parts.third}
    text = (resources.files("firmware_gen.rtl_gen.link") / SOURCE).read_text(encoding="utf-8")
    lines = (_chosen(line, vars(parts)) for line in text.splitlines())
    return assemble("\n".join(lines), {**names, **fixed})


def _chosen(line: str, flags: dict[str, bool]) -> str:
    """The line without its conditions; nothing where one of them does not hold."""
    words = line.split()
    while words and words[0][0] in "?!":
        if flags[words[0][1:]] != (words[0][0] == "?"):
            return ""
        words.pop(0)
    return " ".join(words)
