"""The program of rtl/sast_link.v (link.asm) for one model."""

from __future__ import annotations

from importlib import resources

from firmware_gen.rtl_gen.link.layout import CELLS, Layout
from firmware_gen.rtl_gen.link.machine import assemble

SOURCE = "link.asm"
NARROW, SHORT, FEW = 254, 256, 255  # most columns, rows and steps that are counted in one byte
TWO_BYTES = 1 << 14  # a number of the event bytes that has two is below


def program(steps: int, width: int, height: int, classes: int, layout: Layout) -> bytes:
    """Its bytes. steps: of a recording. width, height: of the input."""
    columns = 2 * width
    third = columns * height >= TWO_BYTES  # the largest number is one more than the last site
    flags = {"third": third, "wide": columns > NARROW, "tall": height > SHORT, "long": steps > FEW}
    numbers = {
        "GROUPS": 2 + third,
        "GROUPS_1": 1 + third,
        "COLUMNS_LOW": columns & 0xFF,
        "COLUMNS_HIGH": columns >> 8,
        "HEIGHT_LOW": height & 0xFF,
        "HEIGHT_HIGH": height >> 8,
        "STEPS_LOW": steps & 0xFF,
        "STEPS_HIGH": steps >> 8,
        "OUTPUTS_END": CELLS["RESULTS"] + 2 + 4 * classes,
    }
    text = (resources.files("firmware_gen.rtl_gen.link") / SOURCE).read_text(encoding="utf-8")
    lines = (_chosen(line, flags) for line in text.splitlines())
    return assemble("\n".join(lines), {**layout.names, **numbers})


def _chosen(line: str, flags: dict[str, bool]) -> str:
    """The line without its conditions; nothing where one of them does not hold."""
    words = line.split()
    while words and words[0][0] in "?!":
        if flags[words[0][1:]] != (words[0][0] == "?"):
            return ""
        words.pop(0)
    return " ".join(words)
