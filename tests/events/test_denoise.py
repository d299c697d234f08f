"""The noise filters beside their definition, read slowly."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.events.denoise import Denoise, Removed, denoised
from edge_sast.events.recording import EVENT_DTYPE

WIDTH, HEIGHT = 5, 4
ROWS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), st.integers(0, 1)),
    max_size=50,
)


def _slow(rows, filters):
    """The definition, event by event, with no memory but the events themselves."""
    seen, passed, out, removed = [], [], [], Removed()
    for t, x, y, p in rows:
        if filters.hot is not None and filters.hot[y, x]:
            removed.hot += 1
            continue
        if any((px, py) == (x, y) and t - pt < filters.refractory_us for pt, px, py in passed):
            removed.refractory += 1
            continue
        passed.append((t, x, y))
        near = {
            (sx, sy)
            for st_, sx, sy in seen
            if max(abs(sx - x), abs(sy - y)) == 1 and t - st_ <= filters.background_us
        }
        seen.append((t, x, y))
        if filters.background_us and len(near) < filters.support:
            removed.background += 1
            continue
        out.append((t, x, y, p))
    return out, removed


@settings(max_examples=150)
@given(
    rows=ROWS,
    cut=st.integers(0, 50),
    background=st.sampled_from([0, 1, 10, 40]),
    refractory=st.sampled_from([0, 1, 7, 30]),
    support=st.integers(1, 3),
    hot=st.booleans(),
)
def test_filters_are_their_definition(rows, cut, background, refractory, support, hot):
    rows = sorted(rows)
    pixels = np.zeros((HEIGHT, WIDTH), np.bool_)
    pixels[1, 2] = pixels[0, 0] = True
    filters = Denoise(background, refractory, support, pixels if hot else None)
    chunks = np.split(np.array(rows, EVENT_DTYPE), [min(cut, len(rows))])
    removed = Removed()
    found = np.concatenate(list(denoised(chunks, (WIDTH, HEIGHT), filters, removed)))
    want, counts = _slow(rows, filters)
    assert found.tolist() == want
    assert removed == counts


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((-1,), "--background-us -1 is out of range; choose whole microseconds 0..1073741824"),
        ((0, 1 << 31), "--refractory-us 2147483648 is out of range; choose whole microseconds 0..1073741824"),
        ((0, 0, 9), "--support 9 is out of range; choose 1..8 neighbours"),
    ],
)
def test_values_out_of_range(values, message):
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        Denoise(*values)


def test_events_outside_the_sensor_stay_and_are_not_seen():
    """As `--defects keep` leaves them, next to the sensor and as far away as can be."""
    inside = [(10, 4, 3, 1), (12, 3, 3, 1)]
    outside = [(11, 5, 3, 1), (13, 0, 4, 1), (14, 65535, 65535, 0)]
    rows = np.array(sorted(inside + outside), EVENT_DTYPE)
    removed = Removed()
    found = list(denoised([rows], (WIDTH, HEIGHT), Denoise(background_us=5, refractory_us=1), removed))
    assert np.concatenate(found).tolist() == sorted([*outside, inside[1]])
    assert removed == Removed(background=1)
    lone = list(denoised([rows], (WIDTH, HEIGHT), Denoise(background_us=5, support=2), removed))
    assert np.concatenate(lone).tolist() == outside


def test_a_sensor_that_takes_all_memory_is_refused():
    message = (
        "a sensor of 65535x65535 pixels has more than the 16,777,216 that can be filtered; pass --sensor WxH"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}"):
        next(denoised([np.empty(0, EVENT_DTYPE)], (65535, 65535), Denoise(1), Removed()))
