"""Slow, obvious counterparts of the AEDAT readers and writers, and the files with known events."""

from __future__ import annotations

import csv
import io
import struct

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import make_events
from edge_sast.formats import contract
from edge_sast.formats.contract import Reading, joined
from edge_sast.formats.defects import Defects, Policy
from tests.formats.test_real_recordings import need

NONE, LZ4, LZ4_HIGH, ZSTD, ZSTD_HIGH = range(5)
XML_STREAM = (
    '<node name="{0}" path="/outInfo/{0}/"><attr key="compression" type="string">LZ4</attr>'
    '<attr key="originalOutputName" type="string">{2}</attr><attr key="typeIdentifier" type="string">{1}</attr>'
    '<node name="info" path="/outInfo/{0}/info/"><attr key="sizeX" type="int">{3}</attr>'
    '<attr key="sizeY" type="int">{4}</attr><attr key="source" type="string">DAVIS346 &amp; more</attr></node></node>'
)
EVENTS_ONLY = ((0, "EVTS", "events", 346, 260),)


def truth() -> np.ndarray:
    """The events that all made files hold."""
    with open(need("formats/made") / "events.csv", newline="") as table:
        rows = [[int(row[column]) for column in ("t", "x", "y", "p")] for row in csv.DictReader(table)]
    return make_events(*np.array(rows).T)


def random_events(seed: int, count: int, width: int = 346, height: int = 260, begin: int = 0) -> np.ndarray:
    """EVENT_DTYPE[count] in time order, with repeated times."""
    rng = np.random.default_rng(seed)
    t = begin + np.cumsum(rng.integers(0, 4, count))
    return make_events(
        t, rng.integers(0, width, count), rng.integers(0, height, count), rng.integers(0, 2, count)
    )


def read(of, data: bytes, policy: Policy = Policy.REJECT) -> tuple[np.ndarray, Reading]:
    """EVENT_DTYPE[n] of a file by a format, not cleaned, and what was met."""
    reading = Reading(Defects(policy))
    return joined(of.open(io.BytesIO(data), "a", reading).chunks), reading


def check_sound(of, data: bytes, policy: Policy, most: int) -> None:
    """A file gives at most so many events, or is refused in one line; any other exception fails the test."""
    try:
        count = len(read(of, data, policy)[0])
    except EdgeSastError as error:
        message = str(error)
    else:
        message, most = "a: ", most - count
    assert most >= 0
    assert message.startswith("a: ")
    assert "\n" not in message


def check_pieces(of, data: bytes, events: np.ndarray, monkeypatch, sizes=(1, 7, 100, 5000, 100_000)) -> None:
    """A file is read alike in pieces of any size, and can be read on behind each of its chunks."""
    for size in sizes:
        monkeypatch.setattr(contract, "CHUNK_BYTES", size)
        opened = of.open(io.BytesIO(data), "a", Reading())
        done, states = [], []
        for chunk in opened.chunks:
            done.append(chunk)
            states.append(opened.state())
        assert np.array_equal(joined(done), events)
        for index in range(0, len(states), max(1, len(states) // 5)):
            rest = joined(of.resume(io.BytesIO(data), "a", Reading(), states[index]).chunks)
            assert np.array_equal(rest, joined(done[index + 1 :]))


def compress(data: bytes, compression: int) -> bytes:
    if compression in (LZ4, LZ4_HIGH):
        frame = pytest.importorskip(
            "lz4.frame", reason="lz4 is not installed: pip install 'edge-sast[aedat4]'"
        )
        return frame.compress(data, compression_level=9 if compression == LZ4_HIGH else 0, store_size=False)
    if compression in (ZSTD, ZSTD_HIGH):
        zstandard = pytest.importorskip(
            "zstandard", reason="zstandard is not installed: pip install 'edge-sast[aedat4]'"
        )
        return zstandard.ZstdCompressor(level=19 if compression == ZSTD_HIGH else 3).compress(data)
    return data


def buffer(identifier: bytes, fields: list[bytes], behind: bytes = b"") -> bytes:
    """A FlatBuffer with its size before it: fields of a table in order, each 4 or 8 bytes, then `behind`.

    Between table and vtable, and behind the identifier, stand bytes that mean nothing.
    """
    offsets, place = [], 4
    for field in fields:
        offsets.append(place if field else 0)
        place += len(field)
    vtable = struct.pack(f"<{2 + len(offsets)}H", 4 + 2 * len(offsets), place, *offsets)
    gap = b"\xaa" * 6
    root = 4 + 4 + len(gap) + len(vtable)
    data = (
        struct.pack("<I", root)
        + identifier
        + gap
        + vtable
        + struct.pack("<i", len(vtable))
        + b"".join(fields)
        + behind
    )
    return struct.pack("<I", len(data)) + data


def event_table(events) -> bytes:
    """The table EVTS of (t, x, y, p)."""
    rows = b"".join(struct.pack("<qhh?3x", t, x, y, p) for t, x, y, p in events)
    # The vector begins 4 bytes behind its field, which is the last of the table.
    return buffer(b"EVTS", [struct.pack("<I", 4)], struct.pack("<I", len(events)) + rows)


def io_header(compression: int, table: int = -1, streams=EVENTS_ONLY, xml: bytes | None = None) -> bytes:
    nodes = "".join(XML_STREAM.format(*stream) for stream in streams)
    text = (
        f'<dv version="2.0"><node name="outInfo" path="/outInfo/">{nodes}</node></dv>'.encode()
        if xml is None
        else xml
    )
    behind = struct.pack("<I", len(text)) + text + b"\0"
    return buffer(
        b"IOHE", [struct.pack("<i", compression), struct.pack("<q", table), struct.pack("<I", 4)], behind
    )


def packet(number: int, table: bytes, compression: int = NONE) -> bytes:
    data = compress(table, compression)
    return struct.pack("<ii", number, len(data)) + data


def aedat4(events, compression: int = NONE, size: int = 100) -> bytes:
    """A file with packets of `size` events, packets of two other streams between them, and a table at the end."""
    streams = (*EVENTS_ONLY, (1, "IMUS", "imu", 0, 0), (3, "FRME", "frames", 346, 260))
    rows = events.tolist()
    body = packet(3, buffer(b"FRME", [b"\1\2\3\4"]), compression)
    for start in range(0, len(rows), size):
        body += packet(0, event_table(rows[start : start + size]), compression)
        body += packet(1, buffer(b"IMUS", [b"EVTS"]), compression)
    first = b"#!AER-DAT4.0\r\n"
    end = len(first) + len(io_header(compression, 0, streams)) + len(body)
    return first + io_header(compression, end, streams) + body + b"FTAB is no packet"
