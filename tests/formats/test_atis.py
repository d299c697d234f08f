import io
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE, make_events
from edge_sast.formats.atis import open_atis, write_recording_atis
from edge_sast.formats.contract import Reading
from edge_sast.formats.registry import read_bytes
from tests.formats.opened import events_of


def test_bits_of_one_event():
    # x = 5, y = 33, polarity 1, t = 0x123456
    data = bytes([5, 33, 0x80 | 0x12, 0x34, 0x56])
    assert events_of(open_atis, data, "a").tolist() == [(0x123456, 5, 33, 1)]


def test_overflow_events_move_all_later_times():
    data = bytes(
        [1, 1, 0, 0, 7, 0, 240, 0, 0, 0, 2, 2, 0x80, 0, 8, 0, 240, 0, 0, 0, 0, 240, 0, 0, 0, 3, 3, 0, 0, 9]
    )
    assert events_of(open_atis, data, "a").tolist() == [
        (7, 1, 1, 0),
        (8 + 8192, 2, 2, 1),
        (9 + 3 * 8192, 3, 3, 0),
    ]


def test_truncated_file_names_the_byte():
    message = (
        "a.bin: ends at byte 13, 3 bytes into the event at byte offset 10 (5 bytes per event); "
        "the file is truncated or of another format: copy it again, or pass --defects drop"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        events_of(open_atis, bytes(13), "a.bin")


def events_or_error(data):
    """Number of events read, or the error's text; any other exception fails the test."""
    try:
        return len(read_bytes(data, "fuzz.bin"))
    except EdgeSastError as error:
        return str(error)


@given(st.binary(max_size=400))
@settings(deadline=None, max_examples=300)
def test_any_bytes_are_read_or_refused_in_one_line(data):
    got = events_or_error(data)
    if isinstance(got, str):
        assert got.startswith("fuzz.bin: ")
        assert "\n" not in got
    else:
        assert got <= len(data) // 5


@st.composite
def atis_events(draw):
    n = draw(st.integers(0, 60))
    gaps = st.one_of(st.integers(0, 100), st.integers(0, 1 << 22))
    t = np.cumsum(draw(st.lists(gaps, min_size=n, max_size=n)), dtype=np.int64)
    columns = [draw(st.lists(st.integers(0, top), min_size=n, max_size=n)) for top in (255, 239, 1)]
    return make_events(t, *(np.array(column, np.int64) for column in columns))


@given(atis_events())
@settings(deadline=None, max_examples=200)
def test_what_is_written_is_read_back(events):
    assert np.array_equal(events_of(open_atis, write_recording_atis(events), "a"), events)


@pytest.mark.parametrize(
    ("field", "value", "limit"), [("x", 256, 255), ("y", 240, 239), ("t", 1 << 30, (1 << 30) - 1)]
)
def test_events_that_do_not_fit_are_refused(field, value, limit):
    events = np.zeros(2, EVENT_DTYPE)
    events[1][field] = value
    message = (
        f"event 1: {field}={value} does not fit an ATIS file (0..{limit}); "
        "crop, shift or cut the recording first"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        write_recording_atis(events)


def test_every_event_has_its_byte_offset():
    """In chunks with overflow events at their beginning, at their end and in between, and in those without."""
    data = bytes(
        [0, 240, 0, 0, 0] * 2
        + [7, 3, 128, 0, 1]
        + [0, 240, 0, 0, 0]
        + [9, 4, 0, 0, 2] * 2
        + [0, 240, 0, 0, 0]
    )
    for part in (data, data[10:15], data[20:30]):
        opened = open_atis(io.BytesIO(part), "a.bin", Reading())
        (events,) = opened.chunks
        for index, event in enumerate(events):
            place = opened.offset_of(index)
            assert (part[place], part[place + 1], part[place + 4]) == (
                event["x"],
                event["y"],
                event["t"] % 8192,
            )
