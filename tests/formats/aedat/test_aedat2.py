"""AEDAT 1 and 2.0: bytes written event by event here, the made files, and real recordings."""

import io
import re
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.formats.aedat.aedat2 import AEDAT1, AEDAT2
from edge_sast.formats.aedat.chips import chip_called
from edge_sast.formats.contract import Reading
from edge_sast.formats.defects import Defects, Kind, Policy
from edge_sast.formats.registry import format_of, open_stream, read_bytes, read_file, read_stream
from tests.events.oracles import random_recording
from tests.formats.aedat.oracles import check_pieces, check_sound, random_events, read, truth
from tests.formats.test_real_recordings import need

HEADER = (
    b"#!AER-DAT2.0\r\n# comment\r\n# AEChip: ch.unizh.ini.jaer.chip.retina.DVS128\r\n#End Of ASCII Header\r\n"
)
DAVIS = b"#!AER-DAT2.0\r\n# AEChip: eu.seebetter.ini.chips.davis.%s\r\n"
SIZES = {b"DAVIS240C": (240, 180), b"Davis346B": (346, 260), b"Davis640": (640, 480)}


def aedat2(events, header=HEADER):
    """A file of a DVS128 with (t, x, y, p), as the format describes it."""
    return header + b"".join(
        struct.pack(">II", (127 - y) * 256 + (127 - x) * 2 + (1 - p), t) for t, x, y, p in events
    )


def davis(events, chip=b"DAVIS240C"):
    """A file of a DAVIS with (t, x, y, p)."""
    width, height = SIZES[chip]
    return DAVIS % chip + b"".join(
        struct.pack(">II", (height - 1 - y) * 2**22 + (width - 1 - x) * 2**12 + p * 2**11, t)
        for t, x, y, p in events
    )


def test_events_survive_the_round_trip():
    recording = random_recording(3, width=128, height=128)
    read = read_bytes(aedat2(recording.events.tolist()), "a.AEDAT")
    assert (read.width, read.height, read.source) == (128, 128, "a.AEDAT")
    assert np.array_equal(read.events, recording.events)


@pytest.mark.parametrize("chip", SIZES)
def test_events_of_a_davis(chip, monkeypatch):
    events = random_events(1, 2000, *SIZES[chip])
    data = davis(events.tolist(), chip)
    recording = read_bytes(data, "a.aedat")
    assert (recording.width, recording.height) == SIZES[chip]
    assert np.array_equal(recording.events, events)
    check_pieces(AEDAT2, data, events, monkeypatch)


def test_one_event_bit_by_bit():
    # Raw column 1 and row 0: second from the right in the lowest row; raw polarity 0 is ON.
    assert read(AEDAT2, HEADER + bytes([0, 0, 0, 2, 0xFF, 0, 0, 1]))[0].tolist() == [
        (0xFF000001, 126, 127, 1)
    ]
    # DAVIS: row 3 from below in bits 22.., column 5 from the right in bits 12.., bit 11 is ON.
    word = bytes([0b0_0000000, 0b11_000000, 0b0101_1000, 0])
    assert read(AEDAT2, DAVIS % b"DAVIS240A" + word + bytes(4))[0].tolist() == [(0, 234, 176, 1)]
    # AEDAT 1: 16 bits of address, row 1 from below, column 2 from the right, OFF
    assert read(AEDAT1, b"#!AER-DAT1.0\r\n" + bytes([1, 5, 0, 0, 1, 0]))[0].tolist() == [(256, 125, 126, 0)]


def test_aedat1(monkeypatch):
    events = random_events(2, 1500, 128, 128)
    body = b"".join(
        struct.pack(">HI", (127 - y) * 256 + (127 - x) * 2 + 1 - p, t) for t, x, y, p in events.tolist()
    )
    for header in (b"#!AER-DAT1.0\r\n", b"# a comment alone\r\n"):
        assert np.array_equal(read_bytes(header + body, "a.aedat").events, events)
        check_pieces(AEDAT1, header + body, events, monkeypatch, sizes=(7, 100_000))
    _, opened = open_stream(io.BytesIO(body), "a.aedat", key="aedat1")
    assert opened.header.assumed == (
        "the header says no version: it is read as AEDAT 1.",
        "the header names no camera ('# AEChip:'): the addresses are read as a DVS128's.",
    )
    assert np.array_equal(np.concatenate(list(opened.chunks)), events)


