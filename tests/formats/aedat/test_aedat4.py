"""AEDAT 4: files written byte by byte here, the made files, a real one, and packets from a socket."""

import io
import re
import socket
import struct
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.formats import contract
from edge_sast.formats.aedat.aedat4 import AEDAT4, open_aedat4_connection
from edge_sast.formats.aedat.compression import Compression
from edge_sast.formats.aedat.write_aedat4 import write_packets
from edge_sast.formats.contract import Reading, joined
from edge_sast.formats.defects import Kind, Policy
from edge_sast.formats.registry import read_bytes, read_file
from tests.formats.aedat import oracles
from tests.formats.aedat.oracles import (
    NONE,
    aedat4,
    buffer,
    check_pieces,
    check_sound,
    event_table,
    io_header,
    packet,
    random_events,
    read,
)
from tests.formats.test_real_recordings import need

FIRST = b"#!AER-DAT4.0\r\n"
FIVE = [(1605507430438338 + n, n, 2 * n, n % 2) for n in range(5)]
START = len(FIRST + io_header(NONE))


def file_of(*packets: bytes, compression: int = NONE) -> bytes:
    """A file without a table at its end."""
    return FIRST + io_header(compression) + b"".join(packets)


@pytest.mark.parametrize("compression", range(5))
def test_events_of_every_compression(compression, monkeypatch):
    events = random_events(compression, 2500, begin=1605507430438338)
    data = aedat4(events, compression, size=700)
    recording = read_bytes(data, "a.aedat4")
    assert np.array_equal(recording.events, events)
    assert (recording.width, recording.height) == (346, 260)
    check_pieces(AEDAT4, data, events, monkeypatch)


@pytest.mark.parametrize("name", ["none", "lz4", "lz4high", "zstd", "zstdhigh", "mixed"])
def test_made_files_hold_the_truth(name):
    oracles.compress(b"", oracles.LZ4)
    oracles.compress(b"", oracles.ZSTD)
    recording = read_file(need(f"formats/made/dv_{name}.aedat4"))
    assert np.array_equal(recording.events, oracles.truth())
    assert (recording.width, recording.height) == (240, 180)


def test_a_recording_of_dv():
    oracles.compress(b"", oracles.LZ4)
    recording = read_file(need("formats/sample.aedat4"))
    assert (len(recording), recording.width, recording.height) == (111_954, 320, 240)
    assert recording.events[0].tolist() == (1605537493718345, 154, 204, 0)


def test_what_the_header_says():
    opened = AEDAT4.open(io.BytesIO(file_of()), "a", Reading())
    assert ("camera", "DAVIS346 & more") in opened.header.said
    assert ("compression", "NONE") in opened.header.said
    assert opened.header.assumed == ()
    assert opened.header.sensor == (346, 260)


def test_the_first_of_two_streams_of_events_is_read_and_said():
    streams = ((2, "EVTS", "right", 10, 10), (1, "EVTS", "left", 20, 30))
    data = (
        FIRST
        + io_header(NONE, streams=streams)
        + packet(2, event_table(FIVE))
        + packet(1, event_table(FIVE[:1]))
    )
    opened = AEDAT4.open(io.BytesIO(data), "a", Reading())
    assert opened.header.assumed == ("stream 1 ('left') of 2 streams of events is read.",)
    assert opened.header.sensor == (20, 30)
    assert joined(opened.chunks).tolist() == FIVE[:1]


def test_a_size_that_is_none_is_not_taken():
    for sides in ((0, 5), ("", ""), ("²", 3), (65537, 1), (10**30, 1), ("-1", 1)):
        data = FIRST + io_header(NONE, streams=((0, "EVTS", "events", *sides),))
        assert AEDAT4.open(io.BytesIO(data), "a", Reading()).header.sensor is None


def test_a_header_alone_is_an_empty_recording():
    assert len(read_bytes(file_of(), "a.aedat4")) == 0
    assert len(read_bytes(file_of(packet(0, event_table([]))), "a.aedat4")) == 0


def test_the_polarity_is_a_flag():
    table = bytearray(event_table(FIVE[:1]))
    table[-4] = 255
    assert read(AEDAT4, file_of(packet(0, bytes(table))))[0]["p"].tolist() == [1]


def big_table(said: int) -> bytes:
    """A table that says so many events, and holds one."""
    table = bytearray(event_table(FIVE[:1]))
    table[-20:-16] = struct.pack("<I", said)
    return bytes(table)


