"""AEDAT 3.1: packets written event by event here, and the made files."""

import io
import re
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.formats.aedat.aedat3 import AEDAT3
from edge_sast.formats.contract import Reading
from edge_sast.formats.defects import Kind, Policy
from edge_sast.formats.registry import read_bytes, read_file
from tests.formats.aedat.oracles import check_pieces, check_sound, random_events, read, truth
from tests.formats.test_real_recordings import need

HEADER = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DAVIS346B\r\n#Start-Time: now\r\n#!END-HEADER\r\n"
COPY = "; the file is damaged: copy it again"


def head(kind=1, source=1, size=8, overflow=0, number=0):
    return struct.pack("<hhiiiiii", kind, source, size, 4, overflow, number, number, number)


def packet(events, overflow=0, source=1, valid=1):
    rows = b"".join(
        struct.pack("<Ii", x * 2**17 + y * 4 + p * 2 + valid, t - overflow * 2**31) for t, x, y, p in events
    )
    return head(1, source, 8, overflow, len(events)) + rows


def aedat3(events, size=100, header=HEADER):
    """A file with packets of `size` events, between them packets of special events, frames and invalid events."""
    rows = events.tolist()
    between = (
        head(0, 1, 8, 0, 2) + b"\xff" * 16 + head(2, 1, 300, 0, 3) + b"\x01" * 900 + packet(FIVE, valid=0)
    )
    groups = [rows[start : start + size] for start in range(0, len(rows), size)]
    return header + between + between.join(packet(group, group[0][0] >> 31) for group in groups)


FIVE = [(7 * n, n, 2 * n, n % 2) for n in range(5)]


@pytest.mark.parametrize("begin", [0, 2**31, 5 * 2**31])
def test_events_survive_the_round_trip(begin, monkeypatch):
    events = random_events(1, 2000, begin=begin)
    data = aedat3(events)
    recording = read_bytes(data, "a.aedat")
    assert np.array_equal(recording.events, events)
    assert (recording.width, recording.height) == (346, 260)
    check_pieces(AEDAT3, data, events, monkeypatch, sizes=(9, 100, 5000, 100_000))


def test_the_overflow_of_a_packet_is_added():
    data = HEADER + packet([(2**31 - 1, 1, 1, 0)]) + packet([(2**31 + 3, 1, 1, 0)], overflow=1)
    assert read(AEDAT3, data)[0]["t"].tolist() == [2**31 - 1, 2**31 + 3]


def test_one_event_bit_by_bit():
    data = HEADER + head(number=1) + bytes([0b00001111, 0, 0b00001010, 0, 1, 2, 0, 0])
    assert read(AEDAT3, data)[0].tolist() == [(513, 5, 3, 1)]


def test_a_header_alone_is_an_empty_recording():
    assert len(read_bytes(HEADER, "a.aedat")) == 0
    assert len(read_bytes(HEADER + packet([]) + head(0, number=2) + bytes(16), "a.aedat")) == 0


def test_the_first_of_two_sources_is_read_and_said():
    header = b"#!AER-DAT3.1\r\n#Source 2: DVS128\r\n#Source 1: DAVIS240C\r\n#!END-HEADER\r\n"
    opened = AEDAT3.open(io.BytesIO(header + packet(FIVE, source=2) + packet(FIVE[:2])), "a", Reading())
    assert opened.header.assumed == ("source 1 ('DAVIS240C') of 2 sources is read.",)
    assert opened.header.sensor == (240, 180)
    assert np.concatenate(list(opened.chunks)).tolist() == FIVE[:2]
    unknown = AEDAT3.open(io.BytesIO(HEADER.replace(b"DAVIS346B", b"Test")), "a", Reading()).header
    assert unknown.sensor is None
    assert ("camera", "Test") in unknown.said


