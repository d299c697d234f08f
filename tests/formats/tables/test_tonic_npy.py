import io
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.formats.registry import read_bytes
from edge_sast.formats.tables.tonic_npy import open_tonic_npy
from tests.formats.opened import events_of


def npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


@pytest.mark.parametrize("dtype", [np.int16, np.int64, np.float64])
def test_columns_and_milliseconds(dtype):
    table = np.array([[1, 2, 0, 3], [127, 0, 1, 4]], dtype)
    assert events_of(open_tonic_npy, npy(table), "a.npy").tolist() == [(3000, 1, 2, 0), (4000, 127, 0, 1)]


def test_times_have_a_fraction_of_a_millisecond():
    table = np.array([[1.0, 2.0, 0.0, 0.25], [1.0, 2.0, 1.0, 3.0006]])
    assert events_of(open_tonic_npy, npy(table), "a.npy").tolist() == [(250, 1, 2, 0), (3001, 1, 2, 1)]


def test_objects_are_never_unpickled():
    data = npy(np.array([[{}]], object), allow_pickle=True)
    with pytest.raises(
        EdgeSastError, match=r"^a\.npy: holds Python objects, which are never unpickled; save numbers"
    ):
        events_of(open_tonic_npy, data, "a.npy")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            np.zeros((2, 3)),
            "a.npy: shape (2, 3) of type float64 is not [n, 4] numbers x,y,p,t, nor a structure with t, x, y and p; "
            "export it in this form, or say the columns with --columns",
        ),
        (
            np.array([[0, 0, 0, 0], [0, 0, 2, 0]]),
            "a.npy: event 1: p=2 is out of range -1..1; convert the file again",
        ),
        (
            np.array([[np.nan, 0, 0, 0]]),
            "a.npy: event 0: x=nan is out of range 0..65535; convert the file again",
        ),
        *(
            (
                np.array([[1, 2, 0, 0.25], values]),
                f"a.npy: event 1: {field} is not a whole number; nothing is rounded silently: convert the file again",
            )
            for field, values in (
                ("x=1.5", [1.5, 2, 0, 1]),
                ("y=0.25", [1, 0.25, 0, 1]),
                ("p=0.5", [1, 2, 0.5, 1]),
            )
        ),
        *(
            (
                np.array([[0, 0, 0, 0], values], np.float64),
                f"a.npy: event 1: {field} is out of range {limit}; convert the file again",
            )
            for field, limit, values in (
                ("x=-1.0", "0..65535", [-1, 0, 0, 0]),
                ("y=65536.0", "0..65535", [0, 65536, 0, 0]),
                ("t=inf", "below 2^62 µs (unit ms)", [0, 0, 0, np.inf]),
            )
        ),
        *(
            (
                np.array([[0, 0, 0, 0], values], np.float16),
                f"a.npy: event 1: {field} is out of range {limit}; convert the file again",
            )
            for field, limit, values in (
                ("x=inf", "0..65535", [np.inf, 0, 0, 0]),
                ("t=inf", "below 2^62 µs (unit ms)", [0, 0, 0, np.inf]),
            )
        ),
    ],
)
def test_wrong_tables_are_named(table, message):
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        events_of(open_tonic_npy, npy(table), "a.npy")


def outcome(data):
    """ "" where the file can be read, else the error's text; any other exception fails the test."""
    try:
        read_bytes(data, "fuzz.npy")
    except EdgeSastError as error:
        return str(error)
    return ""


@given(st.binary(max_size=200), st.integers(0, 200))
@settings(deadline=None, max_examples=200)
def test_damaged_files_are_read_or_refused_in_one_line(noise, cut):
    whole = npy(np.arange(40).reshape(-1, 4) % 2)
    for data in (noise, whole[:cut] + noise, whole[: len(whole) - cut]):
        assert "\n" not in outcome(data)
