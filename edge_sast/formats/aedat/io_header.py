"""The table that an AEDAT 4 file, or a dv-processing connection, begins with: compression, and which streams there are.

`IOHE`, a FlatBuffer with its size before it: field 0 compression (i32), 1 place of the table of packets at the file's
end (i64, -1 where there is none), 2 the streams, as XML:

    <dv><node name="outInfo"><node name="0">                         0: the stream that packets name
      <attr key="typeIdentifier">EVTS</attr> <attr key="originalOutputName">events</attr>
      <node name="info"><attr key="sizeX">346</attr> <attr key="sizeY">260</attr> <attr key="source">DAVIS346</attr>
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

from edge_sast.formats.aedat.compression import Compression
from edge_sast.formats.aedat.flatbuffer import BrokenError, Table
from edge_sast.formats.contract import Sensor

MAX_BYTES = 1 << 20  # of the table; the XML of four streams is about 3 kB
EVENTS = "EVTS"
NO_TABLE = -1


@dataclass
class StreamInfo:
    """One stream of packets: its type ("EVTS", "FRME", "IMUS", "TRIG"), name, camera and size in pixels as text."""

    kind: str = ""
    name: str = ""
    camera: str = ""
    width: str = ""
    height: str = ""

    def sensor(self) -> Sensor | None:
        """(width, height) in pixels; None where it says none."""
        sides = (self.width.strip(), self.height.strip())
        if not all(side.isascii() and side.isdecimal() and len(side) <= 5 for side in sides):
            return None
        width, height = map(int, sides)
        return (width, height) if 1 <= width <= 1 << 16 and 1 <= height <= 1 << 16 else None


@dataclass(frozen=True)
class IoHeader:
    """What the table says.

    Attributes:
        compression: of all packets.
        table: byte offset where the packets end; NO_TABLE: at the end of the file.
        streams: by the number that packets carry.
    """

    compression: Compression
    table: int
    streams: dict[int, StreamInfo] = field(default_factory=dict)

    def event_streams(self) -> list[int]:
        """Numbers of the streams of events, in order."""
        return sorted(number for number, stream in self.streams.items() if stream.kind == EVENTS)


def parse_io_header(data: bytes) -> IoHeader:
    """The table `data`, its size before it.

    Raises:
        BrokenError: it is none, or has a compression that is not known.
    """
    table = Table(data, b"IOHE")
    number = table.number(0, "<i", 0)
    try:
        compression = Compression(number)
    except ValueError:
        known = ", ".join(f"{of.value} {of.name}" for of in Compression)
        raise BrokenError(f"has compression {number}, none of {known}") from None
    return IoHeader(compression, table.number(1, "<q", NO_TABLE), _streams(table.text(2)))


_STREAM_FIELDS = {"typeIdentifier": "kind", "originalOutputName": "name"}
_INFO_FIELDS = {"sizeX": "width", "sizeY": "height", "source": "camera"}


class _Target:
    """Gathers the streams while the XML is parsed; the XML itself is not kept."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.key = ""
        self.text: list[str] = []
        self.streams: dict[int, StreamInfo] = {}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.key, self.text = "", []
        if tag == "attr":
            self.key = attributes.get("key", "")
        else:
            self.path.append(attributes.get("name", ""))

    def data(self, text: str) -> None:
        if self.key:
            self.text.append(text)

    def end(self, tag: str) -> None:
        if tag != "attr":
            self.path.pop()
        elif self.path[1:2] == ["outInfo"] and len(self.path) in (3, 4) and self.path[2].isdecimal():
            stream = self.streams.setdefault(int(self.path[2]), StreamInfo())
            fields = _STREAM_FIELDS if len(self.path) == 3 else _INFO_FIELDS if self.path[3] == "info" else {}
            if self.key in fields:
                setattr(stream, fields[self.key], "".join(self.text).strip())
        self.key = ""

    def doctype(self, *_: object) -> None:
        raise BrokenError("has XML with a document type, which no camera software writes")

    def close(self) -> dict[int, StreamInfo]:
        return self.streams


def _streams(xml: str) -> dict[int, StreamInfo]:
    parser = ElementTree.XMLParser(target=_Target())
    try:
        parser.feed(xml)
        streams: dict[int, StreamInfo] = parser.close()  # type: ignore[assignment]
    except (ElementTree.ParseError, ValueError) as error:
        raise BrokenError(f"has streams that are no XML ({error})") from None
    return streams
