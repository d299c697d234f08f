"""Corrupted recordings are those of the data set corrupted as a whole, and the suite's figures their accuracies."""

from pathlib import Path

import numpy as np
import pytest

from edge_sast.datasets.load import load_binned
from edge_sast.datasets.open import open_dataset
from edge_sast.errors import EdgeSastError
from edge_sast.evaluation.corrupt import CORRUPTIONS, corrupt, corrupted
from edge_sast.evaluation.robustness import Suite
from edge_sast.events.binning import Binning
from edge_sast.formats.atis import write_recording_atis
from edge_sast.formats.registry import read_file
from tests.cli.recordings import DT_US, SIDE, STEPS, write_lines

GRID = Binning(SIDE, SIDE, 0, DT_US, STEPS, 1)


@pytest.fixture
def lines(tmp_path):
    return write_lines(tmp_path / "lines", {"train": 4, "test": 3})


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_some_recordings_are_corrupted_as_in_the_whole_split(lines, kind):
    dataset = open_dataset(str(lines))
    clean = load_binned(dataset, "train", GRID, cached=False)
    rows = np.array([7, 2, 11])
    found = Suite(seed=4).recordings(dataset, "train", clean.select(rows), kind, 3)
    whole = load_binned(corrupted(dataset, kind, 3, 4), "train", GRID, cached=False)
    assert found.digest() == whole.select(rows).digest()
    assert found.sources == tuple(clean.sources[row] for row in rows)


def test_labels_are_those_of_the_clean_recordings(lines):
    dataset = open_dataset(str(lines))
    clean = load_binned(dataset, "test", GRID, cached=False)
    renamed = type(clean)(
        **{**vars(clean), "labels": 3 - clean.labels, "classes": ("x", "row", "column", "d")}
    )
    found = Suite().recordings(dataset, "test", renamed, "event_drop", 1)
    assert (found.labels == renamed.labels).all()
    assert found.classes == renamed.classes


def test_figures_are_accuracies_of_recordings_corrupted_before(lines, tmp_path):
    """The same faults written to files, event by event, and read back."""
    dataset = open_dataset(str(lines))
    clean = load_binned(dataset, "test", GRID, cached=False)

    def accuracy(binned):
        return float((binned.dense(np.arange(len(binned))).sum((1, 2, 3, 4)) % 3 == binned.labels).mean())

    suite = Suite(("event_drop", "dead_rows"), (1, 4), 9)
    found = suite.measure(dataset, "test", clean, accuracy)
    for kind, each in found["kinds"].items():
        for severity, told in zip((1, 4), each["accuracy"], strict=True):
            root = tmp_path / f"{kind}-{severity}"
            for i, name in enumerate(clean.sources):
                recording = read_file(Path(name), None)
                rng = np.random.default_rng((0xC0, 9, i))
                events = corrupt(recording.events, kind, severity, (SIDE, SIDE), rng)
                target = root / Path(name).relative_to(lines)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(write_recording_atis(events))
            assert told == accuracy(load_binned(open_dataset(str(root)), "test", GRID, cached=False))
        assert each["mean"] == pytest.approx(np.mean(each["accuracy"]))
    assert found["mean"] == pytest.approx(np.mean([each["mean"] for each in found["kinds"].values()]))
    assert found["clean"] == accuracy(clean)
    assert (found["severities"], found["seed"]) == ([1, 4], 9)


def test_an_unknown_kind_is_refused(lines):
    dataset = open_dataset(str(lines))
    clean = load_binned(dataset, "test", GRID, cached=False)
    with pytest.raises(EdgeSastError, match="corruption 'rain' is unknown"):
        Suite().recordings(dataset, "test", clean, "rain", 1)
