"""Arrays of NumPy and archives of them: made here with NumPy, and read back by it."""

import io
import re
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats import contract
from edge_sast.formats.contract import Likeness, Reading, joined
from edge_sast.formats.defects import Defects, Kind, Policy
from edge_sast.formats.registry import open_stream, read_bytes
from edge_sast.formats.tables.npz import sniff_npz, write_npz
from tests.formats.test_real_recordings import need

ROWS = [(1_000_000, 2, 3, 1), (1_000_001, 300, 200, 0), (1_002_500, 0, 0, 1)]
T, X, Y, P = (np.array(column) for column in zip(*ROWS, strict=True))
EVENTS = np.array(ROWS, EVENT_DTYPE)
RENAMED = EVENTS.astype([("timestamp", ">u8"), ("x", "<i2"), ("y", "<i2"), ("on", "?")])


def npy(array, **options) -> bytes:
    out = io.BytesIO()
    np.save(out, array, **options)
    return out.getvalue()


def npz(save=np.savez_compressed, **arrays) -> bytes:
    out = io.BytesIO()
    save(out, **arrays)
    return out.getvalue()


def read(data: bytes, name: str = "a", **said):
    found, opened = open_stream(io.BytesIO(data), name, Reading(**said))
    return joined(opened.chunks).tolist(), opened.header, found.key


TABLE = np.column_stack([T, X, Y, P])
FILES = {
    "structure": (npy(EVENTS), {}, "npy"),
    "other names": (npy(RENAMED), {}, "npy"),
    "more fields": (
        npy(np.array([(7, *row) for row in ROWS], [("id", "u1"), *EVENT_DTYPE.descr])),
        {},
        "npy",
    ),
    "table as said": (npy(TABLE), {"columns": "t,x,y,p"}, "tonic-npy"),
    "table by columns": (npy(np.asfortranarray(TABLE)), {"columns": "t x y p"}, "tonic-npy"),
    "seconds": (npy(TABLE * [1e-6, 1, 1, 1]), {"columns": "t,x,y,p"}, "tonic-npy"),
    "Tonic's": (npy(np.column_stack([X, Y, P, T * 1e-3])), {}, "tonic-npy"),
    "archive": (npz(t=T, x=X, y=Y, p=P), {}, "npz"),
    "stored": (npz(np.savez, p=2 * P - 1, xs=X * 1.0, ys=Y, label=np.array(["a"]), ts=T), {}, "npz"),
    "archive in ns": (npz(t_ns=T * 1000 + 499, x=X, y=Y, p=P > 0), {}, "npz"),
    "events": (npz(events=EVENTS, label=3), {}, "npz"),
    "one of any name": (npz(arr_0=RENAMED), {}, "npz"),
    "events in rows": (npz(events=TABLE), {}, "npz"),
    "events in columns": (npz(events=np.asfortranarray(TABLE)), {}, "npz"),
    "events in an order": (npz(events=np.column_stack([X, Y, T, P])), {"columns": "x,y,t,p"}, "npz"),
}


@pytest.mark.parametrize("size", [1, 60, 1 << 20])
@pytest.mark.parametrize("name", FILES)
def test_every_form_in_pieces_of_any_size(name, size, monkeypatch):
    monkeypatch.setattr(contract, "CHUNK_BYTES", size)
    data, said, key = FILES[name]
    events, _, found = read(data, **said)
    assert (events, found) == (ROWS, key)


@given(st.integers(4090, 4100), st.integers(1, 40_000))
@settings(deadline=None, max_examples=10)
def test_rows_behind_those_that_are_looked_at_first(count, size):
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = np.arange(count)
    events["x"] = events["t"] % 640
    usual = contract.CHUNK_BYTES
    try:
        contract.CHUNK_BYTES = size
        for data in (npy(events), npz(events=events), npz(**{name: events[name] for name in "txyp"})):
            assert read(data)[0] == events.tolist()
    finally:
        contract.CHUNK_BYTES = usual


def test_what_is_said_and_assumed():
    assert read(FILES["archive"][0])[1].assumed == (
        "times in µs: they are integers (--time-unit says another unit)",
    )
    assert read(FILES["archive in ns"][0])[1].assumed == ()
    columns, _ = read(FILES["events in rows"][0])[1].assumed
    assert columns == "columns t,x,y,p: the array does not name them, nor does --columns"
    assert read(npz(t=T, x=X, y=Y, p=P, width=640, height=480))[1].sensor == (640, 480)
    assert dict(read(FILES["Tonic's"][0])[1].said)["time unit"] == "ms"


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_cut_archive_is_one_line(save):
    data = npz(save, t=np.arange(9000), x=np.arange(9000), y=np.arange(9000), p=np.arange(9000) % 2)
    for cut in (10, 100, 5000, len(data) - 10):
        with pytest.raises(EdgeSastError, match=r"^a\.npz: [^\n]*the file is damaged: copy it again$"):
            read(data[:cut], "a.npz")


def test_a_cut_array_is_a_truncated_end():
    data = npy(EVENTS)[:-5]
    with pytest.raises(
        EdgeSastError, match=r"^a: ends after 2 of 3 events; the file is truncated or of another"
    ):
        read(data)
    defects = Defects(Policy.DROP)
    assert read(data, defects=defects)[0] == ROWS[:2]
    assert defects.counts[Kind.TRUNCATED] == 1


