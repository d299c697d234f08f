"""Step length and number of steps where the user leaves them to the data set."""

import re

import numpy as np
import pytest

from edge_sast.datasets import time_steps
from edge_sast.datasets.open import open_dataset
from edge_sast.datasets.sources.folder import open_folder
from edge_sast.datasets.time_steps import choose_time_steps
from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.events.recording import make_events
from edge_sast.events.to_bins import bin_recording
from edge_sast.formats.atis import write_recording_atis

REASON = "as 95 % of 40 recordings end within 94.0 ms"


def write(path, last_us, events=5):
    t = np.linspace(0, last_us, events).round().astype(np.int64)
    zero = np.zeros(events, np.int64)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(write_recording_atis(make_events(t, zero, zero, zero)))


@pytest.fixture
def folder(tmp_path):
    """40 recordings of 57 to 96 ms in two classes."""
    for i in range(40):
        write(tmp_path / ("a" if i % 2 else "b") / f"{i:02}.bin", 57_000 + 1000 * i)
    return tmp_path


def chosen(root, **given):
    return choose_time_steps(open_folder(root), "all", **given)


def test_95_per_cent_end_within_20_steps(folder):
    found = chosen(folder)
    assert (found.steps, found.dt_us, found.reason) == (20, 4800, REASON)  # 94,001 µs / 20, two digits
    grid = Binning(34, 34, 0, found.dt_us, found.steps, 1)
    late = [bin_recording(ref.load(), grid).dropped for ref in open_folder(folder).recordings("all")]
    assert sum(n > 0 for n in late) <= 2


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"steps": 5}, (19_000, 5)),
        ({"dt_us": 1000}, (1000, 95)),
        ({"dt_us": 94_001}, (94_001, 1)),
        ({"dt_us": 94_000}, (94_000, 2)),  # an event at 94,000 µs itself
        ({"dt_us": 3, "steps": 4}, (3, 4)),
    ],
)
def test_what_is_given_stays(folder, given, wanted):
    found = chosen(folder, **given)
    assert (found.dt_us, found.steps) == wanted


@pytest.mark.parametrize(
    ("text", "given", "wanted"),
    [
        ("dt_us = 500\nsteps = 4", {}, (500, 4)),
        ("dt_us = 500\nsteps = 4", {"steps": 10}, (200, 10)),  # the time that the set says stays covered
        ("dt_us = 500\nsteps = 4", {"dt_us": 1000}, (1000, 2)),
        ("dt_us = 500\nsteps = 4", {"dt_us": 7, "steps": 3}, (7, 3)),
        ("dt_us = 1000", {}, (1000, 95)),
        ("steps = 5", {}, (19_000, 5)),
    ],
)
def test_the_set_itself_is_asked_first(folder, text, given, wanted):
    (folder / "dataset.toml").write_text(text)
    found = chosen(folder, **given)
    assert (found.dt_us, found.steps) == wanted
    if not given and "steps" in text and "dt_us" in text:
        assert found.reason == "as the data set itself says"


def test_digits_and_windows_are_not_read(folder, monkeypatch):
    monkeypatch.setattr(time_steps, "map_in_order", None)
    found = choose_time_steps(open_dataset("digits"), "train")
    assert (found.dt_us, found.steps) == (30_000, 10)
    windows = open_dataset(folder, window_us=8_111)
    found = choose_time_steps(windows, "train")
    assert (found.dt_us, found.steps, found.reason) == (410, 20, "as every recording lasts 8.111 ms")


def test_of_many_recordings_some_are_read(folder, monkeypatch):
    monkeypatch.setattr(time_steps, "SAMPLE", 10)
    assert chosen(folder).reason.startswith("as 95 % of 10 recordings ")


def test_recordings_without_events_count_nothing(folder):
    for i in range(30):
        write(folder / "a" / f"empty{i}.bin", 0, events=0)
    assert chosen(folder).reason == REASON


def test_single_events_are_one_microsecond(tmp_path):
    write(tmp_path / "a" / "0.bin", 0, events=1)
    assert (chosen(tmp_path).dt_us, chosen(tmp_path).steps) == (1, 20)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"dt_us": 0}, "--dt-us is 0; it must be 1 to 2147483647"),
        ({"steps": 0}, "--steps is 0; it must be 1 to 65535"),
        ({"steps": -3}, "--steps is -3; it must be 1 to 65535"),
        (
            {"dt_us": 1},
            "--data {root}: 94001 µs are 94001 steps of 1 µs; at most 65535 are possible: raise --dt-us, or give "
            "--steps",
        ),
    ],
)
def test_values_that_cannot_be(folder, given, message):
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message.format(root=folder))}$"):
        chosen(folder, **given)


def test_nothing_to_measure(tmp_path):
    write(tmp_path / "a" / "0.bin", 0, events=0)
    message = (
        f"--data {tmp_path}: 1 recordings were looked at, and none has events; give --dt-us and --steps, or check the "
        "files with 'edge-sast data info'"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        chosen(tmp_path)
