import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.datasets.load import load_binned
from edge_sast.datasets.open import open_dataset
from edge_sast.datasets.sources.folder import open_folder
from edge_sast.errors import EdgeSastError
from edge_sast.evaluation.corrupt import CORRUPTIONS, MAX_SEVERITY, corrupt, corrupted
from edge_sast.events.binning import Binning
from edge_sast.events.recording import EVENT_DTYPE, Recording
from edge_sast.formats.atis import write_recording_atis
from tests.events.oracles import random_recording, write_classes
from tests.formats.test_real_recordings import need

WIDTH, HEIGHT = 40, 30
SENSOR = (WIDTH, HEIGHT)
SEVERITIES = range(1, MAX_SEVERITY + 1)


def recording(seed=1, events=20_000, last_us=300_000):
    return random_recording(seed, events, WIDTH, HEIGHT, last_us).events.copy()


def run(kind, severity, events, seed=0):
    return corrupt(events, kind, severity, SENSOR, np.random.default_rng(seed))


def value(kind, severity):
    return CORRUPTIONS[kind].values[severity - 1]


def as_set(events):
    return set(events.tolist())


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(CORRUPTIONS)),
    st.integers(0, MAX_SEVERITY),
    st.integers(0, 60),
    st.integers(1, 400_000),
    st.integers(0, 1 << 20),
)
def test_events_stay_valid_and_results_repeat(kind, severity, count, last_us, seed):
    events = random_recording(seed, count, WIDTH, HEIGHT, last_us).events
    before = events.tolist()
    got = run(kind, severity, events, seed)
    Recording(got, WIDTH, HEIGHT, kind)  # refuses what is out of order or range
    assert events.tolist() == before
    assert (len(got) > 0) == (count > 0)
    assert np.array_equal(got, run(kind, severity, events, seed))
    if severity == 0:
        assert got.tolist() == before


@pytest.mark.parametrize("kind", sorted(CORRUPTIONS))
def test_values_are_five_and_grow_or_shrink(kind):
    steps = np.diff(CORRUPTIONS[kind].values)
    assert len(steps) == MAX_SEVERITY - 1
    assert (steps > 0).all() or (steps < 0).all()


@pytest.mark.parametrize("kind", sorted(CORRUPTIONS))
def test_a_lone_event_stays(kind):
    events = recording(events=1)
    for severity in SEVERITIES:
        assert len(run(kind, severity, events)) == 1


@pytest.mark.parametrize("severity", SEVERITIES)
def test_event_drop(severity):
    events = recording()
    left = run("event_drop", severity, events)
    q = value("event_drop", severity)
    assert abs(len(left) - (1 - q) * len(events)) < 5 * np.sqrt(q * (1 - q) * len(events))
    assert as_set(left) <= as_set(events)
    if severity > 1:  # nested: what stays at a high severity stays at a lower one
        assert as_set(left) <= as_set(run("event_drop", severity - 1, events))


