"""Event Stream: bytes written event by event here, and the made file."""

import io
import re
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE, make_events
from edge_sast.formats.contract import Reading
from edge_sast.formats.defects import Kind, Policy
from edge_sast.formats.event_stream import EVENT_STREAM, write_event_stream
from edge_sast.formats.registry import read_bytes, read_file
from tests.formats.aedat.oracles import check_pieces, check_sound, random_events, read, truth
from tests.formats.test_real_recordings import need

DVS, ATIS, COLOUR = 1, 2, 4


def header(kind, width=304, height=240, version=(2, 0, 0)):
    return b"Event Stream" + bytes([*version, kind]) + struct.pack("<HH", width, height)


def stored(kind, events, height=240, noise=b""):
    """The file of (t, x, y, p), with `noise` before each event."""
    data, last = header(kind, 304, height), 0
    for t, x, y, p in events:
        gap = t - last
        most, mark = {DVS: (127, b"\xff"), ATIS: (63, b"\xfd"), COLOUR: (254, b"\xff")}[kind]
        data += noise + mark * (gap // most)
        gap %= most
        first = {DVS: gap * 2 + p, ATIS: gap * 4 + p * 2, COLOUR: gap}[kind]
        data += struct.pack("<BHH", first, x, height - 1 - y) + (b"rgb" if kind == COLOUR else b"")
        last = t
    return data


def written(events, sensor=(304, 240)):
    out = io.BytesIO()
    write_event_stream(out, sensor, np.array_split(events, 3))
    return out.getvalue()


NOISE = {DVS: b"\xfe\xfe", ATIS: b"\xfc", COLOUR: b"\xfe"}


@pytest.mark.parametrize("kind", [DVS, ATIS, COLOUR])
def test_events_survive_the_round_trip(kind, monkeypatch):
    events = random_events(kind, 2000, 304, 240)
    events["t"] = np.cumsum(np.random.default_rng(0).integers(0, 900, len(events)))
    if kind == COLOUR:
        events["p"] = 1
    data = stored(kind, events.tolist(), noise=NOISE[kind])
    recording = read_bytes(data, "a.es")
    assert np.array_equal(recording.events, events)
    assert (recording.width, recording.height) == (304, 240)
    check_pieces(EVENT_STREAM, data, events, monkeypatch)


def test_bits_of_the_types():
    assert read(EVENT_STREAM, header(DVS) + bytes([255, 7, 1, 1, 2, 0]))[0].tolist() == [(130, 257, 237, 1)]
    # 2 * 63 µs, then 5 µs: polarity in bit 1
    assert read(EVENT_STREAM, header(ATIS) + bytes([254, 22, 1, 0, 0, 0]))[0].tolist() == [(131, 1, 239, 1)]
    assert read(EVENT_STREAM, header(COLOUR) + bytes([255, 253, 1, 0, 0, 0, 9, 9, 9]))[0].tolist() == [
        (507, 1, 239, 1)
    ]


def test_brightness_of_an_atis_is_left_out():
    data = header(ATIS) + bytes([21, 1, 0, 0, 0]) + bytes([22, 2, 0, 0, 0])
    assert read(EVENT_STREAM, data)[0].tolist() == [(10, 2, 239, 1)]


def test_colour_has_no_polarity_and_that_is_said():
    opened = EVENT_STREAM.open(io.BytesIO(header(COLOUR)), "a", Reading())
    assert opened.header.assumed == ("colour events have no polarity: all are read as ON.",)
    assert EVENT_STREAM.open(io.BytesIO(header(DVS)), "a", Reading()).header.assumed == ()


def test_a_header_alone_is_an_empty_recording():
    assert len(read_bytes(header(DVS), "a.es")) == 0
    assert len(read_bytes(header(DVS) + b"\xff\xfe\xff", "a.es")) == 0


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"Event", "a: does not begin with 'Event Stream'; the file is damaged or no Event Stream: copy it again"),
        (header(DVS)[:19], "a: ends inside its header; the file is truncated: copy it again"),
        (header(DVS, version=(0, 1, 7)), "a: is Event Stream 0.1.7, not 2; convert it to version 2"),
        (
            header(0),
            "a: holds events of type 0 (generic), not of DVS (1), ATIS (2) or colour (4): they have no pixels; use a "
            "recording of a camera",
        ),
        (
            header(9),
            "a: holds events of type 9 (unknown), not of DVS (1), ATIS (2) or colour (4): they have no pixels; use a "
            "recording of a camera",
        ),
        (header(DVS, 0, 5), "a: says a sensor of 0x5 pixels; the file is damaged: copy it again"),
        (
            stored(DVS, [(5, 1, 2, 1), (6, 1, 2, 1)])[:-2],
            "a: ends at byte 28, 3 bytes into the event at byte offset 25; the file is truncated or of another format: "
            "copy it again, or pass --defects drop",
        ),
        (
            header(ATIS) + bytes([21, 1, 0, 0, 0]) * 3,
            "a: has 3 events of an ATIS, and all are of brightness, none of change; use a recording with changes",
        ),
    ],
)  # fmt: skip
def test_damaged_files_are_one_line(data, message, monkeypatch):
    for size in (1 << 20, 1):
        monkeypatch.setattr("edge_sast.formats.contract.CHUNK_BYTES", size)
        with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
            read(EVENT_STREAM, data)


