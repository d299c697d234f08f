"""What the RP2040 wants around a program: the checksum of its boot stage, and the UF2 container for its USB drive."""

from __future__ import annotations

import struct

from edge_sast.errors import EdgeSastError

BOOT2_BYTES = 256
UF2_PAYLOAD = 256
UF2_MAGIC = (0x0A324655, 0x9E5D5157)
UF2_END = 0x0AB16F30
UF2_HAS_FAMILY = 0x2000


def boot2_crc(code: bytes) -> int:
    """The boot ROM's CRC-32: 0x04C11DB7, not reflected, start 0xFFFFFFFF, no final XOR (datasheet 2.8.1.3.1)."""
    crc = 0xFFFFFFFF
    for byte in code:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1) ^ (0x04C11DB7 if crc & 0x80000000 else 0)
            crc &= 0xFFFFFFFF
    return crc


def with_boot2_crc(boot2: bytes) -> bytes:
    """The 256 bytes, their last 4 replaced by the CRC of those before."""
    if len(boot2) != BOOT2_BYTES:
        raise EdgeSastError(f"boot2 has {len(boot2)} bytes; it must have {BOOT2_BYTES}")
    code = boot2[: BOOT2_BYTES - 4]
    return code + struct.pack("<I", boot2_crc(code))


def uf2(image: bytes, address: int, family: int) -> bytes:
    """`image`, to be written at `address`, as blocks of 512 bytes with 256 of payload each."""
    image += b"\xff" * (-len(image) % UF2_PAYLOAD)
    count = len(image) // UF2_PAYLOAD
    blocks = []
    for number in range(count):
        payload = image[number * UF2_PAYLOAD : (number + 1) * UF2_PAYLOAD]
        at = address + number * UF2_PAYLOAD
        head = struct.pack("<8I", *UF2_MAGIC, UF2_HAS_FAMILY, at, UF2_PAYLOAD, number, count, family)
        blocks.append(head + payload.ljust(476, b"\0") + struct.pack("<I", UF2_END))
    return b"".join(blocks)