def test_the_version_is_told_by_the_first_line():
    for version, name in (("1.0", "AEDAT 1"), ("2.0", "AEDAT 2.0"), ("3.1", "AEDAT 3.1"), ("4.0", "AEDAT 4")):
        assert format_of("a.aedat", b"#!AER-DAT%s\r\n" % version.encode()).name == name
    with pytest.raises(EdgeSastError, match=r"^a\.aedat: is none of .* by its first bytes"):
        format_of("a.aedat", b"#!AER-DAT7.0\r\n")


def test_no_events_and_no_chip_line():
    assert len(read(AEDAT2, b"#!AER-DAT2.0\n")[0]) == 0
    assert len(read(AEDAT2, aedat2([(5, 0, 0, 0)], b"#!AER-DAT2.0\r\n"))[0]) == 1
    assert AEDAT2.open(io.BytesIO(HEADER), "a", Reading()).header.assumed == ()
    assert AEDAT2.open(io.BytesIO(b"#!AER-DAT2.0\n"), "a", Reading()).header.assumed == (
        "the header names no camera ('# AEChip:'): the addresses are read as a DVS128's.",
    )


def test_a_first_event_that_begins_like_a_line_is_an_event():
    for y in range(180):  # 0x23 is the first byte of rows 140 to 143 from below
        events = [(0x0A0A0A, x, y, 1) for x in (0, 7, 239)]
        assert read(AEDAT2, davis(events))[0].tolist() == events
    # behind the mark of the end, whatever follows is data
    line = HEADER + b"#!#!#!#\n"
    with pytest.raises(EdgeSastError, match=r"^a: event 0 .*: 0x23212321 is no address of a DVS128"):
        read(AEDAT2, line)


def test_events_that_are_no_pixels_are_left_out():
    special = struct.pack(">IIII", 0x8000, 10, 0x80000001, 11)
    data = aedat2([(9, 1, 2, 1)]) + special + aedat2([(12, 3, 4, 0)], b"")
    assert read(AEDAT2, data)[0].tolist() == [(9, 1, 2, 1), (12, 3, 4, 0)]
    body = (
        davis([(9, 1, 2, 1)]) + struct.pack(">IIII", 0x80000000, 10, 0x400, 11) + davis([(12, 3, 4, 0)])[-8:]
    )
    assert read(AEDAT2, body)[0].tolist() == [(9, 1, 2, 1), (12, 3, 4, 0)]


