"""Intel HEX, with the extended linear addresses of 1988 ("I32HEX"): bytes, so a word takes several.

A word takes ceil(width / 8) bytes, the least significant first; word k begins at byte k * ceil(width / 8). Quartus
reads `.hex` otherwise (by words, the most significant byte first): for Quartus there is `.mif`.
"""

from __future__ import annotations

import re

from edge_sast.errors import EdgeSastError
from firmware_gen.rtl_gen.images import MemoryImage
from firmware_gen.rtl_gen.table_files.text import check_count, damaged, split

RECORD_BYTES = 16  # a power of 2: no record crosses a border of 64 KiB
SPACE = 1 << 32  # bytes that its addresses reach
_DATA, _END, _UPPER = 0, 1, 4
_RECORD = re.compile(r":(?:[0-9A-Fa-f]{2}){5,}")


def write(image: MemoryImage) -> bytes:
    size = -(-image.width // 8)
    data = b"".join(word.to_bytes(size, "little") for word in image.words)
    if len(data) > SPACE:
        raise EdgeSastError(
            f"{image.name}: takes {len(data)} bytes; Intel HEX addresses {SPACE}: use fewer weights"
        )
    lines = []
    for address in range(0, len(data), RECORD_BYTES):
        if address and address % 65_536 == 0:
            lines.append(_record(_UPPER, 0, (address >> 16).to_bytes(2, "big")))
        lines.append(_record(_DATA, address & 0xFFFF, data[address : address + RECORD_BYTES]))
    lines.append(_record(_END, 0, b""))
    return "".join(f"{line}\n" for line in lines).encode()


def _record(kind: int, address: int, data: bytes) -> str:
    body = bytes([len(data)]) + address.to_bytes(2, "big") + bytes([kind]) + data
    return f":{body.hex().upper()}{-sum(body) & 0xFF:02X}"


def read(data: bytes, source: str, width: int, depth: int) -> tuple[int, ...]:
    """The words of a file. Raises EdgeSastError, one line, where it does not hold `depth` words of `width` bits."""
    lines = split(data, source)
    found = _bytes(lines, source)
    size = -(-width // 8)
    if len(found) % size:
        raise damaged(source, len(lines), f"the file has {len(found)} bytes; a word takes {size}")
    check_count(len(found) // size, depth, source, len(lines))
    words = tuple(int.from_bytes(found[i : i + size], "little") for i in range(0, len(found), size))
    for i, word in enumerate(words):
        if word >> width:
            line = _line_of(i * size, source, lines)
            raise damaged(
                source, line, f"word {i} is {word:#x}, which takes more than the {width} bits of a word"
            )
    return words


def _bytes(lines: list[str], source: str) -> bytes:
    found, upper = bytearray(), 0
    for number, line in enumerate(lines, 1):
        kind, address, data = _parse(line, source, number)
        if kind == _END:
            if number != len(lines):
                raise damaged(source, number + 1, "there is more after the end record")
            return bytes(found)
        if kind == _UPPER:
            if len(data) != 2:
                raise damaged(
                    source, number, f"an extended linear address has {len(data)} bytes; it must have 2"
                )
            upper = int.from_bytes(data, "big") << 16
        else:
            if upper + address != len(found):
                raise damaged(
                    source, number, f"the address is {upper + address:#x}; {len(found):#x} comes next"
                )
            found += data
    raise damaged(source, len(lines), "the end record is missing: the file was cut")


def _parse(line: str, source: str, number: int) -> tuple[int, int, bytes]:
    """Kind, address and data of a record."""
    if not _RECORD.fullmatch(line):
        raise damaged(source, number, f"{line[:80]!r} is not a record: a colon and hexadecimal bytes")
    record = bytes.fromhex(line[1:])
    if record[0] != len(record) - 5:
        raise damaged(source, number, f"the record says {record[0]} bytes of data; it has {len(record) - 5}")
    if sum(record) & 0xFF:
        raise damaged(
            source, number, f"the checksum is {record[-1]:02X}; the bytes give {-sum(record[:-1]) & 0xFF:02X}"
        )
    if record[3] not in (_DATA, _END, _UPPER):
        raise damaged(source, number, f"the record's type is {record[3]:02X}; it must be 00, 01 or 04")
    return record[3], int.from_bytes(record[1:3], "big"), record[4:-1]


def _line_of(offset: int, source: str, lines: list[str]) -> int:
    """The line that holds a byte; all lines are records that were read."""
    at = 0
    for number, line in enumerate(lines, 1):
        kind, _, data = _parse(line, source, number)
        at += len(data) if kind == _DATA else 0
        if at > offset:
            return number
    return len(lines)
