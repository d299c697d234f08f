import re

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE, Recording, check_events, make_events, parse_sensor


def events(t=(0, 5, 9), x=(0, 1, 2), y=(0, 1, 2), p=(0, 1, 0)):
    return make_events(np.array(t), np.array(x), np.array(y), np.array(p))


def test_recording_keeps_valid_events_and_makes_them_read_only():
    given = events()
    recording = Recording(given, 3, 3, "a.bin")
    assert len(recording) == 3
    assert recording.duration_us == 9
    assert not recording.events.flags.writeable
    assert given.flags.writeable  # the caller's own array stays as it was


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"x": (0, 1.5, 2)}, "event 1: x=1.5 is not a whole number 0..65535; give values that are"),
        ({"x": (0, 1, -1)}, "event 2: x=-1 is not a whole number 0..65535; give values that are"),
        ({"y": (65536, 1, 2)}, "event 0: y=65536 is not a whole number 0..65535; give values that are"),
        ({"p": (0, 256, 0)}, "event 1: p=256 is not a whole number 0..255; give values that are"),
        ({"p": (0, 0, np.nan)}, "event 2: p=nan is not a whole number 0..255; give values that are"),
        (
            {"t": (0.0, 1.0, 2.0**63)},
            "event 2: t=9.223372036854776e+18 is not a whole number -9223372036854775808..9223372036854775807; give "
            "values that are",
        ),
    ],
)
def test_no_value_is_cut_or_wrapped(given, message):
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        events(**given)


def test_whole_numbers_of_any_type_are_taken():
    want = events().tolist()
    assert events(t=(0.0, 5.0, 9.0), x=(0.0, 1.0, 2.0), p=(False, True, False)).tolist() == want
    half = {field: np.array(events()[field], np.float16) for field in "txyp"}
    assert events(**half).tolist() == want


def test_empty_recording_is_a_recording():
    recording = Recording(np.empty(0, EVENT_DTYPE), 3, 3, "a.bin")
    assert len(recording) == 0
    assert recording.duration_us == 0


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (
            events(t=(0, 9, 5)),
            "a.bin: event 2: time runs backwards, from 9 µs to 5 µs; events are never sorted silently: "
            "convert the file again in time order",
        ),
        (
            events(x=(0, 3, 2)),
            "a.bin: event 1: x=3 lies outside the 3x3 sensor; pass --sensor WxH with the real size, "
            "or replace the "
            "file if it is damaged",
        ),
        (
            events(y=(0, 1, 65535)),
            "a.bin: event 2: y=65535 lies outside the 3x3 sensor; pass --sensor WxH with the real "
            "size, or replace "
            "the file if it is damaged",
        ),
        (
            events(p=(0, 2, 1)),
            "a.bin: event 1: polarity 2 is neither 0 (OFF) nor 1 (ON); the file is damaged or of "
            "another format: "
            "convert it again",
        ),
        (
            events(t=(-1, 5, 9)),
            "a.bin: event 0: t=-1 µs is out of range 0..2^62; the file is damaged: convert it again",
        ),
        (
            events(t=(0, 5, 1 << 62)),
            "a.bin: event 2: t=4611686018427387904 µs is out of range 0..2^62; the file is damaged: "
            "convert it again",
        ),
    ],
)
def test_bad_events_are_named(made, message):
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        Recording(made, 3, 3, "a.bin")


def test_wrong_array_is_refused():
    message = (
        "a: events are float64[3], not a one-dimensional EVENT_DTYPE array; "
        "build them with edge_sast.events.recording.make_events"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        check_events(np.zeros(3), 3, 3, "a")


def test_sensor_sizes():
    assert parse_sensor("128x96") == (128, 96)
    message = "--sensor '128' is not a size; write it as WIDTHxHEIGHT in pixels, such as 34x34"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        parse_sensor("128")
    message = "--sensor 0x9: sensor 0x9 is out of range; give --sensor WxH with sides of 1..65536"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        parse_sensor("0x9")
