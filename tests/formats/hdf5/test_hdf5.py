"""HDF5 in the layouts of cameras' software and data sets, made here with h5py and elsewhere by others."""

import io
import re
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats import contract
from edge_sast.formats.contract import Likeness, Reading, joined
from edge_sast.formats.hdf5.heap_check import check_heap
from edge_sast.formats.hdf5.read import open_hdf5, resume_hdf5, sniff_hdf5
from edge_sast.formats.hdf5.write import write_hdf5
from edge_sast.formats.registry import open_stream, read_bytes
from tests.formats.test_real_recordings import need

h5py = pytest.importorskip("h5py", reason="HDF5 needs h5py: pip install 'edge-sast[hdf5]'")

ROWS = [(1_000_000, 2, 3, 1), (1_000_001, 300, 200, 0), (1_002_500, 0, 0, 1)]
T, X, Y, P = (np.array(column) for column in zip(*ROWS, strict=True))
COMPOUND = np.array(
    [(x, y, p, t) for t, x, y, p in ROWS], [("x", "<u2"), ("y", "<u2"), ("p", "<i2"), ("t", "<i8")]
)


def hdf5(*, attributes=(), **data) -> bytes:
    """A file of data sets; a tuple is (values, options)."""
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        for name, value in data.items():
            values, options = value if isinstance(value, tuple) else (value, {})
            file.create_dataset(name.replace("__", "/"), data=values, **options)
        file.attrs.update(dict(attributes))
    return out.getvalue()


def read(data: bytes, **said):
    opened = open_hdf5(io.BytesIO(data), "a.h5", Reading(**said))
    return joined(opened.chunks).tolist(), opened.header


GZIP = {"chunks": (2,), "compression": "gzip", "shuffle": True}
LAYOUTS = {
    "Prophesee": (hdf5(CD__events=(COMPOUND, GZIP), attributes=[("geometry", "640x480")]), {}, (640, 480)),
    "DSEC": (
        hdf5(
            events__t=((T - 999_000).astype("u4"), GZIP),
            events__x=X.astype("u2"),
            events__y=Y.astype("u2"),
            events__p=P.astype("u1"),
            t_offset=np.int64(999_000),
            ms_to_idx=np.array([0, 0, 2, 2], "u8"),
        ),
        {},
        None,
    ),
    "evlib": (
        hdf5(events__ts=T * 1e-6, events__xs=X, events__ys=Y, events__ps=(2 * P - 1).astype("i1")),
        {},
        None,
    ),
    "evlib in µs": (
        hdf5(events__ts=T * 1.0, events__xs=X, events__ys=Y, events__ps=(2 * P - 1).astype("i1")),
        {"time_unit": "us"},
        None,
    ),
    "MVSEC": (hdf5(davis__left__events=np.column_stack([X, Y, T * 1e-6, 2 * P - 1])), {}, (346, 260)),
    "MVSEC right": (hdf5(davis__right__events=np.column_stack([X, Y, T * 1e-6, 2 * P - 1])), {}, (346, 260)),
    "Tonic's cache": (hdf5(data__0=COMPOUND, target__0=np.int64(3)), {}, None),
    "a compound": (hdf5(events=COMPOUND, attributes=[("width", 640), ("height", 480)]), {}, (640, 480)),
    "3ET": (hdf5(events=np.column_stack([T, X, Y, P])), {}, None),
    "columns said": (hdf5(events=np.column_stack([X, Y, P, T])), {"columns": "x,y,p,t"}, None),
    "sizes beside": (
        hdf5(events__t=T, events__x=X, events__y=Y, events__p=P, events__width=304, events__height=240),
        {},
        (304, 240),
    ),
}


@pytest.mark.parametrize("size", [1, 40, 1 << 20])
@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_in_slices_of_any_size(name, size, monkeypatch):
    monkeypatch.setattr(contract, "CHUNK_BYTES", size)
    data, said, sensor = LAYOUTS[name]
    events, header = read(data, **said)
    assert events == ROWS
    assert header.sensor == sensor


LAYOUTS_OF_THEIR_OWN = {
    **{name: LAYOUTS[name][0] for name in LAYOUTS if name not in ("3ET", "columns said")},
    "Prophesee's place": hdf5(CD__events=np.column_stack([X, Y, P, T])),
}


@pytest.mark.parametrize("columns", ["x,y,t,p", "t,x,y,p", "x,y,t,p,_"])
@pytest.mark.parametrize("name", LAYOUTS_OF_THEIR_OWN)
def test_columns_are_refused_where_the_layout_says_them(name, columns):
    """Also in the very order that it has, as of every file that says its columns itself."""
    unit = LAYOUTS.get(name, (b"", {}))[1].get("time_unit")
    with pytest.raises(
        EdgeSastError,
        match=rf"^a\.h5: --columns {columns}: this HDF5 file has an order of columns of its own; leave the option out$",
    ):
        open_stream(io.BytesIO(LAYOUTS_OF_THEIR_OWN[name]), "a.h5", Reading(columns=columns, time_unit=unit))


