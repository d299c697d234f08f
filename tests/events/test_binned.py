import dataclasses
import re

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.events.binning import Binning
from edge_sast.events.to_bins import bin_recording
from tests.events.oracles import random_recording, slow_bins

BINNING = Binning(34, 30, 1, 10_000, 4, 3)


def binned(seeds, classes=("a", "b"), events=150):
    rows = [bin_recording(random_recording(seed, events, 34, 30), BINNING) for seed in seeds]
    offsets = np.cumsum([0] + [len(row.indices) for row in rows])
    return BinnedEvents(
        BINNING,
        np.concatenate([row.indices for row in rows]),
        np.concatenate([row.counts for row in rows]),
        np.concatenate(
            [[0], *(row.step_ptr[1:] + offset for row, offset in zip(rows, offsets, strict=False))]
        ),
        np.arange(len(rows), dtype=np.int64) % 2,
        classes,
        tuple(f"r{seed}" for seed in seeds),
        np.array([row.dropped for row in rows], np.int64),
    )


def slow_dense(seed):
    out = np.zeros((4, BINNING.neurons), np.uint8)
    for step, cells in enumerate(slow_bins(random_recording(seed, 150, 34, 30), BINNING)[0]):
        for neuron, count in cells.items():
            out[step, neuron] = count
    return out.reshape(4, BINNING.height, BINNING.width, 2)


def test_dense_equals_the_oracle_in_any_order():
    data = binned([3, 4, 5])
    dense = data.dense(np.array([2, 0, 2]))
    assert dense.dtype == np.uint8
    assert dense.shape == (3, 4, 15, 17, 2)
    for row, seed in zip(dense, (5, 3, 5), strict=True):
        assert np.array_equal(row, slow_dense(seed))


def test_select_keeps_everything_of_a_recording():
    data = binned([3, 4, 5])
    chosen = data.select([2, 1])
    assert len(chosen) == 2
    assert chosen.sources == ("r5", "r4")
    assert chosen.labels.tolist() == [0, 1]
    assert chosen.dropped.tolist() == data.dropped[[2, 1]].tolist()
    assert np.array_equal(chosen.dense([0, 1]), data.dense([2, 1]))


def test_nothing_selected_is_an_empty_set():
    data = binned([3])
    assert len(data.select([])) == 0
    assert data.dense([]).shape == (0, 4, 15, 17, 2)


def test_concatenate_is_the_inverse_of_select():
    data = binned([3, 4, 5])
    joined = BinnedEvents.concatenate([data.select([0, 1]), data.select([2])])
    for field in ("indices", "counts", "step_ptr", "labels", "dropped"):
        assert np.array_equal(getattr(joined, field), getattr(data, field))
        assert getattr(joined, field).dtype == getattr(data, field).dtype
    assert joined.sources == data.sources


def test_concatenate_refuses_other_classes():
    with pytest.raises(
        EdgeSastError, match=r"^concatenate: .* with 3 classes does not match .* bin both sets in the"
    ):
        BinnedEvents.concatenate([binned([1]), binned([2], ("a", "b", "c"))])
    with pytest.raises(EdgeSastError, match=r"^concatenate: 0 sets given; give at least one$"):
        BinnedEvents.concatenate([])


@pytest.mark.parametrize("position", [3, -1])
def test_positions_are_checked(position):
    message = "positions int64[1] are not integers in 0..2; pass a one-dimensional list of positions"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        binned([3, 4, 5]).dense([position])


def changed(field, index, value):
    data = binned([3])
    array = getattr(data, field).copy()
    array[index] = value
    return {field: array}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (changed("indices", 0, 509), "indices entry 1 "),
        (changed("indices", 0, -1), "indices entry 0 (-1, count "),
        (changed("counts", 2, 4), "indices entry 2 "),
        (changed("step_ptr", 1, 10**6), "step_ptr decreases"),
        (changed("step_ptr", -1, 7), "step_ptr ends at 7 for "),
        (changed("labels", 0, 2), "labels reach 2..2 for 2 classes"),
        ({"counts": np.zeros(3, np.int64)}, "counts is int64[3], not one-dimensional uint8"),
        ({"sources": ()}, "step_ptr has 5 entries for 1 recordings, 0 sources"),
    ],
)
def test_contradictions_are_refused(change, message):
    with pytest.raises(
        EdgeSastError, match=f"^binned events: {re.escape(message)}.*; bin the recordings again$"
    ):
        dataclasses.replace(binned([3]), **change)


def test_capped_counts_are_those_of_a_smaller_cap():
    recordings = [random_recording(seed, 3000, 34, 30) for seed in (1, 2)]
    all_of_them = binned((1, 2), events=3000)
    assert all_of_them.counts.max() == 3
    for cap in (1, 2, 3):
        found = all_of_them.capped(cap)
        grid = dataclasses.replace(BINNING, count_cap=cap)
        assert found.binning == grid
        rows = [bin_recording(recording, grid) for recording in recordings]
        np.testing.assert_array_equal(found.counts, np.concatenate([row.counts for row in rows]))
        np.testing.assert_array_equal(found.indices, np.concatenate([row.indices for row in rows]))
    with pytest.raises(EdgeSastError, match="count_cap is 4, but the events were counted up to 3 only"):
        binned((1,)).capped(4)


def test_the_digest_tells_recordings_apart():
    replace = dataclasses.replace
    first = binned((0, 1, 2))
    assert first.digest() == binned((0, 1, 2)).digest() == first.select([0, 1, 2]).digest()
    others = [
        first.select([0, 1]),
        first.select([1, 0, 2]),
        replace(first, binning=replace(first.binning, dt_us=first.binning.dt_us + 1)),
        replace(first, labels=1 - first.labels),
    ]
    assert len({other.digest() for other in [first, *others]}) == 5
    assert replace(first, sources=("x", "y", "z")).digest() == first.digest()


def test_the_digest_is_the_same_on_every_machine():
    assert binned((0, 1, 2)).digest()[:16] == "f7284301c34834c3"