HEAD = "a: packet at byte offset "
COPY = "; the file is damaged: copy it again"
WHOLE = "; the file is truncated or of another format: copy it again, or pass --defects drop"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (FIRST[:9], f"a: does not begin with '#!AER-DAT4.0' and CR LF{COPY}"),
        (FIRST + b"\x10", "a: ends inside its header; the file is truncated: copy it again"),
        (file_of()[:100], "a: ends inside its header; the file is truncated: copy it again"),
        (
            FIRST + b"\xff\xff\xff\xff",
            f"a: header at byte 14: has a size of 4294967295 bytes, more than 1048576{COPY}",
        ),
        (FIRST + buffer(b"EVTS", []), f"a: header at byte 14: is a table 'EVTS', not 'IOHE'{COPY}"),
        (
            FIRST + io_header(9),
            "a: header at byte 14: has compression 9, none of 0 NONE, 1 LZ4, 2 LZ4_HIGH, 3 ZSTD, 4 ZSTD_HIGH" + COPY,
        ),
        (
            FIRST + io_header(NONE, xml=b"<dv><node></dv>"),
            "a: header at byte 14: has streams that are no XML (mismatched tag: line 1, column 12)" + COPY,
        ),
        (
            FIRST + io_header(NONE, xml=b'<!DOCTYPE x [<!ENTITY a "b">]><dv>&a;</dv>'),
            f"a: header at byte 14: has XML with a document type, which no camera software writes{COPY}",
        ),
        (
            FIRST + io_header(NONE, streams=((0, "FRME", "frames", 1, 1), (1, "IMUS", "imu", 1, 1))),
            "a: has no stream of events (EVTS) among its streams (FRME, IMUS); record events too",
        ),
        (file_of(struct.pack("<ii", 0, -5)), f"{HEAD}{START}: has a size of -5 bytes{COPY}"),
        (
            FIRST + io_header(NONE, START + 20) + packet(0, event_table(FIVE)) + b"FTAB",
            f"{HEAD}{START}: has a size of 116 bytes, and the packets end at byte {START + 20}{COPY}",
        ),
        (
            file_of(packet(0, event_table(FIVE)))[:-3],
            f"a: ends at byte {START + 121}, 121 bytes into the packet at byte offset {START}{WHOLE}",
        ),
        (file_of(b"\1\2\3"), f"a: ends at byte {START + 3}, 3 bytes into the packet at byte offset {START}{WHOLE}"),
        (
            FIRST + io_header(NONE, 5000) + packet(0, event_table(FIVE)),
            f"a: ends at byte {START + 124}, and its packets at byte 5000 by its header{WHOLE}",
        ),
        (
            file_of(packet(7, b"abc")),
            f"{HEAD}{START}: is of stream 7, and the header names 0; the file is damaged or of another format: copy it "
            "again, or pass --defects drop to skip such words",
        ),
        (file_of(packet(0, b"")), f"{HEAD}{START}: is 0 bytes long, less than the 12 that any table begins with{COPY}"),
        (file_of(packet(0, big_table(1 << 31))), f"{HEAD}{START}: says 2147483648 events in 52 bytes{COPY}"),
        (
            file_of(packet(0, struct.pack("<I", 1000) + big_table(2)[4:])),
            f"{HEAD}{START}: ends 1 events before the number that it says{COPY}",
        ),
        (file_of(packet(0, b"\x20\0\0\0\xff\0\0\0EVTS")), f"{HEAD}{START}: points to byte 259 of 12{COPY}"),
    ],
)  # fmt: skip
def test_damaged_files_are_one_line(data, message):
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        read(AEDAT4, data)


@pytest.mark.parametrize("compression", range(1, 5))
def test_damaged_compression_is_one_line(compression):
    oracles.compress(b"", compression)
    data = file_of(struct.pack("<ii", 0, 30) + bytes(range(30)), compression=compression)
    name = "LZ4" if compression < 3 else "ZSTD"
    start = len(FIRST + io_header(compression))
    with pytest.raises(
        EdgeSastError, match=rf"^a: packet at byte offset {start}: is no {name} frame \(.*\){COPY}$"
    ):
        read(AEDAT4, data)


def test_packets_of_unknown_streams_are_skipped_where_that_is_wished():
    data = file_of(packet(7, b"abc"), packet(0, event_table(FIVE)), packet(8, b""))
    events, reading = read(AEDAT4, data, Policy.DROP)
    assert events.tolist() == FIVE
    assert reading.defects.counts[Kind.UNKNOWN_WORD] == 2


