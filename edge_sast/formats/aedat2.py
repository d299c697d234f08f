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

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import make_events

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


def parse_aedat2(data: bytes, source: str) -> np.ndarray:
    """Events of an AEDAT 2.0 file of a DVS128.

    Args:
        data: the whole file.
        source: its name for messages.

    Returns:
        EVENT_DTYPE[n] in file order, without the events that are no pixels; row 0 at the top, ON = 1, t as it
        stands in the file.

    Raises:
        EdgeSastError: another version, another camera, a file that ends inside its header or an event, or time
            that runs backwards (the counter wrapped at 2^32 µs, or was reset).
    """
    start = _end_of_header(data, source)
    rest = (len(data) - start) % EVENT_BYTES
    if rest:
        raise EdgeSastError(
            f"{source}: ends at byte {len(data)}, {rest} bytes into the event at byte offset "
            f"{len(data) - rest} ({EVENT_BYTES} bytes per event); the file is truncated: copy it again"
        )
    words = np.frombuffer(data, ">u4", offset=start).reshape(-1, 2)
    address, t = words[:, 0].astype(np.uint32), words[:, 1].astype(np.int64)
    _check_time(t, source)
    _check_addresses(address, source)
    pixel = address & SPECIAL_BITS == 0
    address, t = address[pixel], t[pixel]
    x = COORDINATE_MASK - (address >> COLUMN_SHIFT & COORDINATE_MASK)
    y = COORDINATE_MASK - (address >> ROW_SHIFT & COORDINATE_MASK)
    return make_events(t, x, y, 1 - (address & OFF_BIT))


def _end_of_header(data: bytes, source: str) -> int:
    """Offset of the first event, after the version and the camera have been checked."""
    if not data.startswith(MAGIC):
        raise EdgeSastError(
            f"{source}: does not begin with '{MAGIC.decode()}{VERSION}'; the file is damaged or no AEDAT file: "
            "copy it again, or export it as AEDAT 2.0"
        )
    start = 0
    # The first byte of a DVS128 address is 0x00 or 0x80, never '#'.
    while data[start : start + 1] == b"#":
        end = data.find(b"\n", start)
        if end < 0:
            raise EdgeSastError(f"{source}: ends inside its header; the file is truncated: copy it again")
        line = data[start:end]
        if start == 0:
            _check_version(line, source)
        elif line.startswith(CHIP_FIELD):
            _check_chip(line, source)
        start = end + 1
    return start


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


def _check_time(t: np.ndarray, source: str) -> None:
    backwards = t[1:] < t[:-1]
    if backwards.any():
        index = int(backwards.argmax()) + 1
        raise EdgeSastError(
            f"{source}: event {index}: time runs backwards, from {t[index - 1]} µs to {t[index]} µs; the "
            "camera's counter wrapped or was reset: cut the recording there in jAER"
        )


def _check_addresses(address: np.ndarray, source: str) -> None:
    bad = (address & SPECIAL_BITS == 0) & (address > PIXEL_BITS)
    if bad.any():
        index = int(bad.argmax())
        raise EdgeSastError(
            f"{source}: event {index}: 0x{address[index]:08x} is no address of a {CHIP}; the file is damaged or of "
            f"another camera: use recordings of a {CHIP}"
        )