def _member_that_says(shape: str) -> bytes:
    """An archive whose array says another shape than it has bytes for."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("events.npy", npy(EVENTS).replace(b"(3,)", shape.encode()))
    return out.getvalue()


def _packed_with(method: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("events.npy", npy(EVENTS))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            npy(np.array([{}]), allow_pickle=True),
            "a: holds Python objects, which are never unpickled; save numbers, or ",
        ),
        (
            npz(events=np.array([{}])),
            "a:events.npy: holds Python objects, which are never unpickled; save numbers, or ",
        ),
        (
            npy(EVENTS) + b"more",
            "a: goes on behind the 3 events of its array; it is damaged, or holds several arrays: ",
        ),
        (
            _member_that_says("(10**9,)"),
            "a:events.npy: not a readable .npy array; the file is damaged: download it again",
        ),
        (
            _member_that_says("(999999999999,)"),
            "a:events.npy: has 242 bytes, and its array (999999999999,) needs 13000000000179",
        ),
        (
            _packed_with(zipfile.ZIP_BZIP2),
            "a:events.npy: is packed in a way that NumPy does not write; save it with",
        ),
        (
            _packed_with(zipfile.ZIP_LZMA),
            "a:events.npy: is packed in a way that NumPy does not write; save it with",
        ),
        (
            npz(t=T, x=X, y=Y),
            "a: has no arrays t, x, y and p nor one that is called events, but t, x, y; save them ",
        ),
        (
            npz(t=T, x=X[:2], y=Y, p=P),
            "a: its arrays are not of one length (t 3, x 2, y 3, p 3); save them again",
        ),
        (
            npz(t=T, x=X, y=Y, p=TABLE),
            "a:p.npy: shape (3, 4) of type int64 is not [n] numbers; save one array for ",
        ),
        (npz(t=T, x=X, y=Y, p=P * 2), "a: event 0: p=2 is out of range -1..1; convert the file again"),
        (
            npz(t=T, x=X, y=Y, p=[1, 0, -1]),
            "a: event 2: p=-1, and events before have 0 for OFF; the columns are mixed ",
        ),
        (
            npz(t=T, x=X + 0.5, y=Y, p=P),
            "a: event 0: x=2.5 is not a whole number; nothing is rounded silently: ",
        ),
        (
            npz(t=T * 1.0, x=X, y=Y, p=P),
            "a: the times are floating-point numbers without a fraction, from 1000000.0 ",
        ),
        (
            npz(t=[0.5, np.nan, 1], x=X, y=Y, p=P),
            "a: event 1: t=nan is out of range below 2^62 µs (unit s); convert ",
        ),
        (
            npz(t=np.array([1, 1 << 63, 0], "u8"), x=X, y=Y, p=P),
            "a: event 1: t=9223372036854775808 is out of range ",
        ),
        (
            npy(np.zeros(3, [("a", "u1"), ("t", "i8")])),
            "a: shape (3,) of fields a, t is not [n, 4] numbers t,x,y,p, nor",
        ),
    ],
)
def test_what_is_no_array_of_events_is_one_line(data, message):
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}") as caught:
        read(data)
    assert "\n" not in str(caught.value)


@given(
    st.lists(st.tuples(st.integers(0, 1 << 60), *[st.integers(0, 65535)] * 2, st.integers(0, 1)), max_size=30)
)
@settings(deadline=None, max_examples=50)
def test_what_is_written_is_read_back(rows):
    events = np.array(rows, EVENT_DTYPE)
    out = io.BytesIO()
    write_npz(out, (640, 480), [events[:3], events[3:]])
    events_back, header, _ = read(out.getvalue())
    assert events_back == rows
    assert header.sensor == (640, 480)
    with np.load(io.BytesIO(out.getvalue()), allow_pickle=False) as arrays:
        assert all(np.array_equal(arrays[name], events[name]) for name in "txyp")
        assert (int(arrays["width"]), int(arrays["height"])) == (640, 480)


def test_an_archive_is_known_by_its_first_member():
    assert sniff_npz(FILES["archive"][0][:4096]) is Likeness.CERTAIN
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("train/0/a.npy", npy(EVENTS))
    assert sniff_npz(out.getvalue()) is Likeness.POSSIBLE
    assert sniff_npz(npy(EVENTS)) is Likeness.NOT


@pytest.mark.parametrize("name", ["columns.npz", "structured.npz"])
def test_the_made_files_are_the_truth(name):
    folder = need("formats/made")
    truth = [tuple(map(int, line.split(","))) for line in (folder / "events.csv").read_text().split()[1:]]
    assert read_bytes((folder / name).read_bytes(), name, (240, 180)).events.tolist() == truth


@pytest.mark.parametrize(
    ("data", "said", "refused"),
    [
        (npy(EVENTS), {"columns": "t,x,y,p"}, "--columns t,x,y,p"),
        (npz(t=T, x=X, y=Y, p=P), {"columns": "t,x,y,p"}, "--columns t,x,y,p"),
        (npz(t_ns=T, x=X, y=Y, p=P), {"time_unit": "ms"}, "--time-unit ms"),
        (npy(EVENTS), {"time_unit": "ms"}, ""),
        (npy(TABLE), {"columns": "t,x,y,p", "time_unit": "ms"}, ""),
    ],
)
def test_what_an_array_says_itself_is_not_said_again(data, said, refused):
    if not refused:
        assert read(data, **said)[0][0][0] == T[0] * 1000
    else:
        with pytest.raises(
            EdgeSastError, match=rf"^a: {refused}: this .* file has an? .* of its own; leave the option out$"
        ):
            read(data, **said)
