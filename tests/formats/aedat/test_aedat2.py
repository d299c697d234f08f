"""AEDAT 2.0 of a DVS128: bytes written event by event here, and real recordings."""

import contextlib
import re
import struct

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.formats.aedat.aedat2 import open_aedat2
from edge_sast.formats.registry import read_bytes, read_file
from tests.events.oracles import random_recording
from tests.formats.opened import events_of
from tests.formats.test_real_recordings import need

HEADER = (
    b"#!AER-DAT2.0\r\n# comment\r\n# AEChip: ch.unizh.ini.jaer.chip.retina.DVS128\r\n#End Of ASCII Header\r\n"
)


def aedat2(events, header=HEADER):
    """A file of (t, x, y, p), as the format describes it."""
    return header + b"".join(
        struct.pack(">II", (127 - y) * 256 + (127 - x) * 2 + (1 - p), t) for t, x, y, p in events
    )


def test_events_survive_the_round_trip():
    recording = random_recording(3, width=128, height=128)
    read = read_bytes(aedat2(recording.events.tolist()), "a.AEDAT")
    assert (read.width, read.height, read.source) == (128, 128, "a.AEDAT")
    assert np.array_equal(read.events, recording.events)


def test_one_event_bit_by_bit():
    # Raw column 1 and row 0: second from the right in the lowest row; raw polarity 0 is ON.
    data = HEADER + bytes([0, 0, 0, 2, 0xFF, 0, 0, 1])
    assert events_of(open_aedat2, data, "a").tolist() == [(0xFF000001, 126, 127, 1)]


def test_no_events_and_no_chip_line():
    assert len(events_of(open_aedat2, b"#!AER-DAT2.0\n", "a")) == 0
    assert len(events_of(open_aedat2, aedat2([(5, 0, 0, 0)], b"#!AER-DAT2.0\r\n"), "a")) == 1


def test_events_that_are_no_pixels_are_left_out():
    special = struct.pack(">IIII", 0x8000, 10, 0x80000001, 11)
    events = events_of(open_aedat2, aedat2([(9, 1, 2, 1)]) + special + aedat2([(12, 3, 4, 0)], b""), "a")
    assert events.tolist() == [(9, 1, 2, 1), (12, 3, 4, 0)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            aedat2([(1, 0, 0, 0), (2, 0, 0, 0)])[:-3],
            f"a: ends at byte {len(HEADER) + 13}, 5 bytes into the event at byte offset {len(HEADER) + 8} "
            "(8 bytes per event); the file is truncated or of another format: copy it again, or pass --defects drop",
        ),
        (
            HEADER[:30],
            "a: ends inside its header; the file is truncated: copy it again",
        ),
        (
            aedat2([(1, 0, 0, 0), (4294967295, 0, 0, 0), (3, 0, 0, 0)]),
            "a: event 2: time runs backwards, from 4294967295 µs to 3 µs; the camera's counter wrapped or was "
            "reset: cut the recording there in jAER",
        ),
        (
            HEADER + struct.pack(">II", 0x10000, 0),
            "a: event 0: 0x00010000 is no address of a DVS128; the file is damaged or of another camera: use "
            "recordings of a DVS128",
        ),
        (
            aedat2([], b"#!AER-DAT2.0\r\n# AEChip: eu.seebetter.ini.chips.davis.DAVIS240C\r\n"),
            "a: was recorded with the camera 'DAVIS240C', and only DVS128 addresses are known; use recordings of a "
            "DVS128",
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
)
def test_damaged_and_other_files_are_one_line(data, message):
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        events_of(open_aedat2, data, "a")


def test_any_bytes_end_in_events_or_in_our_error():
    rng = np.random.default_rng(0)
    whole = bytearray(aedat2(random_recording(3, width=128, height=128).events.tolist()))
    for _ in range(300):
        data = bytearray(whole[: rng.integers(0, len(whole) + 1)])
        for place in rng.integers(0, max(1, len(data)), 3):
            data[place : place + 1] = bytes([rng.integers(0, 256)])
        with contextlib.suppress(EdgeSastError):  # nothing else may come out
            read_bytes(bytes(data), "a.aedat")


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
