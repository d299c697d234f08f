"""Frames of docs/protocol.md, section 1: values to bytes and back, without a port."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum

from edge_sast.errors import EdgeSastError

try:
    from cobs import cobs
except ImportError as error:
    raise EdgeSastError("boards: needs the Python package cobs; pip install 'edge-sast[hil]'") from error

HEADER = struct.Struct("<BHI")
CRC_BYTES = 4
OVERHEAD = HEADER.size + CRC_BYTES
RESYNC = b"\0"  # ends whatever half frame the other side holds
LONGEST = 65535  # of any frame; a receiver keeps no more of what has no end


class Kind(IntEnum):
    """Type of a frame."""

    HELLO = 1
    BEGIN = 2
    LOAD = 3
    POLL = 4
    READ = 5
    REGISTERS = 7
    WRITE = 8
    TELL = 9
    HELLO_ANSWER = 0x81
    BEGIN_ANSWER = 0x82
    LOAD_ANSWER = 0x83
    POLL_ANSWER = 0x84
    READ_ANSWER = 0x85
    DUMP = 0x86
    REGISTERS_ANSWER = 0x87
    WRITE_ANSWER = 0x88
    TELL_ANSWER = 0x89

    @property
    def answer(self) -> Kind:
        """Type of the answer to a request."""
        return Kind(self | 0x80)


@dataclass(frozen=True)
class Frame:
    """kind: a Kind, or the number of a type that this version does not know."""

    kind: int
    seq: int
    token: int
    payload: bytes = b""

    def __str__(self) -> str:
        name = Kind(self.kind).name if self.kind in set(Kind) else f"type {self.kind}"
        return f"{name} seq {self.seq} token {self.token:08x} {self.payload.hex()}".rstrip()


def encode(frame: Frame) -> bytes:
    """The bytes on the wire, 0x00 at their end."""
    body = HEADER.pack(frame.kind, frame.seq, frame.token) + frame.payload
    return cobs.encode(body + zlib.crc32(body).to_bytes(CRC_BYTES, "little")) + b"\0"


def decode(wire: bytes) -> Frame | None:
    """The frame whose wire bytes, without their 0x00, these are; None if they are no valid one."""
    try:
        body = cobs.decode(wire)
    except cobs.DecodeError:
        return None
    if len(body) < OVERHEAD or zlib.crc32(body[:-CRC_BYTES]) != int.from_bytes(body[-CRC_BYTES:], "little"):
        return None
    kind, seq, token = HEADER.unpack_from(body)
    return Frame(kind, seq, token, body[HEADER.size : -CRC_BYTES])


class FrameReader:
    """Bytes in any portions to frames. damaged: pieces between two 0x00 that were no frame."""

    def __init__(self) -> None:
        self.damaged = 0
        self._rest = b""

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that end in `data`."""
        *pieces, rest = (self._rest + data).split(b"\0")
        frames = [decode(piece) for piece in pieces if piece]
        self.damaged += frames.count(None)
        self._rest = rest[: LONGEST + 1]  # one byte too many marks it as too long
        return [frame for frame in frames if frame is not None]