WRAP = 1 << 32


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ([WRAP - 5, 3, 7, WRAP - 1 >> 1], [WRAP - 5, WRAP + 3, WRAP + 7, WRAP + (WRAP - 1 >> 1)]),
        ([10, 8, 12], [10, 8, 12]),  # a step back
        ([WRAP - 5, 3, WRAP - 2, 4], [WRAP - 5, WRAP + 3, WRAP - 2, WRAP + 4]),  # a step back over the wrap
        ([WRAP // 2, 0], [WRAP // 2, 0]),
        ([WRAP // 2 + 1, 0], [WRAP // 2 + 1, WRAP]),
        (
            [5, WRAP - 1, 5, WRAP // 2, WRAP - 1, 6],
            [5, WRAP - 1, WRAP + 5, WRAP * 3 // 2, 2 * WRAP - 1, 2 * WRAP + 6],
        ),
    ],
)
def test_wraps_are_told_from_steps_back(raw, told, monkeypatch):
    data = aedat2([(t, 0, 0, 0) for t in raw])
    events = read(AEDAT2, data)[0]
    assert events["t"].tolist() == told
    check_pieces(AEDAT2, data, events, monkeypatch, sizes=(1, 8, 24))


def test_times_of_special_events_do_not_count():
    special = struct.pack(">II", 0x8000, 0)
    data = aedat2([(WRAP - 5, 0, 0, 0)]) + special + aedat2([(WRAP - 4, 0, 0, 0)], b"")
    assert read(AEDAT2, data)[0]["t"].tolist() == [WRAP - 5, WRAP - 4]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            aedat2([(1, 0, 0, 0), (2, 0, 0, 0)])[:-3],
            f"a: ends at byte {len(HEADER) + 13}, 5 bytes into the event at byte offset {len(HEADER) + 8} "
            "(8 bytes per event); the file is truncated or of another format: copy it again, or pass --defects drop",
        ),
        (HEADER[:30], "a: ends inside its header; the file is truncated: copy it again"),
        (
            aedat2([(3, 0, 0, 0)]) + struct.pack(">II", 0x10000, 0),
            f"a: event 1 (byte offset {len(HEADER) + 8}), t=0 µs: 0x00010000 is no address of a DVS128; the file is "
            "damaged or of another format: copy it again, or pass --defects drop to skip such words",
        ),
        (
            aedat2([], b"#!AER-DAT2.0\r\n# AEChip: ch.unizh.ini.jaer.chip.cochlea.CochleaAMS1c\r\n"),
            "a: was recorded with the camera 'ch.unizh.ini.jaer.chip.cochlea.CochleaAMS1c', and only the addresses of "
            "DVS128, DAVIS128, DAVIS208, DAVIS240, DAVIS346, DAVIS640 are known; use recordings of one of these",
        ),
        (
            HEADER + struct.pack(">II", 0x8000, 10) * 3,
            "a: has 3 addresses after its header, and none is a pixel's of a DVS128; the file is damaged or of another "
            "camera: copy it again",
        ),
        (
            b"",
            "a: does not begin with '#!AER-DAT2.0'; the file is damaged or no AEDAT file: copy it again, or export "
            "it as AEDAT 2.0",
        ),
        *(
            (
                f"#!AER-DAT{version}\r\n".encode() + bytes(28),
                f"a: is AEDAT {version}, not AEDAT 2.0; open it in jAER and log it again as AEDAT 2.0",
            )
            for version in ("1.0", "3.1", "4.0")
        ),
    ],
)  # fmt: skip
def test_damaged_and_other_files_are_one_line(data, message):
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        read(AEDAT2, data)


def test_unknown_addresses_are_skipped_where_that_is_wished(monkeypatch):
    unknown = struct.pack(">II", 0x10000, 77)
    data = aedat2([(1, 0, 0, 0)]) + unknown * 2 + aedat2([(2, 5, 0, 0)], b"") + unknown
    for size in (1 << 20, 16, 8):
        monkeypatch.setattr("edge_sast.formats.contract.CHUNK_BYTES", size)
        events, reading = read(AEDAT2, data, Policy.DROP)
        assert events.tolist() == [(1, 0, 0, 0), (2, 5, 0, 0)]
        assert reading.defects.counts[Kind.UNKNOWN_WORD] == 3
        first = reading.defects.first[Kind.UNKNOWN_WORD]
        assert (
            first
            == f"a: event 1 (byte offset {len(HEADER) + 8}), t=77 µs: 0x00010000 is no address of a DVS128"
        )


def test_a_pixel_that_the_camera_lacks_is_told_with_its_place():
    word = struct.pack(">II", 999 << 12, 5)
    data = davis([(4, 3, 2, 1)]) + struct.pack(">II", 1 << 31, 4) + word
    with pytest.raises(
        EdgeSastError,
        match=rf"^a\.aedat: event 1 \(byte offset {len(data) - 8}\), t=5 µs: x=999 lies outside the 240x180 sensor; ",
    ):
        read_bytes(data, "a.aedat")
    reading = Reading(Defects(Policy.DROP))
    assert len(read_stream(io.BytesIO(data), "a.aedat", reading=reading)) == 1
    assert reading.defects.counts[Kind.OUT_OF_SENSOR] == 1


def test_time_that_runs_backwards_is_told_with_its_place():
    data = davis([(9, 0, 0, 0)]) + struct.pack(">II", 1 << 31, 4) + davis([(8, 0, 0, 0)])[-8:]
    message = rf"^a\.aedat: event 1 \(byte offset {len(data) - 8}\): time runs backwards, from 9 µs to 8 µs; "
    with pytest.raises(EdgeSastError, match=message):
        read_bytes(data, "a.aedat")


def test_names_of_cameras():
    for name in ("DAViS240", "SBret10", "eu.seebetter.ini.chips.davis.DAVIS240C", "DAVIS240B"):
        assert chip_called(name).sensor == (240, 180)
    for name in ("Davis346red", "DAVIS346", "Davis346B", "davis346BColor"):
        assert chip_called(name).sensor == (346, 260)
    assert chip_called("ch.unizh.ini.caviar.chip.retina.Tmpdiff128").name == "DVS128"
    assert chip_called("eu.seebetter.ini.chips.davis.Davis208PixelParade").sensor == (208, 192)
    assert all(
        chip_called(name) is None for name in ("", "DAVIS", "Davis240Stereo", "DVS128StereoPair", "DAVIS1280")
    )


@given(st.binary(max_size=300), st.booleans(), st.sampled_from([b"", HEADER, DAVIS % b"Davis346B", b"#"]))
@settings(deadline=None, max_examples=300)
def test_any_bytes_end_in_events_or_in_our_error(data, drop, header):
    for of in (AEDAT1, AEDAT2):
        check_sound(of, header + data, Policy.DROP if drop else Policy.REJECT, len(header + data) // 6)


@pytest.mark.parametrize("name", ["davis240", "davis240_mixed"])
def test_made_files_hold_the_truth(name):
    recording = read_file(need(f"formats/made/{name}.aedat"))
    assert np.array_equal(recording.events, truth())
    assert (recording.width, recording.height) == (240, 180)


@pytest.mark.parametrize("name", ["formats/sample_dvs128_walking.aedat", "dvs128_objects/Caneca.aedat"])
def test_real_recordings_event_by_event(name):
    path = need(name)
    data = path.read_bytes()
    recording = read_file(path)
    tail = data[-8 * len(recording) :]
    assert data[: -len(tail)].endswith(b"\r\n")
    assert (
        data[: -len(tail)].count(b"\n") == data[: -len(tail)].count(b"\n#") + 1
    )  # a header, and nothing else
    for index in range(0, len(recording), 997):
        address, t = struct.unpack_from(">II", tail, 8 * index)
        x, y = 127 - address // 2 % 128, 127 - address // 256 % 128
        assert recording.events[index].tolist() == (t, x, y, 1 - address % 2)


def test_a_person_walks_upright():
    """The feet of a walking person move most: of the bands of 8 rows that hold the person, the one with most events is
    one of the two lowest, whether the person is near or far."""
    events = read_file(need("formats/sample_dvs128_walking.aedat")).events
    seconds = (events["t"] - events["t"][0]) * 1e-6
    for start in (2.0, 3.5, 5.0):
        rows = events["y"][(seconds > start) & (seconds < start + 1)]
        bands = np.bincount(rows // 8, minlength=16)
        person = np.flatnonzero(bands > 3 * np.median(bands[:4]))
        assert len(person) >= 3
        assert bands.argmax() in person[-2:]


def test_noise_of_resting_pixels_is_on():
    """The leak of a DVS128 pixel makes ON events (P. Lichtsteiner et al., IEEE JSSC 43(2), 2008): the top rows, above
    every object, see nothing else."""
    for name in ("Mouse", "Tesoura", "Lapiseira"):
        events = read_file(need(f"dvs128_objects/{name}.aedat")).events
        resting = events[events["y"] < 20]
        assert len(resting) > 1000
        assert resting["p"].mean() > 0.7


def test_every_object_is_sound():
    for path in sorted(need("dvs128_objects").glob("*.aedat")):
        recording = read_file(path)
        assert 10e6 < recording.duration_us < 25e6
        assert len(recording) == (path.stat().st_size - 3412) // 8
