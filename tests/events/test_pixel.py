import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.events.pixel import SMALLEST_THRESHOLD, PixelModel

QUIET = PixelModel(noise_hz=0.0)


def slow_pixel(levels, frame_us, on, off, refractory_us):
    """One pixel, advanced from one possible event to the next along the piecewise linear signal: (t, p)."""
    end = (len(levels) - 1) * frame_us
    knots = np.arange(len(levels)) * frame_us

    def signal(t):
        return float(np.interp(t, knots, levels))

    now, reference, found = 0.0, levels[0], []
    while True:
        crossings = []
        for f in range(1, len(levels)):
            begin, stop = (f - 1) * frame_us, f * frame_us
            rise = levels[f] - levels[f - 1]
            for p, target in ((1, reference + on), (0, reference - off)):
                if (
                    rise
                    and min(levels[f - 1 : f + 1]) <= target <= max(levels[f - 1 : f + 1])
                    and (rise > 0) == p
                ):
                    at = begin + (target - levels[f - 1]) / rise * frame_us
                    if at >= now and begin <= at <= stop:
                        crossings.append((at, p))
        if not crossings:
            return found
        at, p = min(crossings)
        found.append((int(at), p))
        now = at + refractory_us
        if now >= end:
            return found
        reference = signal(now)


@given(
    levels=st.lists(st.floats(0.0, 2.5), min_size=2, max_size=12),
    on=st.floats(0.05, 1.0),
    off=st.floats(0.05, 1.0),
    refractory_us=st.integers(1, 3000),
)
@settings(deadline=None, max_examples=200)
def test_one_pixel_equals_the_oracle(levels, on, off, refractory_us):
    model = PixelModel(refractory_us=refractory_us, noise_hz=0.0)
    frames = np.array(levels).reshape(-1, 1, 1)
    got = model.record(frames, 1000, np.array([off, on]).reshape(2, 1, 1), np.random.default_rng(0))
    want = slow_pixel(levels, 1000, on, off, refractory_us)
    assert [int(p) for p in got["p"]] == [p for _, p in want]
    assert all(abs(int(t) - w) <= 1 for t, (w, _) in zip(got["t"], want, strict=True))


def test_ramp_fires_at_equal_distances():
    frames = np.linspace(0.0, 1.05, 11).reshape(-1, 1, 1)  # 0.105 a frame of 1000 µs
    events = PixelModel(refractory_us=0, noise_hz=0.0).record(
        frames, 1000, np.full((2, 1, 1), 0.21), np.random.default_rng(0)
    )
    assert [abs(int(t) - 2000 * (k + 1)) <= 1 for k, t in enumerate(events["t"])] == [True] * len(events)
    assert len(events) in (4, 5)  # the fifth crossing lies on the very end
    assert set(events["p"].tolist()) == {1}


def test_events_are_ordered_and_on_the_array():
    rng = np.random.default_rng(3)
    frames = rng.uniform(0, 2, (20, 4, 6))
    events = PixelModel(noise_hz=50.0).record(frames, 1000, QUIET.draw_thresholds(4, 6, rng), rng)
    assert len(events) > 50
    assert np.array_equal(
        np.lexsort((events["p"], events["x"], events["y"], events["t"])), np.arange(len(events))
    )
    assert events["x"].max() < 6
    assert events["y"].max() < 4
    assert events["t"].max() < 19_000


def test_noise_has_its_rate():
    still = np.zeros((1001, 8, 8))
    noise = PixelModel(noise_hz=20.0).record(still, 1000, np.ones((2, 8, 8)), np.random.default_rng(0))
    mean = 20.0 * 64
    assert abs(len(noise) - mean) < 4 * math.sqrt(mean)
    assert len(QUIET.record(still, 1000, np.ones((2, 8, 8)), np.random.default_rng(0))) == 0


def test_mismatch_is_gaussian_and_clipped():
    drawn = PixelModel(mismatch=0.03).draw_thresholds(100, 100, np.random.default_rng(0))
    assert drawn.shape == (2, 100, 100)
    assert abs(drawn.std() - 0.03) < 0.001
    assert (
        PixelModel(mismatch=1.0).draw_thresholds(50, 50, np.random.default_rng(0)).min() == SMALLEST_THRESHOLD
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"threshold_on": 0.0}, "pixel model: threshold_on=0.0 is out of range; choose at least 0.02"),
        ({"noise_hz": -1.0}, "pixel model: noise_hz=-1.0 is out of range; choose at least 0.0"),
        ({"mismatch": math.nan}, "pixel model: mismatch=nan is out of range; choose at least 0.0"),
    ],
)
def test_bad_parameters_are_named(values, message):
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        PixelModel(**values)
