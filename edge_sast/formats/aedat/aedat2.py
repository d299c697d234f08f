"""AEDAT 2.0 as jAER records it with a DVS128 camera, 128x128 pixels.

Header lines begin with '#', the first is `#!AER-DAT2.0`. After them 8 bytes per event, big-endian: 32 bits of
address, 32 bits of time in µs (unsigned). Address of a DVS128:

    bit 0       polarity, 0 = ON, 1 = OFF
    bits 1..7   column, from the right
    bits 8..14  row, from the bottom
    bit 15, 31  not a pixel: a signal of the synchronisation input, or of jAER itself

Source: P. Lichtsteiner et al., IEEE JSSC 43(2), 2008 (the sensor); AEDAT file formats, iniVation; jAER, class
DVS128.Extractor, whose picture has the row 0 at the bottom.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import make_events
from edge_sast.formats.contract import Format, Header, Likeness, Opened, Reading, whole_records

EVENT_BYTES = 8
MAGIC = b"#!AER-DAT"
VERSION = "2.0"
CHIP_FIELD = b"# AEChip:"
CHIP = "DVS128"
SIDE = 128
OFF_BIT = 1
COLUMN_SHIFT, ROW_SHIFT = 1, 8
COORDINATE_MASK = SIDE - 1
SPECIAL_BITS = 1 << 31 | 1 << 15
PIXEL_BITS = (1 << 15) - 1


def sniff_aedat2(first: bytes) -> Likeness:
    """Whether it says that it is AEDAT."""
    return Likeness.CERTAIN if first.startswith(MAGIC + b"2") else Likeness.NOT


def open_aedat2(stream: BinaryIO, source: str, reading: Reading) -> Opened:
    """An AEDAT 2.0 file of a DVS128, without the events that are no pixels; row 0 at the top, ON = 1, t as it stands in
    the file.

    Raises EdgeSastError for another version, another camera, a file that ends inside its header or an event, or time
    that runs backwards (the counter wrapped at 2^32 µs, or was reset).
    """
    start, first = _header(stream, source)
    return Opened(Header((SIDE, SIDE)), _chunks(stream, source, reading, start, first))


def _header(stream: BinaryIO, source: str) -> tuple[int, bytes]:
    """Bytes of the header, after the version and the camera have been checked, and the byte behind it."""
    begin = stream.read(len(MAGIC))
    if begin != MAGIC:
        raise EdgeSastError(
            f"{source}: does not begin with '{MAGIC.decode()}{VERSION}'; the file is damaged or no AEDAT file: "
            "copy it again, or export it as AEDAT 2.0"
        )
    line, size = begin + stream.readline(), 0
    # The first byte of a DVS128 address is 0x00 or 0x80, never '#'.
    while True:
        if not line.endswith(b"\n"):
            raise EdgeSastError(f"{source}: ends inside its header; the file is truncated: copy it again")
        if size == 0:
            _check_version(line[:-1], source)
        elif line.startswith(CHIP_FIELD):
            _check_chip(line[:-1], source)
        size += len(line)
        mark = stream.read(1)
        if mark != b"#":
            return size, mark
        line = mark + stream.readline()


def _chunks(
    stream: BinaryIO, source: str, reading: Reading, start: int, first: bytes
) -> Iterator[np.ndarray]:
    """first: the byte after the header, which was read already."""
    count, last = 0, None
    for _, data in whole_records(stream, EVENT_BYTES, source, reading, start, first):
        words = np.frombuffer(data, ">u4").reshape(-1, 2)
        address, t = words[:, 0].astype(np.uint32), words[:, 1].astype(np.int64)
        _check_time(t, source, count, last)
        _check_addresses(address, source, count)
        count, last = count + len(t), t[-1]
        pixel = address & SPECIAL_BITS == 0
        address, t = address[pixel], t[pixel]
        x = COORDINATE_MASK - (address >> COLUMN_SHIFT & COORDINATE_MASK)
        y = COORDINATE_MASK - (address >> ROW_SHIFT & COORDINATE_MASK)
        yield make_events(t, x, y, 1 - (address & OFF_BIT))


def _check_version(line: bytes, source: str) -> None:
    version = line[len(MAGIC) :].decode("ascii", "replace").strip()
    if version != VERSION:
        raise EdgeSastError(
            f"{source}: is AEDAT {version or '(without a version)'}, not AEDAT {VERSION}; open it in jAER and "
            f"log it again as AEDAT {VERSION}"
        )


def _check_chip(line: bytes, source: str) -> None:
    chip = line[len(CHIP_FIELD) :].decode("ascii", "replace").strip().rpartition(".")[2]
    if chip != CHIP:
        raise EdgeSastError(
            f"{source}: was recorded with the camera '{chip}', and only {CHIP} addresses are known; use "
            f"recordings of a {CHIP}"
        )


def _check_time(t: np.ndarray, source: str, count: int, last: int | None) -> None:
    """count, last: events before these, special ones too, and the time of the last of them."""
    before = np.concatenate([t[:1] if last is None else np.array([last]), t[:-1]])
    backwards = t < before
    if backwards.any():
        index = int(backwards.argmax())
        raise EdgeSastError(
            f"{source}: event {count + index}: time runs backwards, from {before[index]} µs to {t[index]} µs; the "
            "camera's counter wrapped or was reset: cut the recording there in jAER"
        )


def _check_addresses(address: np.ndarray, source: str, count: int) -> None:
    bad = (address & SPECIAL_BITS == 0) & (address > PIXEL_BITS)
    if bad.any():
        index = int(bad.argmax())
        raise EdgeSastError(
            f"{source}: event {count + index}: 0x{address[index]:08x} is no address of a {CHIP}; the file is damaged "
            f"or of another camera: use recordings of a {CHIP}"
        )


AEDAT2 = Format(
    "AEDAT 2.0 (DVS128)", "aedat2", (".aedat",), sniff_aedat2, open_aedat2, usual_sensor=(SIDE, SIDE)
)