@pytest.mark.parametrize("name", ["MVSEC", "MVSEC right", "DSEC", "Prophesee", "Prophesee's place"])
def test_a_unit_of_time_is_refused_where_the_layout_says_it(name):
    with pytest.raises(
        EdgeSastError, match=r"^a\.h5: --time-unit ms: this HDF5 file has a unit of time of its own; "
    ):
        open_stream(io.BytesIO(LAYOUTS_OF_THEIR_OWN[name]), "a.h5", Reading(time_unit="ms"))


def test_numbers_without_a_layout_take_columns():
    for place in ("events", "data__0"):
        data = hdf5(**{place: np.column_stack([X, Y, P, T])})
        opened = open_stream(io.BytesIO(data), "a.h5", Reading(columns="x,y,p,t"))[1]
        assert joined(opened.chunks).tolist() == ROWS
    assert read(LAYOUTS_OF_THEIR_OWN["Prophesee's place"])[0] == ROWS


def test_what_a_file_says():
    assert dict(read(LAYOUTS["DSEC"][0])[1].said) == {
        "layout": "DSEC",
        "columns": "t,x,y,p",
        "time unit": "µs",
        "begin": "t_offset = 999000 µs, added to each time",
    }
    assert read(LAYOUTS["evlib"][0])[1].assumed[0].startswith("times in seconds: ")
    assert read(LAYOUTS["MVSEC"][0])[1].assumed == (
        "the events of davis/left/events",
        "sensor 346x260, of MVSEC's cameras",
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            LAYOUTS["evlib in µs"][0],
            "a.h5: the times are floating-point numbers without a fraction, from 1000000.0 to ",
        ),
        (
            hdf5(frames=X),
            "a.h5: has no events in CD/events, davis/left/events, davis/right/events, events, data/0, but ",
        ),
        (
            hdf5(events__t=T, events__x=X, events__y=Y),
            "a.h5:events: has t, x, y and not t, x, y and p once each; ",
        ),
        (
            hdf5(events__t=T, events__x=X[:2], events__y=Y, events__p=P),
            "a.h5:events: its columns are not of one length (t 3, x 2, y 3, p 3); the file is damaged: copy it again",
        ),
        (
            hdf5(events__t=T, events__x=X + 70000, events__y=Y, events__p=P),
            "a.h5: event 0: x=70002 is out of range 0..65535; convert the file again",
        ),
        (
            hdf5(events=np.column_stack([T, X, Y])),
            "a.h5:events: shape (3, 3) of type int64 is neither a compound of t, x, y and p nor [n, 4] numbers t,x,",
        ),
        (LAYOUTS["DSEC"][0][:-200], "a.h5: cannot be read as HDF5 ("),
        (
            hdf5(events__t=T, events__x=X, events__y=Y, events__p=P, t_offset=-1),
            "a.h5:events: t_offset is no whole number from 0 to 2^62; ",
        ),
    ],
)
def test_what_holds_no_events_is_refused(data, message):
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}") as caught:
        read(data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            0x8ECF,
            "is packed with Prophesee's ECF, for which there is no filter here; install its plugin (hdf5_ecf) and ",
        ),
        (
            32099,
            "is packed with filter 32099 (without a name), which is not here; get it by pip install 'edge-sast",
        ),
        (
            300,
            "is packed with filter 300 (without a name), which is not here; get it by h5repack -f GZIP=1 where it",
        ),
    ],
)
def test_a_filter_that_is_missing_is_named(code, message):
    if h5py.h5z.filter_avail(code):
        pytest.skip(f"filter {code} is here")
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_chunk((2,))
        properties.set_filter(code, h5py.h5z.FLAG_OPTIONAL)
        kind, space = h5py.h5t.py_create(COMPOUND.dtype, logical=True), h5py.h5s.create_simple((3,))
        data = h5py.h5d.create(file.create_group("CD").id, b"events", kind, space, properties)
        h5py.Dataset(data)[...] = COMPOUND
    with pytest.raises(EdgeSastError, match=f"^a.h5:CD/events: {re.escape(message)}"):
        read(out.getvalue())


def test_chunks_that_are_not_there_are_no_events():
    """A shape may say anything: what was never written would be read as zeros without end."""
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file.create_dataset("events", (1 << 50,), COMPOUND.dtype, chunks=(1 << 16,))
    with pytest.raises(EdgeSastError, match=r"^a\.h5:events: has 0 of the 17179869184 chunks of its shape"):
        read(out.getvalue())
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file.create_dataset("events", (1 << 40,), COMPOUND.dtype)
    with pytest.raises(EdgeSastError, match=r"^a\.h5:events: has 0 of the 15393162788864 bytes of its shape"):
        read(out.getvalue())


