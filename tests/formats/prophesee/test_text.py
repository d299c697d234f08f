"""The ASCII header, and what is said of a file."""

import io

import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.formats.contract import Reading, joined
from edge_sast.formats.prophesee.text import parse_text
from edge_sast.formats.registry import format_called, format_of, open_stream
from tests.formats.prophesee.oracle import data_of, words_of_events

EVENTS = [(70, 1, 2, 1), (71, 3, 2, 0)]
EVT2_WORDS = data_of("evt2", words_of_events("evt2", EVENTS))


def header_of(head, form="evt2", words=None):
    data = head.encode() + (data_of(form, words_of_events(form, EVENTS)) if words is None else words)
    found, opened = open_stream(io.BytesIO(data), "a.raw")
    assert found.key == form.removesuffix("-legacy")
    return opened.header, joined(opened.chunks).tolist()


@pytest.mark.parametrize(
    ("lines", "form"),
    [
        ("% evt 2.0\n", "evt2"),
        ("% format EVT2;width=640;height=480\n", "evt2"),
        ("% date 2024-01-01 10:00:00\r\n% evt 2.0\r\n% system_ID 21\r\n% end\r\n", "evt2"),
        ("% evt 2.1\n% endianness little\n", "evt21"),
        ("% format EVT21;endianness=legacy\n% end\n", "evt21-legacy"),
        ("% format EVT2.1;endianness=legacy\n", "evt21-legacy"),
        ("% evt 3.0\n", "evt3"),
        ("% format EVT3\n", "evt3"),
        ("% EVT 3.0\n", "evt3"),
    ],
)
def test_the_version_in_any_of_its_forms(lines, form):
    header, events = header_of(lines, form)
    assert events == EVENTS
    assert header.assumed == ()
    assert ("version", {"evt2": "EVT2", "evt3": "EVT3"}.get(form, "EVT2.1")) in header.said


@pytest.mark.parametrize(
    ("lines", "sensor"),
    [
        ("% geometry 640x480\n", (640, 480)),
        ("% format EVT2;height=480;width=640\n", (640, 480)),
        ("% Width 304\n% Height 240\n", (304, 240)),
        ("% geometry 320x320\n% format EVT2;height=480;width=640\n", (320, 320)),
        ("% serial_number 00001234\n", None),
    ],
)
def test_the_sensor_as_the_header_says_it(lines, sensor):
    header, _ = header_of(f"% evt 2.0\n{lines}% end\n")
    assert (header.sensor, header.assumed) == (sensor, ())


@pytest.mark.parametrize(("said", "sensor"), [("3.1", (640, 480)), ("4.2", (1280, 720)), ("9", None)])
def test_the_sensor_by_the_generation_is_an_assumption_that_is_said(said, sensor):
    header, _ = header_of(f"% evt 2.0\n% sensor_generation {said}\n% end\n")
    assert header.sensor == sensor
    if sensor:
        assert header.assumed == (f"sensor {sensor[0]}x{sensor[1]} by the generation {said} in the header",)


def test_a_byte_order_that_is_not_said_is_that_in_which_the_words_make_sense():
    for form, order in (("evt21", "little"), ("evt21-legacy", "legacy")):
        many = [(t, 5, t % 300, 1) for t in range(64, 6400, 64)]
        header, events = header_of("% evt 2.1\n", form, data_of(form, words_of_events(form, many)))
        assert header.assumed == (f"the header says no byte order: {order}, as its words are",)
        assert events == many


def test_faerys_begin_is_added_and_said():
    header, events = header_of("% evt 2.0\n% t0 16657280\n")
    assert events == [(t + 16657280, x, y, p) for t, x, y, p in EVENTS]
    assert ("begin", "16657280 µs, by the header's t0") in header.said


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "% geometry 0x480\n",
            "a.raw: the header gives the sensor as '0x480', which is no size; correct the line",
        ),
        (
            "% geometry 70000x4\n",
            "a.raw: the header gives the sensor as '70000x4', which is no size; correct the l",
        ),
        (
            "% geometry wide\n",
            "a.raw: the header gives the sensor as 'wide', which is no size; correct the line or ",
        ),
        (
            "% t0 -3\n",
            "a.raw: the header gives t0 as '-3', which is no time in µs within 0..2^62; correct the line",
        ),
        (
            "% t0 4611686018427387904\n",
            "a.raw: the header gives t0 as '4611686018427387904', which is no time in µs",
        ),
    ],
)
def test_values_that_cannot_be(lines, message):
    with pytest.raises(EdgeSastError) as caught:
        header_of(f"% evt 2.0\n{lines}% end\n")
    assert str(caught.value).startswith(message)


def test_another_version_than_was_asked_for():
    data = b"% evt 3.0\n% end\n" + EVT2_WORDS
    with pytest.raises(
        EdgeSastError, match=r"^a\.raw: the header says EVT3, not EVT2; leave out --format, or conve"
    ):
        format_called("evt2").open(io.BytesIO(data), "a.raw", Reading())
    with pytest.raises(
        EdgeSastError, match=r"^a\.raw: is none of Prophesee EVT2, Prophesee EVT2\.1, Prophesee EVT"
    ):
        format_of("a.raw", b"% evt 4.0\n% end\n" + EVT2_WORDS)
    with pytest.raises(
        EdgeSastError, match=r"^a\.raw: the header says EVT4, not EVT2; leave out --format, or conve"
    ):
        format_called("evt2").open(io.BytesIO(b"% evt 4.0\n% end\n"), "a.raw", Reading())


def test_where_a_header_ends():
    assert parse_text(b"% a b\n% end\n% c d\n", True).size == 12
    assert parse_text(b"% a b\n%\x20\x01\x02 binary\n", True).size == 6
    assert parse_text(b"% a b\n%% no\n", True).size == 6
    assert parse_text(b"% a b\n% c", False) is None
    assert parse_text(b"% a b\n%", False) is None
    assert parse_text(b"% a b\n% c", True).size == 6
    assert parse_text(b"", True).size == 0
    assert parse_text(b"% " + b"a" * 2000, False).size == 0  # too long for a line
    assert parse_text(b"% end\n% t0 5\n", True).fields == {"end": ""}


def test_a_header_without_an_end_is_refused_and_a_long_one_is_read():
    endless = b"% key value\n" * 20_000
    with pytest.raises(
        EdgeSastError, match=r"^a\.raw: the header is longer than 65536 bytes; the file is damaged or"
    ):
        format_called("evt2").open(io.BytesIO(endless), "a.raw", Reading())
    long = b"% evt 2.0\n" + b"% key value\n" * 2_000 + b"% end\n" + EVT2_WORDS
    assert joined(open_stream(io.BytesIO(long), "a.raw")[1].chunks).tolist() == EVENTS
