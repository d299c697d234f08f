"""What is written as EVT3 is read back the same, by our reader and word by word."""

import io
import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE, make_events
from edge_sast.formats.contract import Reading, joined
from edge_sast.formats.prophesee.evt3 import EVT3
from tests.formats.prophesee.oracle import events_of_words

HEAD = (
    b"% camera_integrator_name Prophesee\n% evt 3.0\n% format EVT3;height=720;width=1280\n"
    b"% geometry 1280x720\n% end\n"
)


def written(*chunks, sensor=(1280, 720)):
    stream = io.BytesIO()
    EVT3.write(stream, sensor, chunks)
    return stream.getvalue()


def words_of(data):
    return np.frombuffer(data[data.index(b"% end\n") + 6 :], "<u2").tolist()


def events_from(rows):
    return make_events(*np.array(rows, np.int64).reshape(-1, 4).T)


def test_the_words_of_a_few_events():
    row = [(4101, x, 2, 1) for x in (1270, 1272, 1273, 1278, 1279)]
    data = written(events_from([(0, 3, 2, 0), *row, (4101, 5, 2, 1), (4102, 5, 3, 1)]))
    assert data.startswith(HEAD)
    assert words_of(data) == [
        *(0x8000, 0x6000, 0x0002, 0x2003),
        *(0x8001, 0x6005, 0x3800 | 1248, 0x4000, 0x4400, 0x5000 | 0xC3),
        *(0x2805, 0x6006, 0x0003, 0x2805),
    ]


@st.composite
def recordings(draw):
    """(sensor, events) with bursts in a row, long silences and all corners of the sensor."""
    sensor = draw(st.sampled_from([(1280, 720), (240, 180), (34, 34), (20, 5), (2048, 2048), (1, 1)]))
    gap = st.sampled_from([0, 0, 0, 1, 5000, (1 << 24) - 1, 1 << 24, 1 << 26])
    t, rows = draw(st.sampled_from([0, 4095, (1 << 24) - 1, 1 << 30])), []
    for _ in range(draw(st.integers(0, 8))):
        t += draw(gap)
        y, p, x = (
            draw(st.integers(0, sensor[1] - 1)),
            draw(st.integers(0, 1)),
            draw(st.integers(0, sensor[0] - 1)),
        )
        for step in draw(st.lists(st.integers(1, 9), max_size=20)):
            rows.append((t, x, y, p))
            x = min(x + step, sensor[0] - 1)
        rows.append((t, x, y, p))
    return sensor, events_from(rows)


@given(recordings(), st.integers(0, 100))
@settings(deadline=None, max_examples=80)
def test_what_is_written_is_read_back(recording, cut):
    sensor, events = recording
    data = written(events[:cut], events[cut:], sensor=sensor)
    opened = EVT3.open(io.BytesIO(data), "a.raw", Reading())
    assert np.array_equal(joined(opened.chunks), events)
    assert (opened.header.sensor, opened.header.assumed) == (sensor, ())
    words = words_of(data)  # groups end within the sensor
    assert events_of_words("evt3", words) == events.tolist()
    assert re.fullmatch("(?:[^345]|3445)*", "".join(f"{word >> 12:x}" for word in words))
    assert all(word % 2048 + 32 <= max(sensor[0], 32) for word in words if word >> 12 == 3)
    high = [word & 0xFFF for word in words if word >> 12 == 8]
    assert high[:1] == [0] * min(1, len(events))
    steps = [(after - before) % 4096 for before, after in pairwise(high)]
    assert all(1 <= step <= 1024 for step in steps)
    assert all(before == 4095 for before, after in pairwise(high) if after < before)


def test_bursts_are_vectors():
    burst = events_from([(t, x, 7, 1) for t in range(50) for x in range(100, 164)])
    assert len(words_of(written(burst))) < 0.2 * len(burst)


@pytest.mark.parametrize(
    ("field", "value", "limit"),
    [("x", 1280, 1279), ("y", 720, 719), ("t", 1 << 40, (1 << 40) - 1), ("p", 2, 1)],
)
def test_events_that_do_not_fit_are_refused(field, value, limit):
    events = np.zeros(2, EVENT_DTYPE)
    events[1][field] = value
    message = (
        f"event 3: {field}={value} does not fit an EVT3 file of a 1280x720 sensor (0..{limit}); "
        "crop, shift or cut the recording first"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        written(np.zeros(2, EVENT_DTYPE), events)


def test_coordinates_have_eleven_bits_whatever_the_sensor_is():
    with pytest.raises(
        EdgeSastError, match=r"^event 0: x=2048 does not fit an EVT3 file of a 4096x8 sensor \(0\.\.2047"
    ):
        written(events_from([(0, 2048, 0, 0)]), sensor=(4096, 8))


@pytest.mark.parametrize("chunks", [[[(5, 0, 0, 0), (4, 0, 0, 0)]], [[(5, 0, 0, 0)], [(4, 0, 0, 0)]]])
def test_steps_back_are_refused(chunks):
    message = (
        "event 1: time runs backwards, from 5 µs to 4 µs, which an EVT3 file cannot hold; pass --defects drop or clip, "
        "or order the events first"
    )
    with pytest.raises(EdgeSastError, match=f"^{message}$"):
        written(*map(events_from, chunks))