def test_chunks_beyond_all_measure_are_refused():
    data = hdf5(events=(np.zeros(5_000_000, COMPOUND.dtype), {"chunks": (5_000_000,), "compression": "gzip"}))
    with pytest.raises(
        EdgeSastError, match=r"^a\.h5:events: its chunks \(5000000,\) are larger than 67108864 bytes; "
    ):
        read(data)


def test_no_link_leads_out_of_the_file(tmp_path):
    outside = tmp_path / "outside.h5"
    outside.write_bytes(hdf5(events=COMPOUND))
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file["events"] = h5py.ExternalLink(str(outside), "events")
    with pytest.raises(EdgeSastError, match=r"^a\.h5: has no events in "):
        read(out.getvalue())
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file.create_dataset("events", (3,), COMPOUND.dtype, external=[(str(outside), 0, 48)])
    with pytest.raises(EdgeSastError, match=r"^a\.h5:events: lies in another file; "):
        read(out.getvalue())


@pytest.mark.parametrize("compression", ["gzip", None])
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 3_000), *[st.integers(0, 65535)] * 2, st.integers(0, 1)),
        min_size=0,
        max_size=30,
    ),
    begin=st.sampled_from([0, 17, 1 << 60]),
    cut=st.integers(0, 30),
)
@settings(deadline=None, max_examples=25)
def test_what_is_written_is_read_back(compression, rows, begin, cut):
    events = np.array(rows, EVENT_DTYPE)
    events["t"] = begin + np.cumsum(events["t"])
    out = io.BytesIO()
    write_hdf5(out, (640, 480), [events[:cut], events[cut:]], compression)
    got, header = read(out.getvalue())
    assert got == events.tolist()
    assert header.sensor == (640, 480)
    with h5py.File(io.BytesIO(out.getvalue())) as file:
        relative = file["events/t"][:]
        assert np.array_equal(relative + file["t_offset"][()], events["t"])
        index = file["ms_to_idx"][:].tolist()
        assert index == [
            int(np.count_nonzero(relative < 1000 * k))
            for k in range(int(relative[-1]) // 1000 + 1 if rows else 0)
        ]


def test_events_out_of_order_are_not_written():
    events = np.array([(5, 0, 0, 0), (4, 0, 0, 0)], EVENT_DTYPE)
    for chunks in ([events], [events[:1], events[1:]]):
        with pytest.raises(
            EdgeSastError, match=r"^event 1: time runs backwards, from 5 µs to 4 µs, which an HDF5 "
        ):
            write_hdf5(io.BytesIO(), (2, 2), chunks)


@pytest.mark.parametrize("name", ["Prophesee", "DSEC", "MVSEC"])
def test_reading_goes_on_behind_any_slice(name, monkeypatch):
    monkeypatch.setattr(contract, "CHUNK_BYTES", 1)
    data = LAYOUTS[name][0]
    opened = open_hdf5(io.BytesIO(data), "a.h5", Reading())
    done = 0
    for chunk in opened.chunks:
        done += len(chunk)
        rest = joined(resume_hdf5(io.BytesIO(data), "a.h5", Reading(), opened.state()).chunks)
        assert rest.tolist() == ROWS[done:]


def test_a_file_is_known_by_its_mark():
    data = LAYOUTS["DSEC"][0]
    assert sniff_hdf5(data[:4096]) is sniff_hdf5(bytes(512) + data[:100]) is Likeness.CERTAIN
    assert sniff_hdf5(b"PK\x03\x04") is sniff_hdf5(b"") is Likeness.NOT
    assert read_bytes(LAYOUTS["Prophesee"][0], "a.bin").width == 640


@pytest.mark.parametrize(
    "name", ["prophesee_plain.h5", "prophesee_gzip.h5", "dsec_gzip.h5", "dsec_blosc.h5", "mvsec_gzip.h5"]
)
def test_the_made_files_are_the_truth(name):
    folder = need("formats/made")
    if "blosc" in name:
        pytest.importorskip("hdf5plugin", reason="Blosc needs hdf5plugin: pip install 'edge-sast[hdf5]'")
    truth = [tuple(map(int, line.split(","))) for line in (folder / "events.csv").read_text().split()[1:]]
    assert read((folder / name).read_bytes())[0] == truth


def test_a_heap_of_texts_that_does_not_end_is_told():
    def heap(*objects: tuple[int, int, bytes]) -> bytes:
        body = b"".join(struct.pack("<HHIQ", i, 0, 0, n) + data for i, n, data in objects)
        return b"GCOL\1\0\0\0" + struct.pack("<Q", 16 + len(body)) + body

    check_heap(heap((1, 3, b"1.0".ljust(8, b"\0")), (0, 32, bytes(16))))
    check_heap(b"anything else")
    for last in ((0, 0, bytes(16)), (0, 33, bytes(16)), (2, 17, bytes(16))):
        with pytest.raises(
            OSError, match=r"^a heap of texts is damaged: its object at 40 says it takes \d+ bytes of 72$"
        ):
            check_heap(heap((1, 3, b"1.0".ljust(8, b"\0")), last))
