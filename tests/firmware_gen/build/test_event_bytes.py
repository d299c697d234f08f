"""Events as the sensor sent them, as bytes: against struct, event by event."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from edge_sast.events.binning import Binning
from edge_sast.events.recording import Recording, make_events
from edge_sast.events.to_bins import bin_recording
from firmware_gen.build.event_bytes import sent_step_bytes, stream_bytes, within_steps

BINNING = Binning(34, 30, 1, 1000, 4, 1)
START = 5_000_000_123  # µs, beyond 32 bits


def events(count: int = 300) -> np.ndarray:
    """In five steps' time, many of them at the same few pixels."""
    rng = np.random.default_rng(3)
    t = np.sort(rng.integers(0, 5000, count))
    t[:3] = 0, 999, 1000
    return make_events(
        START + np.sort(t), rng.integers(0, 5, count), rng.integers(25, 30, count), rng.integers(0, 2, count)
    )


@pytest.mark.parametrize("count", [300, 1, 0])
def test_every_event_is_in_its_step(count):
    given = events()[:count]
    steps = [[] for _ in range(4)]
    for e in given:
        step = (int(e["t"]) - START) // 1000
        if step < 4:
            steps[step].append(struct.pack("<HHB", int(e["x"]), int(e["y"]), int(e["p"])))
    want = [struct.pack("<I", len(step)) + b"".join(step) for step in steps]
    assert sent_step_bytes(given, BINNING) == want
    kept = within_steps(given, BINNING)
    assert (
        len(kept) == sum(map(len, steps)) == len(given) - bin_recording(as_recording(given), BINNING).dropped
    )
    want = [struct.pack("<IHHB3x", int(e["t"]) - START, *map(int, (e["x"], e["y"], e["p"]))) for e in kept]
    assert stream_bytes(kept) == b"".join(want)


def as_recording(given: np.ndarray) -> Recording:
    return Recording(given, 34, 30, "r")
