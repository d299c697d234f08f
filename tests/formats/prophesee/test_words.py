"""EVT2, EVT2.1 and EVT3: every word, wherever pieces end."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.events.remark import Remark
from edge_sast.formats import contract
from edge_sast.formats.contract import Reading, joined
from edge_sast.formats.defects import Defects, Kind, Policy
from edge_sast.formats.prophesee import evt2 as evt2_module
from edge_sast.formats.prophesee import words as words_module
from edge_sast.formats.registry import format_called, format_of
from tests.formats.prophesee.oracle import (
    HEADS,
    KNOWN,
    SIZES,
    data_of,
    events_of_words,
    file_of,
    words_of_events,
)

FORMS = tuple(HEADS)
UNSURE = r"^a\.raw: may be Prophesee EVT2 or Prophesee EVT2\.1 or Prophesee EVT3 by its first bytes; say which with "


def format_for(form):
    return format_called(form.removesuffix("-legacy"))


def read(form, data, reading=None):
    """Events of a file as a list of tuples."""
    return joined(format_for(form).open(io.BytesIO(data), "a.raw", reading or Reading()).chunks).tolist()


@pytest.mark.parametrize(
    ("form", "data", "events"),
    [
        # time word 1 (64 µs), ON at +5 µs, x 3, y 2; OFF at +6 µs, x 1279, y 719
        ("evt2", "01000080 02184011 cffaa701", [(69, 3, 2, 1), (70, 1279, 719, 0)]),
        # the same time; ON at +5 µs, y 2, x 32 + {0, 31}
        ("evt21", "0000000001000080 0100008002004111", [(69, 32, 2, 1), (69, 63, 2, 1)]),
        ("evt21-legacy", "0100008000000000 0200411101000080", [(69, 32, 2, 1), (69, 63, 2, 1)]),
        # time 1 << 12 | 5, row 2, ON at x 3, then vectors of OFF from x 100: {0, 11}, {0}, {7}
        (
            "evt3",
            "0180 0560 0200 0328 6430 0148 0140 8050",
            [(4101, 3, 2, 1), (4101, 100, 2, 0), (4101, 111, 2, 0), (4101, 112, 2, 0), (4101, 131, 2, 0)],
        ),
    ],
)
def test_bits_of_the_words(form, data, events):
    assert read(form, HEADS[form].encode() + bytes.fromhex(data)) == events


def test_vectors_go_on_behind_a_group_of_three():
    words = [0x8000, 0x0002, 0x3064, 0x4001, 0x4001, 0x5001, 0x4001, 0x5001, 0x4001, 0x4001, 0x5001]
    places = (100, 112, 124, 132, 144, 152, 164, 176)
    assert read("evt3", file_of("evt3", words)) == [(0, x, 2, 0) for x in places]


@st.composite
def streams(draw, form):
    """Words of known kinds, most of them of time and events, after those that make an event complete."""
    bits = 8 * SIZES[form] - 4
    kinds = st.sampled_from(KNOWN[form] + ((4, 4, 5, 3, 2, 8, 6) if form == "evt3" else (0, 1, 8)))
    rest = st.one_of(st.integers(0, (1 << bits) - 1), st.integers(0, 3), st.just((1 << bits) - 1))
    words = draw(st.lists(st.builds(lambda kind, rest: kind << bits | rest, kinds, rest), max_size=40))
    if form == "evt3" and draw(st.booleans()):  # what cameras send
        words += [
            0x3000 | draw(st.integers(0, 4095)),
            0x4000 | draw(st.integers(0, 4095)),
            0x4FFF,
            0x5001,
            0x4001,
        ]
    start = 8 << bits | draw(rest)
    return [start, *([draw(st.integers(0, 2047))] if form == "evt3" else []), *words]


@pytest.mark.parametrize("form", FORMS)
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_any_words_are_read_as_the_oracle_reads_them(form, data):
    words = data.draw(streams(form))
    want = events_of_words(form, words)
    if want:
        assert read(form, file_of(form, words)) == want
    else:
        with pytest.raises(EdgeSastError, match=r"^a\.raw: \d+ bytes of EVT[\d.]+ words hold no event; "):
            read(form, file_of(form, words))


@pytest.mark.parametrize("rare", [0, 1 << 20])
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_both_ways_of_decoding_evt2_are_the_same(rare, data):
    words = data.draw(streams("evt2"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evt2_module, "RARE", rare)
        if want := events_of_words("evt2", words):
            assert read("evt2", file_of("evt2", words)) == want


@st.composite
def ordered_events(draw):
    gaps = st.one_of(st.integers(0, 100), st.integers(0, 1 << 25), st.integers(0, 1 << 35))
    t, events = 0, []
    for gap in draw(st.lists(gaps, min_size=1, max_size=12)):
        t += gap
        events.append((t, draw(st.integers(0, 1279)), draw(st.integers(0, 719)), draw(st.integers(0, 1))))
    return events


@pytest.mark.parametrize("form", FORMS)
@given(events=ordered_events())
@settings(deadline=None, max_examples=60)
def test_times_go_on_over_any_number_of_wraps(form, events):
    if form == "evt3":  # 2^35 µs are two thousand wraps
        events = [(t % 2**28, x, y, p) for t, x, y, p in events]
        events.sort(key=lambda event: event[0])
    assert read(form, file_of(form, words_of_events(form, events))) == events


def _long(form, count=3000):
    rng = np.random.default_rng(5)
    t = np.cumsum(rng.integers(0, 60 if form != "evt3" else 9000, count)).tolist()
    columns = (rng.integers(0, top, count).tolist() for top in (1280, 720, 2))
    return list(zip(t, *columns, strict=True))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("chunk", "piece"), [(1, 1 << 16), (7, 3), (1000, 50), (1 << 20, 1), (1 << 20, 1000)]
)
def test_pieces_of_any_size_give_the_same(form, chunk, piece, monkeypatch):
    events = _long(form, 300 if chunk == 1 else 3000)
    data = file_of(form, words_of_events(form, events))
    monkeypatch.setattr(contract, "CHUNK_BYTES", chunk)
    monkeypatch.setattr(words_module, "PIECE_EVENTS", piece)
    assert read(form, data) == events


@pytest.mark.parametrize("form", FORMS)
def test_resume_from_any_chunk_gives_the_rest(form, monkeypatch):
    monkeypatch.setattr(words_module, "PIECE_EVENTS", 500)
    events = _long(form)
    data = file_of(form, words_of_events(form, events))
    opened, done, times = format_for(form).open(io.BytesIO(data), "a.raw", Reading()), 0, 0
    for chunk in opened.chunks:
        done, times = done + len(chunk), times + 1
        again = format_for(form).resume(io.BytesIO(data), "a.raw", Reading(), opened.state())
        assert joined(again.chunks).tolist() == events[done:]
    assert times >= 3


@pytest.mark.parametrize("form", FORMS)
def test_the_place_of_an_event_is_its_words(form, monkeypatch):
    monkeypatch.setattr(words_module, "PIECE_EVENTS", 100)
    events = _long(form, 400)
    data = file_of(form, words_of_events(form, events))
    opened = format_for(form).open(io.BytesIO(data), "a.raw", Reading())
    size, done = SIZES[form], 0
    for chunk in opened.chunks:
        for index in (0, len(chunk) // 2, len(chunk) - 1):
            place = opened.offset_of(index)
            word = data[place : place + size]
            _, x, y, p = events[done + index]
            t = events[done + index][0]
            own = words_of_events(form, [(t % 4096, x, y, p)])[-1]
            assert word == data_of(form, [own])
        done += len(chunk)
    assert done == 400


@pytest.mark.parametrize(
    ("form", "words", "message"),
    [
        ("evt2", [0x80000001, 0x11402002, 0x30000000, 0x01A7FACF, 0x90000000],
         "event 1 (byte offset {2}), after t=69 µs: the word of bytes 00 00 00 30 is of type 3"),
        ("evt21", [0x8000000100000000, 0x2 << 60, 0x1140200280000001, 0x4 << 60],
         "event 0 (byte offset {1}): the word of bytes 00 00 00 00 00 00 00 20 is of type 2"),
        ("evt21-legacy", [0x8000000100000000, 0x2 << 60, 0x1140200280000001, 0x4 << 60],
         "event 0 (byte offset {1}): the word of bytes 00 00 00 20 00 00 00 00 is of type 2"),
        ("evt3", [0x8001, 0x6005, 0x0002, 0x2803, 0x2804, 0xB123, 0x2805, 0x1000],
         "event 2 (byte offset {5}), after t=4101 µs: the word of bytes 23 b1 is of type 11"),
    ],
)  # fmt: skip
def test_unknown_words_are_told_and_skipped(form, words, message):
    data = file_of(form, words)
    places = [len(HEADS[form]) + SIZES[form] * word for word in range(len(words))]
    name = format_for(form).name.removeprefix("Prophesee ")
    message = f"a.raw: {message.format(*places)}, which {name} does not have"
    with pytest.raises(EdgeSastError) as caught:
        read(form, data)
    assert str(caught.value) == (
        f"{message}; the file is damaged or of another format: copy it again, or pass --defects drop to skip such words"
    )
    reading = Reading(Defects(Policy.DROP))
    known = [word for word in words if word >> (8 * SIZES[form] - 4) in KNOWN[form]]
    assert read(form, data, reading) == events_of_words(form, known)
    assert reading.defects.counts[Kind.UNKNOWN_WORD] == 2
    assert reading.defects.first[Kind.UNKNOWN_WORD] == message


@pytest.mark.parametrize("form", FORMS)
def test_an_end_inside_a_word_is_told(form):
    data = file_of(form, words_of_events(form, [(70, 1, 2, 1), (71, 3, 2, 1)]))
    size, end = SIZES[form], len(data) - 1
    message = (
        f"a.raw: ends at byte {end}, {size - 1} bytes into the word at byte offset {end + 1 - size} "
        f"({size} bytes per word); the file is truncated or of another format: copy it again, or pass --defects drop"
    )
    with pytest.raises(EdgeSastError) as caught:
        read(form, data[:-1])
    assert str(caught.value) == message
    assert read(form, data[:-1], Reading(Defects(Policy.DROP))) == [(70, 1, 2, 1)]


@pytest.mark.parametrize("form", FORMS)
def test_small_steps_back_are_no_wraps(form):
    unit = 4096 if form == "evt3" else 64
    back = [(5 * unit, 1, 2, 1), (4 * unit, 1, 2, 0), (5 * unit, 1, 2, 1)]
    assert read(form, file_of(form, words_of_events(form, back))) == back
    half = 2**23 if form == "evt3" else 2**33
    below = words_of_events(form, [(half, 1, 2, 1)]) + words_of_events(form, [(unit, 1, 2, 1)])
    assert [event[0] for event in read(form, file_of(form, below))] == [half, unit]
    wrap = words_of_events(form, [(half, 1, 2, 1)]) + words_of_events(form, [(0, 1, 2, 1)])
    assert [event[0] for event in read(form, file_of(form, wrap))] == [half, 2 * half]


@pytest.mark.parametrize("form", FORMS)
def test_words_before_the_first_time_word_are_left_out_and_that_is_said(form):
    events = [(5000, 1, 2, 1), (5001, 3, 2, 0)]
    words = words_of_events(form, events)
    early = events_of_words(form, words)
    assert early == events
    bits = 8 * SIZES[form] - 4
    lead = [word for word in words if word >> bits != 8]
    opened = format_for(form).open(io.BytesIO(file_of(form, lead * 700 + words)), "a.raw", Reading())
    assert joined(opened.chunks).tolist() == events
    assert opened.header.left_out == (Remark("events before the first time word, left out", 1400),)
    assert str(opened.header.left_out[0]) == "1,400 events before the first time word, left out"
    with pytest.raises(
        EdgeSastError, match=r"^a\.raw: no time word in the first \d+ bytes of EVT[\d.]+ words; "
    ):
        read(form, file_of(form, lead))
    with pytest.raises(EdgeSastError, match=r"^a\.raw: no time word in the first 6\d\d\d\d bytes of EVT"):
        read(form, file_of(form, lead * 70000 + words))


@pytest.mark.parametrize("form", FORMS)
def test_a_header_alone_is_an_empty_recording_and_words_without_an_event_are_none(form):
    assert read(form, HEADS[form].encode()) == []
    with pytest.raises(EdgeSastError, match=r"^a\.raw: \d+ bytes of EVT[\d.]+ words hold no event; "):
        read(form, file_of(form, words_of_events(form, [(70, 1, 2, 1)])[:1]))


@pytest.mark.parametrize("form", FORMS)
def test_a_file_without_a_header_is_known_by_the_structure_of_its_words(form):
    events = _long(form)
    data = data_of(form, words_of_events(form, events))
    assert format_of("a.raw", data[:4096]) is format_for(form)
    opened = format_for(form).open(io.BytesIO(data), "a.raw", Reading())
    name = format_for(form).name.removeprefix("Prophesee ")
    assert opened.header.assumed[0] == f"the header says no version: words read as {name}"
    assert joined(opened.chunks).tolist() == events
    with pytest.raises(EdgeSastError, match=UNSURE):
        format_of("a.raw", data[:200])


def test_masks_of_one_pixel_leave_open_what_a_file_without_a_header_is():
    """Such words of EVT2.1 are words of EVT2 as well: x 0, y 1, OFF."""
    words = [word for n in range(99) for word in (0x8 << 60 | n << 32, 0x1 << 60 | 0x12345 << 32 | 1)]
    for form in ("evt21", "evt21-legacy"):
        with pytest.raises(EdgeSastError, match=UNSURE):
            format_of("a.raw", data_of(form, words))


@pytest.mark.parametrize("seed", range(20))
def test_neither_noise_nor_text_nor_zeros_are_words(seed):
    rng = np.random.default_rng(seed)
    for data in (
        rng.bytes(4096),
        bytes(4096),
        b"1 2 3 4\n" * 512,
        (rng.bytes(4096).hex() * 2).encode()[:4096],
    ):
        with pytest.raises(EdgeSastError, match=UNSURE):
            format_of("a.raw", data)
