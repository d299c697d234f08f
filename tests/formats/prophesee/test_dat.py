"""DAT files: CD events and the older 2D ones."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.formats import contract
from edge_sast.formats.contract import Likeness, Reading, joined
from edge_sast.formats.defects import Defects, Policy
from edge_sast.formats.prophesee import dat as dat_module
from edge_sast.formats.prophesee.dat import DAT
from edge_sast.formats.registry import format_of, read_bytes
from tests.formats.prophesee.oracle import dat_of

EVENTS = [(5, 3, 2, 1), (5, 1279, 719, 0), (70_000, 0, 0, 1)]


def read(data, reading=None):
    return joined(DAT.open(io.BytesIO(data), "a.dat", reading or Reading()).chunks).tolist()


def test_bits_of_one_event():
    data = b"% Version 2\n" + bytes.fromhex("0c08 45010000 03800010")  # y 2 << 14 | x 3, ON
    assert read(data) == [(0x145, 3, 2, 1)]


@pytest.mark.parametrize("kind", [0, 12])
def test_types_and_header(kind):
    recording = read_bytes(dat_of(EVENTS, kind), "a.dat")
    assert (recording.width, recording.height) == (1280, 720)
    assert recording.events.tolist() == EVENTS


def test_only_bit_28_is_the_polarity():
    data = dat_of([(5, 3, 2, 0xF), (6, 3, 2, 0xE)])
    assert read(data) == [(5, 3, 2, 1), (6, 3, 2, 0)]


@given(
    st.lists(
        st.tuples(st.integers(0, 2**32 - 1), *(st.integers(0, 2**14 - 1),) * 2, st.integers(0, 1)),
        max_size=30,
    )
)
@settings(deadline=None, max_examples=100)
def test_any_times_are_read_with_their_wraps(events):
    want, wraps, last = [], 0, 0
    for t, x, y, p in events:
        wraps += last - t >= 2**31
        want.append((wraps * 2**32 + t, x, y, p))
        last = t
    assert read(dat_of(events)) == want


@pytest.mark.parametrize(("chunk", "piece"), [(1, 1 << 16), (7, 3), (1 << 20, 1), (1 << 20, 70)])
def test_pieces_of_any_size_and_what_is_left_at_each(chunk, piece, monkeypatch):
    rng = np.random.default_rng(1)
    t = np.cumsum(rng.integers(0, 1 << 28, 200)).tolist()
    events = list(zip(t, *(rng.integers(0, top, 200).tolist() for top in (1280, 720, 2)), strict=True))
    data = dat_of(events)
    monkeypatch.setattr(contract, "CHUNK_BYTES", chunk)
    monkeypatch.setattr(dat_module, "PIECE_EVENTS", piece)
    opened, done = DAT.open(io.BytesIO(data), "a.dat", Reading()), 0
    begin = len(data) - 8 * len(events)
    for events_read in opened.chunks:
        assert events_read.tolist() == events[done : done + len(events_read)]
        assert opened.offset_of(len(events_read) - 1) == begin + 8 * (done + len(events_read) - 1)
        done += len(events_read)
        if done % 50 == 0:
            rest = DAT.resume(io.BytesIO(data), "a.dat", Reading(), opened.state())
            assert joined(rest.chunks).tolist() == events[done:]
    assert done == 200


def test_faerys_begin_is_added():
    assert read(dat_of(EVENTS, head="% Version 2\n% T0 1000000\n"))[0] == (1_000_005, 3, 2, 1)


def test_a_file_without_a_header_is_known_by_rising_times():
    data = dat_of([(t, t % 300, t % 200, t % 2) for t in range(100)], head="")[2:]
    assert format_of("a.dat", data) is DAT
    opened = DAT.open(io.BytesIO(data), "a.dat", Reading())
    assert opened.header.assumed == ("no header: events of type 0x00 from the first byte on",)
    assert len(joined(opened.chunks)) == 100
    assert DAT.sniff(data[:-400][::-1]) is Likeness.NOT
    assert DAT.sniff(bytes(100)) is Likeness.NOT


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"% Version 2\n\x0e\x08" + bytes(8), "a.dat: events of type 0x0e and 8 bytes; read are types 0x00 (2D) and "
         "0x0c (CD) of 8 bytes: export the file's CD events"),
        (b"% Version 2\n\x0c\x24" + bytes(8), "a.dat: events of type 0x0c and 36 bytes; read are types 0x00 (2D) and "
         "0x0c (CD) of 8 bytes: export the file's CD events"),
        (b"% Version 2\n\x0c", "a.dat: ends at byte 13, before the type and size of its events; the file is "
         "truncated: copy it again"),
        (b"% Version 1\n\x00\x08", "a.dat: the header says DAT version 1, not DAT version 2: convert the file"),
        (b"% evt 3.0\n\x00\x08" + bytes(8), "a.dat: the header says EVT3, not DAT version 2: convert the file"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_refused(data, message):
    with pytest.raises(EdgeSastError) as caught:
        read(data)
    assert str(caught.value) == message


def test_an_end_inside_an_event():
    data = dat_of(EVENTS)
    with pytest.raises(
        EdgeSastError, match=rf"^a\.dat: ends at byte {len(data) - 3}, 5 bytes into the event at byte "
    ):
        read(data[:-3])
    assert read(data[:-3], Reading(Defects(Policy.DROP))) == EVENTS[:2]


def test_a_header_alone_is_an_empty_recording():
    assert read(dat_of([])) == []
