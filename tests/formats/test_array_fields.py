"""Columns that become events in one pass, beside NumPy's way column by column."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.formats.array_fields import ArrayFields

LIMIT = 1 << 62
TIMES = [-(1 << 63), -LIMIT - 1, -LIMIT, -1, 0, 7, LIMIT - 1, LIMIT, (1 << 63) - 1]
SOUND = [0, 5, 5, 900, LIMIT - 1]
TYPES = {"i8": TIMES, "u4": [0, 7, (1 << 32) - 1], "u8": [0, LIMIT - 1, LIMIT], ">i8": SOUND, "f8": SOUND}
POLARITIES = {
    "u1": [0, 1, 2, 255],
    "i1": [-1, 0, 1, 2, -128],
    "i2": [-1, 0, 1, -2],
    "?": [0, 1],
    "f4": [0, 1],
}


def outcome(fields: ArrayFields, pieces: list, quick: bool) -> tuple:
    """(events of all pieces, or the line that refuses one; what is kept for the next piece)."""
    found = []
    with patch.object(ArrayFields, "_filled", ArrayFields._filled if quick else lambda *_: False):
        try:
            for piece in pieces:
                found += fields.events(*piece).tolist()
        except EdgeSastError as error:
            return found, str(error)
    return found, fields.done, fields.off_seen


@settings(max_examples=300)
@given(
    data=st.data(),
    t0=st.sampled_from([0, 5]),
    unit=st.sampled_from(["us", "us", "ms"]),
    off=st.integers(0, 2),
)
def test_one_pass_is_numpys_way(data, t0, unit, off):
    t_type, p_type = data.draw(st.sampled_from(list(TYPES))), data.draw(st.sampled_from(list(POLARITIES)))
    sound = data.draw(st.booleans())
    times = [t for t in TYPES[t_type] if not sound or abs(t) < LIMIT // 1000]
    polarities = [p for p in POLARITIES[p_type] if not sound or p in (0, 1)]
    side = data.draw(st.sampled_from(["u2", "u2", "i4"]))

    def column(values, kind, count):
        return np.array(data.draw(st.lists(st.sampled_from(values), min_size=count, max_size=count)), kind)

    pieces = [
        (
            column(times, t_type, n),
            column([0, 1, 65535], side, n),
            column([0, 480], side, n),
            column(polarities, p_type, n),
        )
        for n in data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=3))
    ]
    want = outcome(ArrayFields("a", unit, t0, 0, off), pieces, quick=False)
    assert outcome(ArrayFields("a", unit, t0, 0, off), pieces, quick=True) == want


@pytest.mark.parametrize("t_type", ["i8", "u4"])
@pytest.mark.parametrize("p_type", ["u1", "i1", "i2", "?"])
def test_usual_columns_take_one_pass(t_type, p_type):
    columns = (
        np.array([3, 4], t_type),
        np.array([1, 2], "u2"),
        np.array([5, 6], "u2"),
        np.array([0, 1], p_type),
    )
    with patch.object(ArrayFields, "_times", side_effect=AssertionError):
        assert ArrayFields("a").events(*columns).tolist() == [(3, 1, 5, 0), (4, 2, 6, 1)]


@pytest.mark.parametrize("t", [-(1 << 63), -LIMIT - 1, LIMIT, (1 << 63) - 1])
@pytest.mark.parametrize("p_type", ["u1", "i1", "i2", "?"])
def test_a_time_out_of_range_is_refused_beside_every_type_of_polarity(p_type, t):
    columns = (
        np.array([3, t], "i8"),
        np.array([1, 2], "u2"),
        np.array([5, 6], "u2"),
        np.array([0, 1], p_type),
    )
    with pytest.raises(
        EdgeSastError, match=rf"^a: event 1: t={t} is out of range below 2\^62 µs \(unit us\)"
    ):
        ArrayFields("a").events(*columns)