@pytest.mark.parametrize("compression", range(5))
def test_a_cut_file_gives_the_events_before_its_end(compression, monkeypatch):
    monkeypatch.setattr(contract, "CHUNK_BYTES", 20_000)
    events = random_events(compression, 1500)
    data = aedat4(events, compression, size=400)
    for size in range(len(data) - 18, len(FIRST) + 2000, -997):
        got, reading = read(AEDAT4, data[:size], Policy.DROP)
        assert np.array_equal(got, events[: len(got)])
        assert reading.defects.counts[Kind.TRUNCATED] == 1
        assert reading.defects.first[Kind.TRUNCATED].startswith(f"a: ends at byte {size}, ")
        with pytest.raises(EdgeSastError, match=f"^a: ends at byte {size}, "):
            read(AEDAT4, data[:size])


@pytest.mark.parametrize(
    ("module", "compression"), [("lz4.frame", 1), ("lz4.frame", 2), ("zstandard", 3), ("zstandard", 4)]
)
def test_a_missing_package_is_named(module, compression, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    package = module.partition(".")[0]
    message = (
        rf"^a: is compressed by {'LZ4' if compression < 3 else 'ZSTD'}, and {package} is not installed; "
        r"pip install 'edge-sast\[aedat4\]'$"
    )
    with pytest.raises(EdgeSastError, match=message):
        read(AEDAT4, file_of(compression=compression))


def test_packets_of_a_connection_come_one_by_one():
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("rb") as stream:
        theirs.sendall(io_header(NONE)[:50])
        theirs.sendall(io_header(NONE)[50:])
        chunks = open_aedat4_connection(stream, "tcp://camera", Reading()).chunks
        for count in (5, 3, 1):
            sent = packet(0, event_table(FIVE[:count]))
            theirs.sendall(sent[:11])
            theirs.sendall(sent[11:])
            assert next(chunks).tolist() == FIVE[:count]  # without waiting for more
        theirs.shutdown(socket.SHUT_WR)
        assert list(chunks) == []


@st.composite
def any_events(draw):
    count = draw(st.integers(0, 50))
    rows = [
        (
            draw(st.integers(0, 1 << 60)),
            draw(st.integers(0, 32767)),
            draw(st.integers(0, 32767)),
            draw(st.booleans()),
        )
        for _ in range(count)
    ]
    return contract.joined([np.array([tuple(row)], dtype=random_events(0, 0).dtype) for row in rows])


@given(any_events(), st.integers(1, 20))
@settings(deadline=None, max_examples=100)
def test_any_events_are_read_back(events, size):
    assert np.array_equal(read(AEDAT4, aedat4(events, NONE, size))[0], events)
    written = io.BytesIO()
    write_packets(written, (346, 260), np.array_split(events, 3), Compression.NONE)
    assert np.array_equal(read(AEDAT4, written.getvalue())[0], events)


@given(st.binary(max_size=200), st.integers(0, 600), st.booleans())
@settings(deadline=None, max_examples=200)
def test_any_bytes_end_in_events_or_in_our_error(data, place, drop):
    whole = file_of(packet(0, event_table(FIVE)))
    for damaged in (
        whole + data,
        whole[:place] + data + whole[place:],
        whole[:place] + data + whole[place + len(data) :],
    ):
        check_sound(AEDAT4, damaged, Policy.DROP if drop else Policy.REJECT, len(damaged) // 16)


def test_what_is_written_is_read_back():
    oracles.compress(b"", oracles.LZ4)
    events = random_events(1, 25_000, begin=1605507430438338)
    written = io.BytesIO()
    AEDAT4.write(written, (346, 260), np.array_split(events, 2))
    recording = read_bytes(written.getvalue(), "a.aedat4")
    assert np.array_equal(recording.events, events)
    assert (recording.width, recording.height) == (346, 260)


def test_coordinates_that_do_not_fit_are_refused():
    events = random_events(1, 3)
    events["y"][1] = 32768
    message = (
        r"^event 4: y=32768 does not fit an AEDAT 4 file \(0\.\.32767\); crop or shift the recording first$"
    )
    with pytest.raises(EdgeSastError, match=message):
        write_packets(io.BytesIO(), (346, 260), [random_events(2, 3), events], Compression.NONE)
