"""What each policy makes of defects, beside a slow reading of the table in edge_sast/formats/defects.py."""

import re
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats.contract import joined
from edge_sast.formats.defects import Defects, Kind, Policy, cleaned

SENSOR, GAP = (6, 5), 40


def _events(rows) -> np.ndarray:
    return np.array([tuple(row) for row in rows], EVENT_DTYPE)


def _slow(rows, policy):
    """(events, counts by kind) of a policy that does not reject, event by event as the table says."""
    out, counts, last, taken = [], dict.fromkeys(Kind, 0), None, 0
    for t, x, y, p in rows:
        t -= taken
        if last is not None and t < last:
            counts[Kind.STEP_BACK] += 1
            if policy is Policy.DROP:
                continue
            t = last if policy is Policy.CLIP else t
        elif last is not None and t - last > GAP:
            counts[Kind.GAP] += 1
            if policy is Policy.DROP:
                break
            if policy is Policy.CLIP:
                taken += t - last - GAP
                t = last + GAP
        if x >= SENSOR[0] or y >= SENSOR[1]:
            counts[Kind.OUT_OF_SENSOR] += 1
            if policy is Policy.DROP:
                continue
            if policy is Policy.CLIP:
                x, y = min(x, SENSOR[0] - 1), min(y, SENSOR[1] - 1)
        last = t
        out.append((t, x, y, p))
    return out, counts


ROWS = st.lists(
    st.tuples(st.integers(0, 100), st.integers(0, 7), st.integers(0, 6), st.integers(0, 1)), max_size=40
)


@settings(max_examples=150)
@given(rows=ROWS, cuts=st.lists(st.integers(0, 40), max_size=4), policy=st.sampled_from(list(Policy)[1:]))
def test_every_policy_is_the_table(rows, cuts, policy):
    defects = Defects(policy, GAP)
    chunks = np.split(_events(rows), sorted(min(cut, len(rows)) for cut in cuts))
    found = joined(cleaned(iter(chunks), "a", SENSOR, defects))
    want, counts = _slow(rows, policy)
    assert found.tolist() == want
    assert defects.counts == counts
    assert set(defects.first) == {kind for kind, count in counts.items() if count}


@settings(max_examples=60)
@given(rows=ROWS, cut=st.integers(0, 40))
def test_reject_takes_all_or_names_the_first(rows, cut):
    chunks = np.split(_events(rows), [min(cut, len(rows))])
    _, counts = _slow(rows, Policy.KEEP)
    if not sum(counts.values()):
        assert joined(cleaned(iter(chunks), "a", SENSOR, Defects(max_gap_us=GAP))).tolist() == rows
    else:
        with pytest.raises(EdgeSastError, match=r"^a: event \d+"):
            joined(cleaned(iter(chunks), "a", SENSOR, Defects(max_gap_us=GAP)))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [(5, 0, 0, 0), (4, 0, 0, 0)],
            "a: event 1 (byte offset 108): time runs backwards, from 5 µs to 4 µs; events are never sorted silently: "
            "convert the file again in time order, or pass --defects drop or clip",
        ),
        (
            [(5, 0, 0, 0), (46, 0, 0, 0)],
            "a: event 1 (byte offset 108): time jumps by 41 µs, from 5 µs to 46 µs, more than 40 µs; the clock was "
            "reset or the file is damaged: pass --defects keep, clip or drop",
        ),
        (
            [(5, 0, 5, 0)],
            "a: event 0 (byte offset 100), t=5 µs: y=5 lies outside the 6x5 sensor; pass --sensor WxH with the real "
            "size, or --defects drop, clip or keep if the file is damaged",
        ),
        (
            [(5, 0, 0, 0), (-1, 0, 0, 0)],
            "a: event 1 (byte offset 108): t=-1 µs is out of range 0..2^62; the file is damaged: convert it again",
        ),
    ],
)
def test_a_defect_is_one_line(rows, message):
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        list(
            cleaned(
                iter([_events(rows)]), "a", SENSOR, Defects(max_gap_us=GAP), lambda index: 100 + 8 * index
            )
        )


def test_a_time_out_of_range_is_an_error_whatever_the_policy():
    rows = [(5, 0, 0, 0), (4, 0, 0, 0), (1 << 62, 0, 0, 0)]
    for policy in Policy:
        with pytest.raises(EdgeSastError, match=r"^a: event \d: "):
            list(cleaned(iter([_events(rows)]), "a", SENSOR, Defects(policy, GAP)))
    with pytest.raises(EdgeSastError, match=r"^a: event 2: t=4611686018427387904 µs is out of range"):
        list(cleaned(iter([_events(rows)]), "a", SENSOR, Defects(Policy.KEEP, 1 << 62)))


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("times", [(-1, 0), (-5, -4), (2**62 - 1, 2**62), (2**62, 2**62)])
def test_a_time_out_of_range_is_found_among_events_that_have_no_other_defect(policy, times):
    chunks = iter([_events([(t, 1, 1, 0) for t in times])])
    with pytest.raises(EdgeSastError, match=r"^a: event \d: t=-?\d+ µs is out of range 0\.\.2\^62; "):
        joined(cleaned(chunks, "a", SENSOR, Defects(policy, GAP)))


EDGES = [0, 1, 5, 6, 0x7FFE, 0x7FFF, 0x8000, 0x8001, 0xFFFE, 0xFFFF]
TIMES = [-(1 << 63), -(1 << 63) + 4, -1, 0, 3, 5, 6, (1 << 62) - 1, 1 << 62, (1 << 63) - 1]
SIDES = [1, 6, 0x7FFF, 0x8000, 0x8001, 0xFFFF, 0x10000]


@settings(max_examples=400)
@given(
    rows=st.lists(
        st.tuples(*(st.sampled_from(values) for values in (TIMES, EDGES, EDGES, [0, 1]))), max_size=5
    ),
    rising=st.booleans(),
    sensor=st.none() | st.tuples(st.sampled_from(SIDES), st.sampled_from(SIDES)),
    gap=st.sampled_from([0, 5, 1 << 61, (1 << 63) - 1]),
)
def test_nothing_passes_the_quick_look_at_a_whole_chunk(rows, rising, sensor, gap):
    """Numbers at the ends of their ranges, whose sums and differences would wrap."""
    rows = sorted(rows) if rising else rows
    width, height = sensor or (1 << 16, 1 << 16)
    times = [row[0] for row in rows]
    sound = (
        all(0 <= t < 1 << 62 for t in times)
        and all(0 <= after - before <= gap for before, after in pairwise(times))
        and all(x < width and y < height for _, x, y, _ in rows)
    )
    try:
        found = joined(cleaned(iter([_events(rows)]), "a", sensor, Defects(max_gap_us=gap))).tolist()
    except EdgeSastError:
        found = None
    assert found == (rows if sound else None)


def test_every_edge_of_every_sensor():
    for x, y, width, height in product(EDGES, EDGES, SIDES, SIDES):
        defects = Defects(Policy.DROP)
        found = joined(cleaned(iter([_events([(0, x, y, 0)])]), "a", (width, height), defects))
        assert len(found) == (x < width and y < height), (x, y, width, height)


def test_times_that_come_round_do_not_pass_as_rising():
    rows = [(5, 0, 0, 0), (-(1 << 63) + 4, 0, 0, 0), (3, 0, 0, 0), (6, 0, 0, 0)]
    with pytest.raises(EdgeSastError, match=r"^a: event 1: t=-9223372036854775804 µs is out of range"):
        list(cleaned(iter([_events(rows)]), "a", None, Defects()))
