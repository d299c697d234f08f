"""Entering a file at an event or a time gives what a whole reading gives from there."""

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.formats import contract
from edge_sast.formats.atis import write_recording_atis
from edge_sast.formats.contract import joined
from edge_sast.formats.registry import read_file
from edge_sast.formats.seek import index_file
from tests.events.oracles import random_recording


@pytest.fixture
def file(tmp_path, monkeypatch):
    events = random_recording(3, events=700).events.copy()
    t = np.random.default_rng(0).integers(0, 1 << 25, len(events))  # with overflow events
    events["t"] = np.sort(t - t % 40_000)  # many at one time
    path = tmp_path / "a.bin"
    path.write_bytes(write_recording_atis(events))
    monkeypatch.setattr(contract, "CHUNK_BYTES", 333)
    return path, read_file(path).events


def test_from_every_event(file):
    path, events = file
    index = index_file(path)
    assert (len(index.places) > 20, index.events) == (True, len(events))
    for number in (0, 1, 65, 66, 67, 333, len(events) - 1, len(events)):
        assert np.array_equal(joined(index.from_event(number)), events[number:])
    with pytest.raises(
        EdgeSastError, match=r"a\.bin: event 701 is out of range 0\.\.700; choose one of these$"
    ):
        next(index.from_event(len(events) + 1))


def test_from_every_time(file):
    path, events = file
    index = index_file(path)
    for t in (
        0,
        1,
        40_000,
        40_001,
        5_000_000,
        int(events["t"][-1]),
        int(events["t"][-1]) + 1,
        *events["t"][::37].tolist(),
    ):
        assert np.array_equal(joined(index.from_time(t)), events[events["t"] >= t])


def test_only_what_is_needed_is_read(file):
    path, events = file
    index = index_file(path)
    first = next(index.from_event(600))
    assert len(first) <= 333 // 5 + 1
    assert first.tolist() == events[600 : 600 + len(first)].tolist()


def test_a_file_without_events(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"")
    index = index_file(tmp_path / "a.bin")
    assert (index.events, list(index.from_event(0)), list(index.from_time(5))) == (0, [], [])


def test_a_format_without_places(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[1, 0, 1, 0]]))
    message = (
        r"a\.npy: .* files cannot be entered in the middle; convert it with 'edge-sast data convert' first$"
    )
    with pytest.raises(EdgeSastError, match=message):
        index_file(tmp_path / "a.npy")
