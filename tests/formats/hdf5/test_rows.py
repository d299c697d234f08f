"""Rows read from their place in the file, beside h5py's."""

import io

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.formats.contract import Reading, joined
from edge_sast.formats.hdf5.read import open_hdf5
from edge_sast.formats.hdf5.rows import Rows

h5py = pytest.importorskip("h5py", reason="HDF5 needs h5py: pip install 'edge-sast[hdf5]'")

COUNT = 23
NUMBERS = np.arange(COUNT) * 977
PAIRS = np.array([(7 * n, n) for n in range(COUNT)], [("t", "<i8"), ("x", "<u2")])
TABLE = np.column_stack([NUMBERS, NUMBERS + 1])


def made(values: np.ndarray, user_bytes: int = 0, **options) -> io.BytesIO:
    out = io.BytesIO()
    options |= {"maxshape": (None, *values.shape[1:])} if "chunks" in options else {}
    with h5py.File(out, "w") as file:
        file.create_dataset("other", data=np.arange(100), chunks=(7,))
        file.create_dataset("rows", data=values, **options)
    return io.BytesIO(bytes(user_bytes) + out.getvalue())


OPEN = {
    "as a whole": (NUMBERS, {}),
    "in chunks": (NUMBERS.astype("u2"), {"chunks": (5,)}),
    "a chunk that is longer": (NUMBERS, {"chunks": (100,)}),
    "bytes in the other order": (NUMBERS.astype(">i4"), {"chunks": (4,)}),
    "truth values": (NUMBERS % 2 == 0, {"chunks": (4,)}),
    "a compound": (PAIRS, {"chunks": (6,)}),
    "a table": (TABLE, {"chunks": (6, 2)}),
}
CLOSED = {
    "packed": (NUMBERS, {"chunks": (5,), "compression": "gzip"}),
    "with checksums": (NUMBERS, {"chunks": (5,), "fletcher32": True}),
    "a table in chunks of columns": (TABLE, {"chunks": (6, 1)}),
    "behind a user's block": (NUMBERS, {"chunks": (5,), "user_bytes": 512}),
    "no rows": (NUMBERS[:0], {"chunks": (5,)}),
}


@pytest.mark.parametrize("name", [*OPEN, *CLOSED])
def test_rows_are_h5pys(name):
    values, options = (OPEN | CLOSED)[name]
    stream = made(values, **options)
    data = h5py.File(stream, "r")["rows"]
    rows = Rows(data, stream, "a")
    assert (rows._places is not None) == (name in OPEN)
    for begin in range(0, len(values) + 1, 3):
        for end in range(begin, len(values) + 1):
            assert np.array_equal(rows.read(begin, end), values[begin:end])


def test_a_file_that_ends_while_it_is_read():
    t = np.arange(40_000)
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        for name in "txyp":
            file.create_dataset(
                f"events/{name}", data=(t if name == "t" else t * 0).astype("u2"), chunks=(1000,)
            )
    opened = open_hdf5(out, "a.h5", Reading())
    out.truncate(len(out.getvalue()) // 2)
    told = r"ends before row \d+ and those behind it, which are to lie at byte \d+; the file is truncated or damaged"
    with pytest.raises(EdgeSastError, match=rf"^a\.h5: {told}: copy it again$"):
        joined(opened.chunks)
