"""AEDAT 4, as DV and dv-processing write it: a first line, a header with the streams, packets.

The first line is `#!AER-DAT4.0` CR LF. The header is a u32 size and the table of io_header.py, the packets are those of
packets.py; they end where the header says, or with the file. What dv-processing's network writer sends is the same
without the first line.

Source: AEDAT file formats, iniVation, docs.inivation.com; the schemas of dv-processing (EventPacket, IOHeader).
"""

from __future__ import annotations

from typing import BinaryIO

from edge_sast.errors import EdgeSastError
from edge_sast.formats.aedat import io_header
from edge_sast.formats.aedat.flatbuffer import BrokenError
from edge_sast.formats.aedat.io_header import IoHeader, parse_io_header
from edge_sast.formats.aedat.packets import REMEDY, Packets
from edge_sast.formats.aedat.write_aedat4 import FIRST_LINE, write_aedat4
from edge_sast.formats.contract import Format, Header, Likeness, Opened, Reading, State, exactly


def sniff_aedat4(first: bytes) -> Likeness:
    """Whether it says that it is AEDAT 4."""
    return Likeness.CERTAIN if first.startswith(FIRST_LINE[:-4]) else Likeness.NOT


def open_aedat4(stream: BinaryIO, source: str, reading: Reading) -> Opened:
    """The events of an AEDAT 4 file; of its first stream of events where it has many.

    Raises EdgeSastError where it is damaged, has no stream of events, or the package that uncompresses it is missing.
    """
    header, at = _file_header(stream, source)
    return _opened(stream, source, reading, header, (at, 0), gather=True)


def resume_aedat4(stream: BinaryIO, source: str, reading: Reading, state: State) -> Opened:
    """An AEDAT 4 file from (byte offset of a packet, events of it that were given before) on."""
    stream.seek(0)
    header, _ = _file_header(stream, source)
    stream.seek(state[0])
    return _opened(stream, source, reading, header, state, gather=True)


def open_aedat4_connection(stream: BinaryIO, source: str, reading: Reading) -> Opened:
    """The events of a connection to dv-processing's network writer: AEDAT 4 without its first line.

    stream: reads no more than it is asked for, and waits for that. Each packet is a chunk, and is given before the next
    is waited for. Raises EdgeSastError as `open_aedat4`.
    """
    header, at = _header(stream, source, 0)
    return _opened(stream, source, reading, header, (at, 0), gather=False)


def _file_header(stream: BinaryIO, source: str) -> tuple[IoHeader, int]:
    """The header, and the byte offset of the first packet."""
    line = exactly(stream, len(FIRST_LINE))
    if line != FIRST_LINE:
        raise EdgeSastError(f"{source}: does not begin with '#!AER-DAT4.0' and CR LF; {REMEDY}")
    return _header(stream, source, len(FIRST_LINE))


def _header(stream: BinaryIO, source: str, at: int) -> tuple[IoHeader, int]:
    """at: byte offset of the header; also the offset behind it."""
    size = exactly(stream, 4)
    length = int.from_bytes(size, "little")
    if length > io_header.MAX_BYTES:
        raise EdgeSastError(
            f"{source}: header at byte {at}: has a size of {length} bytes, more than {io_header.MAX_BYTES}; {REMEDY}"
        )
    table = exactly(stream, length)
    if len(size) < 4 or len(table) < length:
        raise EdgeSastError(f"{source}: ends inside its header; the file is truncated: copy it again")
    try:
        return parse_io_header(size + table), at + 4 + length
    except BrokenError as error:
        raise EdgeSastError(f"{source}: header at byte {at}: {error}; {REMEDY}") from None


def _opened(
    stream: BinaryIO, source: str, reading: Reading, header: IoHeader, at: State, gather: bool
) -> Opened:
    numbers = header.event_streams()
    if not numbers:
        kinds = ", ".join(sorted({of.kind for of in header.streams.values()})) or "none"
        raise EdgeSastError(
            f"{source}: has no stream of events (EVTS) among its streams ({kinds}); record events too"
        )
    of = header.streams[numbers[0]]
    said = (
        ("version", "AEDAT 4.0"),
        ("camera", of.camera or "not said"),
        ("compression", header.compression.name),
        ("time", "64 bits of 1 µs"),
        ("origin", "top left"),
        ("polarity", "1 = ON"),
        (
            "streams",
            ", ".join(f"{number} {stream.kind}" for number, stream in sorted(header.streams.items())),
        ),
    )
    assumed = (
        (f"stream {numbers[0]} ('{of.name}') of {len(numbers)} streams of events is read.",)
        if len(numbers) > 1
        else ()
    )
    packets = Packets(stream, source, reading, header, numbers[0], at)
    return Opened(Header(of.sensor(), said, assumed), packets.chunks(gather), None, lambda: packets.next)


AEDAT4 = Format(
    "AEDAT 4",
    "aedat4",
    (".aedat4", ".aedat"),
    sniff_aedat4,
    open_aedat4,
    resume=resume_aedat4,
    write=write_aedat4,
)
