"""Files of the same 1,240 events in every form, and real recordings; see docs/data.md for where they are looked for."""

import csv

import numpy as np
import pytest

from edge_sast.events.recording import make_events
from edge_sast.formats.registry import read_file
from tests.formats.test_real_recordings import need

MADE = (
    "evt2.raw", "evt2_mixed.raw", "evt2_wrap.raw", "evt21_little.raw", "evt21_legacy.raw", "evt3.raw", "evt3_mixed.raw",
    "evutils_evt3.raw", "faery_evt2_t0.raw", "faery_evt3_t0.raw", "cd.dat", "faery_t0.dat",
)  # fmt: skip


@pytest.mark.parametrize("name", MADE)
def test_a_made_file_holds_the_events(name):
    with open(need("formats/made/events.csv"), newline="") as rows:
        table = np.array([[int(row[key]) for key in "txyp"] for row in csv.DictReader(rows)])
    want = make_events(*table.T)
    if name == "evt2_wrap.raw":
        want["t"] += 2**34 - 2**24
    recording = read_file(need(f"formats/made/{name}"))
    assert (recording.width, recording.height) == (240, 180)
    assert np.array_equal(recording.events, want)


def test_a_recording_without_a_header():
    """The words of a camera, EVT2 by their structure; counts as an independent reader has them."""
    events = read_file(need("formats/sample_evt2.raw"), (640, 480)).events
    assert len(events) == 119_317
    assert events[0].tolist() == (963_215, 109, 129, 0)
    assert events[-1].tolist() == (3_910_802, 230, 314, 0)


def test_n_cars():
    events = read_file(need("formats/sample_ncars.dat"), (304, 240)).events
    assert len(events) == 2_009
    assert events[0].tolist() == (0, 25, 8, 0)
    assert 99_000 < events[-1]["t"] < 100_000
