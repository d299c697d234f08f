"""Cameras that AEDAT headers name: size in pixels, and how jAER lays out an event's address.

| | DVS128 | DAVIS |
|---|---|---|
| column | bits 1..7, from the right | bits 12..21, from the right |
| row | bits 8..14, from the bottom | bits 22..30, from the bottom |
| polarity | bit 0, 0 = ON | bit 11, 1 = ON |
| no pixel | bit 15 or 31: a signal, or jAER's own | bit 31: a frame's or motion sensor's sample, bit 10: a signal |
| always 0 | bits 16..30 | |

Source: P. Lichtsteiner et al., IEEE JSSC 43(2), 2008 (the DVS128); jAER, classes DVS128.Extractor, DavisChip and
DavisEventExtractor, whose picture has row 0 at the bottom.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from edge_sast.formats.contract import Sensor


@dataclass(frozen=True)
class Layout:
    """Bits of an address.

    Attributes:
        x, y: (lowest bit, mask after the shift).
        polarity: its bit; on: its value for ON.
        special: bits of which each marks an address that is no pixel's.
        zero: bits that no pixel's address has.
    """

    x: tuple[int, int]
    y: tuple[int, int]
    polarity: int
    on: int
    special: int
    zero: int


@dataclass(frozen=True)
class Chip:
    """A camera's chip: its name, (width, height) in pixels, and the layout of its addresses in AEDAT 1 and 2."""

    name: str
    sensor: Sensor
    layout: Layout


_DVS = Layout((1, 127), (8, 127), 0, 0, 1 << 31 | 1 << 15, 0x7FFF << 16)
_DAVIS = Layout((12, 1023), (22, 511), 11, 1, 1 << 31 | 1 << 10, 0)

DVS128 = Chip("DVS128", (128, 128), _DVS)
# name in a header, in whatever case -> chip
_NAMES = (
    (r"dvs128|tmpdiff128", DVS128),
    (r"davis128(color)?", Chip("DAVIS128", (128, 128), _DAVIS)),
    (r"davis208(pixelparade)?(color)?", Chip("DAVIS208", (208, 192), _DAVIS)),
    (r"davis240[abc]?|sbret10", Chip("DAVIS240", (240, 180), _DAVIS)),
    (r"davis346(a|b|c|bcolor|blue|red|redcolor|cbsi|mini|zynq)?", Chip("DAVIS346", (346, 260), _DAVIS)),
    (r"davis640(color)?", Chip("DAVIS640", (640, 480), _DAVIS)),
)
KNOWN = ", ".join(chip.name for _, chip in _NAMES)


def chip_called(name: str) -> Chip | None:
    """The chip of a name such as `eu.seebetter.ini.chips.davis.DAVIS240C`, whose last part counts; None: unknown."""
    last = name.strip().rpartition(".")[2].lower()
    return next((chip for pattern, chip in _NAMES if re.fullmatch(pattern, last)), None)