WHOLE = "; the file is truncated or of another format: copy it again, or pass --defects drop"
START = len(HEADER)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"abc", "a: does not begin with '#!AER-DAT3.1'; the file is damaged or no AEDAT file: copy it again"),
        (HEADER[:30], "a: ends inside its header; the file is truncated: copy it again"),
        (
            HEADER[:14] + packet(FIVE),
            "a: has no line '#!END-HEADER' at the end of its header; the file is damaged: copy it again",
        ),
        (
            HEADER.replace(b"3.1", b"3.0"),
            "a: is AEDAT 3.0, not AEDAT 3.1; its rows may count from the bottom: open it in cAER and record it as "
            "AEDAT 3.1",
        ),
        (
            HEADER.replace(b"RAW", b"Serial-TS"),
            "a: has the format 'Serial-TS', and only RAW is read; open it in cAER and record it as RAW",
        ),
        (
            HEADER + packet(FIVE)[:-3],
            f"a: ends at byte {START + 65}, 65 bytes into the packet at byte offset {START}{WHOLE}",
        ),
        (
            HEADER + packet(FIVE) + head()[:20],
            f"a: ends at byte {START + 88}, 20 bytes into the packet at byte offset {START + 68}{WHOLE}",
        ),
        (
            HEADER + head(2, 1, 2**31 - 1, 0, 2**31 - 1) + bytes(9),
            f"a: ends at byte {START + 37}, 37 bytes into the packet at byte offset {START}{WHOLE}",
        ),
        (
            HEADER + packet(FIVE) + head(size=12, number=1) + bytes(12),
            f"a: packet at byte offset {START + 68}: no RAW file has type 1 with 1 events of 12 bytes and "
            f"overflow 0{COPY}",
        ),
        (
            HEADER + head(-32767, number=3) + bytes(24),
            f"a: packet at byte offset {START}: no RAW file has type -32767 with 3 events of 8 bytes and "
            f"overflow 0{COPY}",
        ),
        (
            HEADER + packet(FIVE, valid=0),
            "a: has 5 events, and none is marked as valid; the file is damaged or was filtered empty: record it again",
        ),
    ],
)  # fmt: skip
def test_damaged_files_are_one_line(data, message, monkeypatch):
    for size in (1 << 20, 11):
        monkeypatch.setattr("edge_sast.formats.contract.CHUNK_BYTES", size)
        with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
            read(AEDAT3, data)


def test_a_cut_file_gives_the_events_before_its_end():
    data = HEADER + packet(FIVE)
    events, reading = read(AEDAT3, data[:-3], Policy.DROP)
    assert events.tolist() == FIVE[:4]
    assert reading.defects.counts[Kind.TRUNCATED] == 1


def test_time_that_runs_backwards_is_told_with_its_place():
    data = HEADER + packet([(9, 0, 0, 0)]) + head(0, number=1) + bytes(8) + packet([(8, 0, 0, 0)]) + head(0)
    place = len(data) - 36
    message = rf"^a\.aedat: event 1 \(byte offset {place}\): time runs backwards, from 9 µs to 8 µs; "
    with pytest.raises(EdgeSastError, match=message):
        read_bytes(data, "a.aedat")


@given(st.binary(max_size=300), st.booleans())
@settings(deadline=None, max_examples=300)
def test_any_bytes_end_in_events_or_in_our_error(data, drop):
    for begin in (HEADER, HEADER + head(number=20)):
        check_sound(AEDAT3, begin + data, Policy.DROP if drop else Policy.REJECT, len(data) // 8)


@pytest.mark.parametrize(
    ("name", "later"), [("aedat31", 0), ("aedat31_mixed", 0), ("aedat31_overflow", 2**31 - 2**24)]
)
def test_made_files_hold_the_truth(name, later):
    recording = read_file(need(f"formats/made/{name}.aedat"))
    events = truth()
    events["t"] += later
    assert np.array_equal(recording.events, events)
    assert (recording.width, recording.height) == (240, 180)