@pytest.mark.parametrize("severity", SEVERITIES)
def test_background_noise(severity):
    events = recording()
    noisy = run("background_noise", severity, events)
    added = _difference(noisy, events)
    seconds = (events["t"][-1] - events["t"][0]) * 1e-6
    expected = value("background_noise", severity) * WIDTH * HEIGHT * seconds
    assert abs(len(added) - expected) < 5 * np.sqrt(expected)
    middle = (events["t"][0] + events["t"][-1]) / 2
    half = 0.5 * len(added)
    for part in (added["t"] < middle, added["p"] == 1, added["x"] < WIDTH // 2, added["y"] < HEIGHT // 2):
        assert abs(part.sum() - half) < 5 * np.sqrt(half / 2)
    assert added["t"].min() >= events["t"][0]
    assert added["t"].max() <= events["t"][-1]


@pytest.mark.parametrize("severity", SEVERITIES)
def test_hot_pixels(severity):
    events = recording()
    added = _difference(run("hot_pixels", severity, events), events)
    pixels = np.unique(added["y"].astype(int) * WIDTH + added["x"])
    assert len(pixels) == max(1, round(value("hot_pixels", severity) * WIDTH * HEIGHT))
    assert added["p"].all()
    expected = 100 * len(pixels) * (events["t"][-1] - events["t"][0]) * 1e-6
    assert abs(len(added) - expected) < 5 * np.sqrt(expected)
    if severity > 1:
        fewer = _difference(run("hot_pixels", severity - 1, events), events)
        assert set(fewer["y"].astype(int) * WIDTH + fewer["x"]) <= set(pixels)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_time_jitter(severity):
    events = recording()
    # Every event carries its own number in place of its pixel, so that it can be found again.
    events["x"], events["y"] = np.arange(len(events)) % 4096, np.arange(len(events)) // 4096
    jittered = corrupt(events, "time_jitter", severity, (4096, 4096), np.random.default_rng(0))
    order = np.argsort(jittered["y"].astype(int) * 4096 + jittered["x"])
    moved = jittered["t"][order] - events["t"]
    sigma = value("time_jitter", severity)
    inner = (events["t"] > 2.5 * sigma) & (events["t"] < events["t"][-1] - 2.5 * sigma)
    assert moved[inner].std() == pytest.approx(sigma, rel=0.05)
    assert abs(moved[inner].mean()) < 5 * sigma / np.sqrt(inner.sum())
    assert jittered["t"].min() >= events["t"][0]
    assert jittered["t"].max() <= events["t"][-1]
    # Uniform times stay uniform: nothing piles up at the ends.
    tenths = np.histogram(jittered["t"], 10)[0]
    assert np.abs(tenths - len(events) / 10).max() < 6 * np.sqrt(len(events) / 10)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_spatial_jitter(severity):
    events = recording()
    events["x"], events["y"] = 20, 15
    moved = run("spatial_jitter", severity, events)
    sigma = value("spatial_jitter", severity)
    assert len(moved) == len(events)  # 5 sigma from the border
    assert np.array_equal(moved["t"], events["t"])
    assert np.array_equal(moved["p"], events["p"])
    for axis, centre in (("x", 20), ("y", 15)):
        spread = moved[axis].astype(float) - centre
        # Rounding to whole pixels adds a variance of about 1/12; at sigma 0.5 it is exact to 3 %.
        assert spread.var() == pytest.approx(sigma**2 + 1 / 12, rel=0.06)
    events["x"] = 0
    assert len(run("spatial_jitter", severity, events)) < 0.9 * len(events)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_polarity_flip(severity):
    events = recording()
    flipped = run("polarity_flip", severity, events)
    for field in "txy":
        assert np.array_equal(flipped[field], events[field])
    changed = flipped["p"] != events["p"]
    q = value("polarity_flip", severity)
    assert abs(changed.sum() - q * len(events)) < 5 * np.sqrt(q * (1 - q) * len(events))
    if severity > 1:
        fewer = run("polarity_flip", severity - 1, events)["p"] != events["p"]
        assert not (fewer & ~changed).any()


@pytest.mark.parametrize("severity", SEVERITIES)
def test_dead_rows(severity):
    events = recording()
    left = run("dead_rows", severity, events)
    dead = set(range(HEIGHT)) - set(left["y"].tolist())
    assert len(dead) == max(1, round(value("dead_rows", severity) * HEIGHT))
    assert left.tolist() == [event for event in events.tolist() if event[2] not in dead]
    if severity > 1:
        before = set(range(HEIGHT)) - set(run("dead_rows", severity - 1, events)["y"].tolist())
        assert before <= dead


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("kind", ["speed_up", "slow_down"])
def test_time_scales(kind, severity):
    events = recording()
    scaled = run(kind, severity, events)
    first = int(events["t"][0])
    want = [first + int(float(t - first) * value(kind, severity)) for t in events["t"].tolist()]
    assert scaled["t"].tolist() == want
    for field in "xyp":
        assert np.array_equal(scaled[field], events[field])
    assert (value(kind, severity) < 1) == (kind == "speed_up")


@pytest.mark.parametrize("severity", SEVERITIES)
def test_shortened(severity):
    events = recording()
    left = run("shortened", severity, events)
    assert np.array_equal(left, events[: len(left)])
    part = (left["t"][-1] - left["t"][0]) / (events["t"][-1] - events["t"][0])
    assert part == pytest.approx(value("shortened", severity), abs=0.01)


def test_where_nothing_would_be_left_the_first_event_stays():
    events = recording(events=50)
    events["y"] = 3
    found = 0
    for seed in range(40):
        left = run("dead_rows", 5, events, seed)
        assert len(left) in (1, 50)
        if len(left) == 1:
            assert left[0] == events[0]
            found += 1
    assert 5 < found < 35


def test_empty_recordings_stay_empty():
    for kind in CORRUPTIONS:
        assert len(run(kind, 5, np.zeros(0, EVENT_DTYPE))) == 0


def test_mistakes_are_one_line(tmp_path):
    events = recording(events=5)
    message = f"corruption 'rain' is unknown; choose one of {', '.join(CORRUPTIONS)}"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        run("rain", 1, events)
    for bad in (-1, 6, 1.5):
        message = f"corruption event_drop: severity {bad} is out of range; choose 0..5"
        with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
            run("event_drop", bad, events)
    write_classes(tmp_path, {"a": 1})
    message = "corruption: seed=-1 is out of range; choose a whole number from 0 on"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        corrupted(open_folder(tmp_path), "event_drop", 1, -1)
    with pytest.raises(EdgeSastError, match=r"^corruption 'rain' is unknown"):
        corrupted(open_folder(tmp_path), "rain", 1, 0)


def test_a_corrupted_data_set_differs_in_its_events_alone(tmp_path):
    for split in ("train", "test"):
        write_classes(tmp_path / split, {"a": 3, "b": 2})
    (tmp_path / "dataset.toml").write_text("steps = 3")
    clean = open_folder(tmp_path)
    dirty = corrupted(clean, "background_noise", 5, 7)
    assert (dirty.classes, dirty.sensor, dirty.splits) == (clean.classes, clean.sensor, clean.splits)
    assert dirty.time.steps == 3
    assert dirty.name == f"{tmp_path} (background_noise 5)"
    for index, (ref, want) in enumerate(zip(dirty.recordings("test"), clean.recordings("test"), strict=True)):
        assert (ref.source, ref.label) == (want.source, want.label)
        got = ref.load()
        assert got.source == want.source
        assert len(got) > len(want.load())
        assert np.array_equal(got.events, dirty.recordings("test")[index].load().events)
    same = [corrupted(clean, "event_drop", 3, seed).recordings("test")[0].load().events for seed in (0, 0, 1)]
    assert np.array_equal(same[0], same[1])
    assert not np.array_equal(same[0], same[2])
    assert dirty.only("test").splits == ("test",)


def test_recordings_draw_independently(tmp_path):
    (tmp_path / "a").mkdir()
    for name in ("0.bin", "1.bin"):  # the same events twice
        (tmp_path / "a" / name).write_bytes(write_recording_atis(random_recording(1).events))
    first, second = (
        ref.load().events for ref in corrupted(open_folder(tmp_path), "event_drop", 3, 0).recordings("all")
    )
    assert not np.array_equal(first, second)


def test_the_cache_keeps_clean_and_corrupted_apart(tmp_path):
    write_classes(tmp_path / "set", {"a": 3, "b": 2})
    clean = open_folder(tmp_path / "set")
    binning = Binning(34, 34, 0, 10_000, 9, 2)
    sets = [
        clean,
        *(corrupted(clean, kind, severity, 0) for kind in CORRUPTIONS for severity in (1, 5)),
        corrupted(clean, "event_drop", 1, 1),
    ]
    cache = tmp_path / "cache"
    first = [load_binned(data, "all", binning, cache_dir=cache) for data in sets]
    assert len(list(cache.iterdir())) == len(sets)
    again = [load_binned(data, "all", binning, cache_dir=cache) for data in sets]
    fresh = [load_binned(data, "all", binning, cache_dir=tmp_path / "no", cached=False) for data in sets]
    digests = [binned.digest() for binned in first]
    assert [binned.digest() for binned in again] == digests
    assert [binned.digest() for binned in fresh] == digests
    assert (
        len(set(digests)) >= len(sets) - 2
    )  # slight jitter may leave the bins of so few events as they were
    assert not (tmp_path / "no").exists()
    assert all(np.array_equal(binned.labels, first[0].labels) for binned in first)


def test_limit_does_not_change_what_a_recording_draws(tmp_path):
    write_classes(tmp_path / "set", {"a": 3, "b": 3})
    data = corrupted(open_folder(tmp_path / "set"), "spatial_jitter", 4, 3)
    binning = Binning(34, 34, 0, 10_000, 9, 2)
    whole = load_binned(data, "all", binning, cached=False)
    part = load_binned(data, "all", binning, cached=False, limit=4)
    rows = [whole.sources.index(source) for source in part.sources]
    assert whole.select(rows).digest() == part.digest()


def test_windows_of_real_recordings():
    clean = open_dataset(need("dvs128_objects"), window_us=300_000)
    binning = Binning(128, 128, 2, 30_000, 10, 1)
    sizes = [
        len(load_binned(corrupted(clean, "event_drop", severity, 0), "test", binning, cached=False).indices)
        for severity in range(MAX_SEVERITY + 1)
    ]
    assert all(later < earlier for earlier, later in pairwise(sizes))


def _difference(noisy, events):
    """The events that were added; `events` must all still be there, in their order."""
    keys = [np.unique(part, return_counts=True) for part in (noisy, events)]
    counts = dict(zip(keys[0][0].tolist(), keys[0][1].tolist(), strict=True))
    for event, count in zip(keys[1][0].tolist(), keys[1][1].tolist(), strict=True):
        counts[event] -= count
        assert counts[event] >= 0
    rows = [event for event, count in counts.items() for _ in range(count)]
    return np.array(rows, EVENT_DTYPE)
