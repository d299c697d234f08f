"""The ASCII header of Prophesee's files: lines "% key value", closed by "% end" or by the first byte that is no text.

RAW files give the version of their words twice (`% evt 3.0` and `% format EVT3;height=720;width=1280`) or once, and
the sensor as `% geometry 1280x720`; DAT files give it as `% Width` and `% Height`. Keys are compared in lower case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import BinaryIO

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import MAX_SIDE, TIME_LIMIT_US
from edge_sast.formats.contract import SNIFFED_BYTES, Sensor

LINE = b"% "
MAX_LINE_BYTES = 1024  # a longer "line" is binary data
MAX_TEXT_BYTES = 1 << 16  # real headers have less than 2 KiB
DAT_TYPES = (b"\x00", b"\x0c")  # 2D events of the oldest cameras, and CD events
DAT_EVENT_BYTES = b"\x08"
_PRINTABLE = re.compile(rb"[\t\r\x20-\x7e]*")
# Sensors of Prophesee's generations, for headers that name the generation alone.
_GENERATIONS = {
    "1": (304, 240), "1.0": (304, 240), "2": (640, 480), "2.0": (640, 480), "3": (640, 480), "3.0": (640, 480),
    "3.1": (640, 480), "4": (1280, 720), "4.0": (1280, 720), "4.1": (1280, 720), "4.2": (1280, 720),
}  # fmt: skip


@dataclass(frozen=True)
class Text:
    """A file's header.

    Attributes:
        size: bytes of the file that it takes.
        fields: lower-case key -> value; the options of the format line (`width=1280`) are fields as well, where no
            line has their name.
        ended: it is closed by `% end`.
    """

    size: int = 0
    fields: dict[str, str] = field(default_factory=dict)
    ended: bool = False

    @property
    def evt(self) -> str | None:
        """Version of the words as "2", "2.1", "3" or another number; None where no line says it."""
        name = self.fields.get("format", "").upper().removeprefix("EVT") or self.fields.get("evt", "")
        if not name or not name[0].isdigit():
            return None
        return name.removesuffix(".0") if "." in name else ".".join(name)

    def is_dat(self, behind: bytes) -> bool:
        """A header of a DAT file: type and size of its events stand behind it."""
        return bool(self.size) and behind[:1] in DAT_TYPES and behind[1:2] == DAT_EVENT_BYTES

    def sensor(self, source: str) -> tuple[Sensor | None, str | None]:
        """(width, height), and the sentence where it was taken from the camera's generation.

        Raises:
            EdgeSastError: sides that no sensor has.
        """
        said = self.fields.get("geometry")
        if said is None and "width" in self.fields and "height" in self.fields:
            said = f"{self.fields['width']}x{self.fields['height']}"
        if said is None:
            generation = self.fields.get("sensor_generation") or self.fields.get("generation") or ""
            size = _GENERATIONS.get(generation)
            note = (
                f"sensor {size[0]}x{size[1]} by the generation {generation} in the header" if size else None
            )
            return size, note
        sides = re.fullmatch(r"(\d{1,5})\s*x\s*(\d{1,5})", said)
        if not sides or not all(1 <= int(side) <= MAX_SIDE for side in sides.groups()):
            raise EdgeSastError(
                f"{source}: the header gives the sensor as {said[:40]!r}, which is no size; correct the line or "
                "copy the file again"
            )
        return (int(sides[1]), int(sides[2])), None

    def begin_us(self, source: str) -> int:
        """What faery took off all times and left in a line `% t0`: µs, 0 where there is none.

        Raises:
            EdgeSastError: no number of µs.
        """
        said = self.fields.get("t0", "0")
        if not re.fullmatch(r"\d{1,19}", said) or int(said) >= TIME_LIMIT_US:
            raise EdgeSastError(
                f"{source}: the header gives t0 as {said[:40]!r}, which is no time in µs within 0..2^62; correct the "
                "line or copy the file again"
            )
        return int(said)


def parse_text(data: bytes, whole: bool) -> Text | None:
    """The header at the beginning of a file.

    Args:
        whole: there is no more than `data` of the file, or no more is to be had.

    Returns:
        The header, of 0 bytes where there is none; None where it may go on behind `data`.
    """
    fields: dict[str, str] = {}
    place, ended = 0, False
    while not ended and data.startswith(LINE, place):
        end = data.find(b"\n", place, place + MAX_LINE_BYTES)
        if end < 0:
            if not whole and len(data) < place + MAX_LINE_BYTES:
                return None
            break
        if not _PRINTABLE.fullmatch(data, place, end):
            break
        key, _, value = data[place + len(LINE) : end].decode("ascii").strip().partition(" ")
        fields[key.lower()] = value.strip()
        place, ended = end + 1, key.lower() == "end"
    if not ended and not whole and len(data) < place + len(LINE):
        return None
    form, *options = fields.get("format", "").split(";")
    if form:
        fields["format"] = form.strip()
    for option in options:
        name, _, value = option.partition("=")
        fields.setdefault(name.strip().lower(), value.strip())
    return Text(place, fields, ended)


def read_text(stream: BinaryIO, source: str) -> tuple[Text, bytes]:
    """(header, the bytes behind it that were read already) of a file at its start.

    Raises:
        EdgeSastError: a header that does not end.
    """
    data = b""
    while True:
        more = stream.read(SNIFFED_BYTES)
        data += more
        text = parse_text(data, not more)
        if text:
            return text, data[text.size :]
        if len(data) > MAX_TEXT_BYTES:
            raise EdgeSastError(
                f"{source}: the header is longer than {MAX_TEXT_BYTES} bytes; the file is damaged or of another "
                "format: copy it again"
            )
