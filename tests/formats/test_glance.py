"""What decoders see of defects as they decode is what looking at all events again finds."""

import io
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.formats import contract
from edge_sast.formats import defects as defects_module
from edge_sast.formats.contract import Reading, joined
from edge_sast.formats.defects import Defects, Policy, cleaned
from edge_sast.formats.prophesee import dat as dat_module
from edge_sast.formats.prophesee import words as words_module
from edge_sast.formats.registry import format_called
from tests.formats.aedat.oracles import NONE, event_table, io_header, packet
from tests.formats.prophesee.oracle import dat_of, file_of, words_of_events

FORMS = ("aedat4", "dat", "evt2", "evt21", "evt21-legacy", "evt3")
SENSOR = (100, 90)


def _file(form, events):
    if form == "aedat4":
        packets = [events[start : start + 4] for start in range(0, len(events), 4)]
        return (
            b"#!AER-DAT4.0\r\n" + io_header(NONE) + b"".join(packet(0, event_table(some)) for some in packets)
        )
    return dat_of(events) if form == "dat" else file_of(form, words_of_events(form, events))


def _read(form, data, policy, looked):
    """(events or the error, counts of defects); looked: by the decoder's glance, else at copies, which it is not of."""
    reading = Reading(Defects(policy, max_gap_us=1 << 13))
    opened = format_called(form.removesuffix("-legacy")).open(io.BytesIO(data), "a.raw", reading)
    chunks = opened.chunks if looked else map(np.copy, opened.chunks)
    try:
        found = joined(cleaned(chunks, "a.raw", SENSOR, reading.defects, opened.offset_of)).tolist()
    except EdgeSastError as error:
        found = str(error)
    return found, reading.defects.counts, reading.defects.first


@st.composite
def flawed(draw):
    """Events that have one kind of defect here and there, or none: of several the first hides what the others do."""
    flaw = draw(st.sampled_from(["none", "back", "gap", "outside"]))
    gaps = {"back": st.integers(-90, 70), "gap": st.integers(8000, 8400)}.get(flaw, st.integers(0, 70))
    sides = [2048 if flaw == "outside" else side for side in SENSOR]
    t, events = 500, []
    for _ in range(draw(st.integers(1, 30))):
        is_flawed = draw(st.integers(0, 9)) == 9
        t += draw(gaps if is_flawed else st.integers(0, 70))
        x, y = (draw(st.integers(0, (sides if is_flawed else SENSOR)[axis] - 1)) for axis in (0, 1))
        events.append((t, x, y, draw(st.integers(0, 1))))
    return events


@pytest.mark.parametrize("form", FORMS)
@given(events=flawed(), policy=st.sampled_from(list(Policy)), piece=st.sampled_from([1, 7, 100, 100]))
@settings(deadline=None, max_examples=50)
def test_a_glance_tells_what_a_look_tells(form, events, policy, piece):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words_module, "PIECE_EVENTS", piece)
        patch.setattr(dat_module, "PIECE_EVENTS", piece)
        patch.setattr(contract, "CHUNK_BYTES", 16 * piece)
        data = _file(form, events)
        assert _read(form, data, policy, True) == _read(form, data, policy, False)


def test_the_last_pixel_of_a_group_is_looked_at():
    for x, ends in ((68, "events"), (69, "error")):
        data = file_of("evt3", [0x8000, 0x0002, 0x3000 | x, 0x4001, 0x4000, 0x5080])
        found, *_ = _read("evt3", data, Policy.REJECT, True)
        assert (found == [(0, x, 2, 0), (0, x + 31, 2, 0)]) is (ends == "events")


@pytest.mark.parametrize("form", FORMS)
def test_no_event_of_a_good_file_is_looked_at_again(form, monkeypatch):
    monkeypatch.setattr(defects_module, "_is_clean", None)
    monkeypatch.setattr(words_module, "PIECE_EVENTS", 50)
    monkeypatch.setattr(dat_module, "PIECE_EVENTS", 50)
    events = [(9 * i, i % 100, i % 90, i % 2) for i in range(300)]
    assert _read(form, _file(form, events), Policy.REJECT, True)[0] == events


@pytest.mark.parametrize("form", FORMS)
def test_one_step_back_is_seen_wherever_it_is(form):
    for place in range(1, 10):
        events = [(500 + 10 * i - 15 * (i >= place), i, 2, 1) for i in range(10)]
        found, *_ = _read(form, _file(form, events), Policy.REJECT, True)
        assert re.match(rf"a\.raw: event {place}( .*)?: time runs backwards", str(found))
