"""AEDAT 4 written as dv-processing writes it: one stream of events, packets of 10,000, LZ4.

There is no table of packets at the end, so that a file can be written to a pipe: the header says so, and readers look
through the packets.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any, BinaryIO

import numpy as np

from edge_sast.formats.aedat.compression import Compression, lz4_frame
from edge_sast.formats.aedat.io_header import NO_TABLE
from edge_sast.formats.aedat.packets import HEAD, STORED
from edge_sast.formats.contract import Sensor
from edge_sast.formats.fits import check_limits

PACKET_EVENTS = 10_000
LIMITS = {"x": (1 << 15) - 1, "y": (1 << 15) - 1}
STREAM = 0
FIRST_LINE = b"#!AER-DAT4.0\r\n"
INFO = """<dv version="2.0">
    <node name="outInfo" path="/mainloop/Recorder/outInfo/">
        <node name="{stream}" path="/mainloop/Recorder/outInfo/{stream}/">
            <attr key="compression" type="string">{compression}</attr>
            <attr key="originalModuleName" type="string">edge-sast</attr>
            <attr key="originalOutputName" type="string">events</attr>
            <attr key="typeDescription" type="string">Array of events (polarity ON/OFF).</attr>
            <attr key="typeIdentifier" type="string">EVTS</attr>
            <node name="info" path="/mainloop/Recorder/outInfo/{stream}/info/">
                <attr key="sizeX" type="int">{width}</attr>
                <attr key="sizeY" type="int">{height}</attr>
                <attr key="source" type="string">edge-sast</attr>
                <attr key="tsOffset" type="long">0</attr>
            </node>
        </node>
    </node>
</dv>
"""


def write_aedat4(stream: BinaryIO, sensor: Sensor, chunks: Iterable[np.ndarray]) -> None:
    """An AEDAT 4 file, compressed by LZ4.

    Raises UnfitError where x or y passes 32,767, EdgeSastError where lz4 is not installed.
    """
    write_packets(stream, sensor, chunks, Compression.LZ4)


def write_packets(
    stream: BinaryIO, sensor: Sensor, chunks: Iterable[np.ndarray], compression: Compression
) -> None:
    """An AEDAT 4 file; compression: NONE or LZ4."""
    frame = lz4_frame("AEDAT 4") if compression is Compression.LZ4 else None
    stream.write(FIRST_LINE + header_bytes(sensor, compression))
    done = 0
    for chunk in chunks:
        check_limits(chunk, done, LIMITS, "an AEDAT 4 file", "crop or shift the recording first")
        for start in range(0, len(chunk), PACKET_EVENTS):
            stream.write(packet_bytes(chunk[start : start + PACKET_EVENTS], frame))
        done += len(chunk)


def header_bytes(sensor: Sensor, compression: Compression) -> bytes:
    """The table IOHE, its size before it."""
    info = INFO.format(
        stream=STREAM, compression=compression.name, width=sensor[0], height=sensor[1]
    ).encode()
    # The vtable with 3 fields stands at byte 18, the table at 28, so that its field of 8 bytes lies at 40.
    begin = struct.pack("<I4s6x", 24, b"IOHE") + struct.pack("<5H", 10, 20, 4, 12, 8)
    table = struct.pack("<iiIqI", 10, compression, 12, NO_TABLE, len(info))
    data = begin + table + info + bytes(4 - len(info) % 4)
    return struct.pack("<I", len(data)) + data


def packet_bytes(events: np.ndarray, frame: Any) -> bytes:
    """A packet of EVENT_DTYPE[n]; frame: the module lz4.frame, None: uncompressed."""
    stored = np.zeros(len(events), STORED)
    for name in ("t", "x", "y", "p"):
        stored[name] = events[name]
    # The vtable with one field stands at byte 14, the table at 20, the vector at 28.
    table = struct.pack("<I4s2x3HiII", 16, b"EVTS", 6, 8, 4, 6, 4, len(events))
    data = struct.pack("<I", len(table) + stored.nbytes) + table + stored.tobytes()
    if frame is not None:
        data = frame.compress(data, store_size=False)
    return HEAD.pack(STREAM, len(data)) + data