def test_a_cut_file_gives_the_events_before_its_end():
    events, reading = read(EVENT_STREAM, stored(DVS, [(5, 1, 2, 1), (6, 1, 2, 1)])[:-2], Policy.DROP)
    assert events.tolist() == [(5, 1, 2, 1)]
    assert reading.defects.counts[Kind.TRUNCATED] == 1


@pytest.mark.parametrize(("x", "y", "told"), [(304, 0, "x=304"), (0, 240, "y=240"), (65535, 9, "x=65535")])
def test_a_pixel_outside_is_told_with_its_place(x, y, told):
    event = struct.pack("<BHH", 2, x, y)
    data = stored(DVS, [(1, 1, 1, 1)]) + b"\xff" + event + b"\xff\xff"
    message = rf"^a\.es: event 1 \(byte offset 26\), t=129 µs: {told} lies outside the 304x240 sensor; "
    with pytest.raises(EdgeSastError, match=message):
        read_bytes(data, "a.es")


@given(st.binary(max_size=300), st.sampled_from([DVS, ATIS, COLOUR]), st.booleans())
@settings(deadline=None, max_examples=300)
def test_any_bytes_end_in_events_or_in_our_error(data, kind, drop):
    check_sound(EVENT_STREAM, header(kind) + data, Policy.DROP if drop else Policy.REJECT, len(data) // 5)


@st.composite
def any_events(draw):
    n = draw(st.integers(0, 40))
    gaps = st.one_of(st.integers(0, 130), st.integers(0, 1 << 18))
    t = np.cumsum(draw(st.lists(gaps, min_size=n, max_size=n)), dtype=np.int64)
    columns = [draw(st.lists(st.integers(0, top), min_size=n, max_size=n)) for top in (303, 239, 1)]
    return make_events(t, *(np.array(column, np.int64) for column in columns))


@given(any_events())
@settings(deadline=None, max_examples=200)
def test_what_is_written_is_what_the_format_says(events):
    data = written(events)
    assert data == stored(DVS, events.tolist())
    assert np.array_equal(read(EVENT_STREAM, data)[0], events)


def test_long_gaps_are_written_in_pieces(monkeypatch):
    events = random_events(1, 300, 304, 240)
    events["t"] = np.cumsum(np.random.default_rng(0).integers(0, 30_000, len(events)))
    monkeypatch.setattr("edge_sast.formats.event_stream.PIECE_BYTES", 500)
    assert written(events) == stored(DVS, events.tolist())


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("x", 304, "x=304 does not fit an Event Stream of 304x240 (0..303)"),
        ("y", 240, "y=240 does not fit an Event Stream of 304x240 (0..239)"),
        ("t", -1, "time since the event before, in µs,=-1 does not fit an Event Stream of 304x240 (0..4294967296)"),
        ("t", 1 << 40, f"time since the event before, in µs,={1 << 40} does not fit an Event Stream of 304x240 "
         "(0..4294967296)"),
    ],
)  # fmt: skip
def test_events_that_do_not_fit_are_refused(field, value, message):
    events = np.zeros(2, EVENT_DTYPE)
    events[1][field] = value
    whole = f"event 1: {message}; crop or shift the recording, which begins at 0, first"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(whole)}$"):
        write_event_stream(io.BytesIO(), (304, 240), [events])


def test_a_sensor_that_does_not_fit_is_refused():
    with pytest.raises(
        EdgeSastError,
        match=r"^a sensor of 65536x1 does not fit an Event Stream \(sides of 1\.\.65535\); crop it$",
    ):
        write_event_stream(io.BytesIO(), (65536, 1), [])


def test_the_made_file_holds_the_truth():
    path = need("formats/made/dvs.es")
    events = truth()
    events["t"] -= events["t"][0]
    recording = read_file(path)
    assert np.array_equal(recording.events, events)
    assert (recording.width, recording.height) == (240, 180)
    assert written(events, (240, 180)) == path.read_bytes()
