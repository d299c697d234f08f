import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.events.recording import EVENT_DTYPE, Recording, make_events
from edge_sast.events.to_bins import bin_recording
from tests.events.oracles import random_recording, slow_bins


def assert_equals_oracle(recording, binning):
    indices, counts, step_ptr, dropped = bin_recording(recording, binning)
    want, want_dropped = slow_bins(recording, binning)
    assert indices.dtype == np.int32
    assert counts.dtype == np.uint8
    assert step_ptr.dtype == np.int64
    assert step_ptr[0] == 0
    assert len(step_ptr) == binning.steps + 1
    for step, cells in enumerate(want):
        part = slice(step_ptr[step], step_ptr[step + 1])
        assert list(zip(indices[part].tolist(), counts[part].tolist(), strict=True)) == sorted(cells.items())
    assert dropped == want_dropped
    assert step_ptr[-1] == len(indices) == len(counts)


@given(
    seed=st.integers(0, 1 << 32),
    events=st.integers(0, 300),
    width=st.integers(1, 40),
    height=st.integers(1, 40),
    shift=st.integers(0, 7),
    dt_us=st.integers(1, 40_000),
    steps=st.integers(1, 30),
    cap=st.sampled_from([1, 2, 3, 255]),
)
@settings(deadline=None, max_examples=150)
def test_kernel_equals_the_oracle(seed, events, width, height, shift, dt_us, steps, cap):
    recording = random_recording(seed, events, width, height)
    assert_equals_oracle(recording, Binning(width, height, shift, dt_us, steps, cap))


def test_counts_stop_at_the_cap_of_255():
    n = 700
    zeros = np.zeros(n, np.int64)
    recording = Recording(make_events(zeros, zeros, zeros, zeros + 1), 1, 1, "burst")
    for cap in (1, 254, 255):
        assert bin_recording(recording, Binning(1, 1, 0, 1, 1, cap)).counts.tolist() == [cap]


def test_steps_start_at_the_first_event_and_are_half_open():
    t = np.array([1000, 1009, 1010, 1029, 1030])
    zeros = np.zeros(5, np.int64)
    recording = Recording(make_events(t, np.arange(5), zeros, zeros), 5, 1, "edges")
    binned = bin_recording(recording, Binning(5, 1, 0, 10, 3, 1))
    assert binned.step_ptr.tolist() == [0, 2, 3, 4]
    assert binned.indices.tolist() == [0, 2, 4, 6]
    assert binned.dropped == 1


def test_order_inside_a_step_does_not_matter():
    recording = random_recording(5, 300)
    binning = Binning(34, 34, 1, 100_000, 1, 3)
    shuffled = np.random.default_rng(0).permutation(recording.events)
    shuffled["t"] = 0
    other = bin_recording(Recording(shuffled, 34, 34, "shuffled"), binning)
    assert np.array_equal(bin_recording(recording, binning).indices, other.indices)
    assert np.array_equal(bin_recording(recording, binning).counts, other.counts)


def test_empty_recording_has_no_spikes():
    indices, counts, step_ptr, dropped = bin_recording(
        Recording(np.empty(0, EVENT_DTYPE), 4, 4, "empty"), Binning(4, 4, 0, 10, 3, 1)
    )
    assert (len(indices), len(counts), step_ptr.tolist(), dropped) == (0, 0, [0, 0, 0, 0], 0)


def test_sizes_round_up():
    binning = Binning(34, 33, 3, 1000, 10, 1)
    assert (binning.width, binning.height, binning.channels, binning.neurons) == (5, 5, 2, 50)


@pytest.mark.parametrize(
    ("field", "value", "low", "high"),
    [
        ("shift", 8, 0, 7),
        ("dt_us", 0, 1, 2147483647),
        ("steps", 65536, 1, 65535),
        ("steps", 1.5, 1, 65535),
        ("count_cap", 256, 1, 255),
    ],
)
def test_bad_binning_is_named(field, value, low, high):
    given_values = {"shift": 0, "dt_us": 1, "steps": 1, "count_cap": 1, field: value}
    message = f"binning: {field}={value} is out of range; choose a whole number {low}..{high}"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        Binning(34, 34, **given_values)


def test_huge_sensor_needs_a_shift():
    message = "binning: 65536x65536x2 inputs do not fit 31 bits; raise shift=0"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        Binning(65536, 65536, 0, 1, 1, 1)


def test_another_sensor_is_refused():
    message = (
        "random 1: sensor 34x34 is not the binning's 24x24; pass --sensor WxH or use recordings of one sensor"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        bin_recording(random_recording(1), Binning(24, 24, 0, 1, 1, 1))
