"""A census beside plain counting, whatever the chunks."""

import tracemalloc

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge_sast.events.census import MOST_SIDE, RATE_BINS, Census
from edge_sast.events.recording import EVENT_DTYPE

ROWS = st.lists(
    st.tuples(st.integers(0, 5000), st.integers(0, 9), st.integers(0, 6), st.integers(0, 1)),
    min_size=1,
    max_size=60,
)


@settings(max_examples=200)
@example(rows=[(1, 0, 0, 0), (0, 0, 0, 0), (512, 0, 0, 0)], cuts=[2], begin=0, back=True)
@given(
    rows=ROWS,
    cuts=st.lists(st.integers(0, 60), max_size=4),
    begin=st.sampled_from([0, 1 << 40]),
    back=st.booleans(),
)
def test_counts_are_those_of_all_events(rows, cuts, begin, back):
    """back: time steps back, also before the first event."""
    rows = [(t + begin, x, y, p) for t, x, y, p in (rows if back else sorted(rows))]
    census = Census()
    for chunk in np.split(np.array(rows, EVENT_DTYPE), sorted(min(cut, len(rows)) for cut in cuts)):
        census.add(chunk)
    times = [row[0] for row in rows]
    assert (census.events, census.on) == (len(rows), sum(row[3] for row in rows))
    assert (census.first_us, census.least_us, census.last_us) == (times[0], min(times), max(times))
    assert census.duration_us == max(times) - min(times)
    assert census.per_pixel.shape == (max(row[2] for row in rows) + 1, max(row[1] for row in rows) + 1)
    for y, x in np.ndindex(census.per_pixel.shape):
        assert census.per_pixel[y, x] == sum(row[1:3] == (x, y) for row in rows)
    assert 0 <= min(times) - census.begin_us < census.bin_us
    assert (census.begin_us - times[0]) % census.bin_us == 0
    assert back or census.begin_us == times[0]
    assert max(times) - census.begin_us < census.bin_us * RATE_BINS
    bins = [0] * RATE_BINS
    for t in times:
        bins[(t - census.begin_us) // census.bin_us] += 1
    assert census.per_bin.tolist() == bins
    assert np.allclose(census.rates().sum() * census.bin_us * 1e-6, len(rows))


def test_a_pixel_that_fires_by_itself_is_hot_and_an_edge_is_not():
    per_pixel = np.full((5, 6), 3)
    per_pixel[:, 0] = 400  # an edge at the border that moves
    per_pixel[3, 4] = 70
    per_pixel[1, 3] = 61
    per_pixel[1, 5] = 60  # 20 times its neighbours, not more
    rows = [(0, x, y, 1) for y, x in np.ndindex(per_pixel.shape) for _ in range(per_pixel[y, x])]
    census = Census()
    census.add(np.array(rows, EVENT_DTYPE))
    assert census.hot_pixels(20).tolist() == [[4, 3, 70], [3, 1, 61]]
    assert len(Census().hot_pixels(20)) == 0


def test_a_damaged_event_far_outside_takes_no_memory():
    """65,536 x 65,536 counts would be 34 GB."""
    events = np.array([(5, 3, 2, 1), (6, 65535, 65535, 0), (7, 3, 65535, 1), (8, 3, 2, 1)], EVENT_DTYPE)
    for census in (Census(), Census.of_sensor((65535, 65535)), Census.of_sensor((9, 9))):
        census.add(events)
        assert (census.events, census.on, census.last_pixel) == (4, 3, (65535, 65535))
        assert census.per_pixel.shape == (MOST_SIDE, MOST_SIDE)
        assert census.per_pixel[2, 3] == census.per_pixel.sum() == 2
        assert census.hot_pixels(1).tolist() == [[3, 2, 2]]


@settings(max_examples=50)
@given(
    seed=st.integers(0, 1000),
    factor=st.integers(1, 4),
    shape=st.sampled_from([(1, 1), (1, 5), (4, 3), (9, 8)]),
)
def test_hot_pixels_are_their_definition(seed, factor, shape):
    per_pixel = np.random.default_rng(seed).poisson(2, shape) ** 2
    padded = np.pad(per_pixel, 1, mode="edge")
    want = []
    for y, x in np.ndindex(shape):
        around = np.delete(padded[y : y + 3, x : x + 3].ravel(), 4)
        if per_pixel[y, x] > factor * max(float(np.median(around)), 1):
            want.append((-per_pixel[y, x], y, x))
    found = Census(events=1, per_pixel=per_pixel).hot_pixels(factor).tolist()
    assert found == [[x, y, -count] for count, y, x in sorted(want)]


def test_hot_pixels_take_little_memory():
    """A sensor of 1280x720 of which every pixel could be one: eight neighbours at once would be 59 MB, and more."""
    census = Census(events=1, per_pixel=np.full((720, 1280), 50))
    census.hot_pixels(20)
    tracemalloc.start()
    census.hot_pixels(20)
    assert tracemalloc.get_traced_memory()[1] < 8_000_000
    tracemalloc.stop()
