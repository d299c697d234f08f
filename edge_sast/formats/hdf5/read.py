"""Events of an HDF5 file, in slices."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, BinaryIO, TypeVar

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.formats import contract
from edge_sast.formats.array_fields import PROBED_ROWS, ArrayFields, unit_of
from edge_sast.formats.contract import Header, Likeness, Opened, Reading, State
from edge_sast.formats.hdf5.heap_check import CheckedHeaps
from edge_sast.formats.hdf5.layouts import Layout, Source, find_layout
from edge_sast.formats.hdf5.rows import Rows

MAGIC = b"\x89HDF\r\n\x1a\n"
MAGIC_PLACES = (0, 512, 1024, 2048)  # a user block may come before it
MOST_CHUNK_BYTES = 1 << 26  # of a data set's chunk, which is unpacked whole
ECF = 0x8ECF  # of Prophesee's compression
REGISTERED = range(32000, 33000)  # of filters that hdf5plugin may bring
T = TypeVar("T")


def sniff_hdf5(first: bytes) -> Likeness:
    """Whether it is an HDF5 file."""
    found = any(first[place : place + len(MAGIC)] == MAGIC for place in MAGIC_PLACES)
    return Likeness.CERTAIN if found else Likeness.NOT


def open_hdf5(stream: BinaryIO, source: str, reading: Reading) -> Opened:
    """An HDF5 file of events, in one of the layouts of layouts.py.

    Raises EdgeSastError where it is damaged, holds no events or needs a filter that is not installed.
    """
    return _Events(stream, source, reading, (0, 0)).opened()


def resume_hdf5(stream: BinaryIO, source: str, reading: Reading, state: State) -> Opened:
    """An HDF5 file from (event, kinds of OFF met) on: its events have no bytes of their own."""
    return _Events(stream, source, reading, state).opened()


class _Events:
    """Chunks of an HDF5 file, and which event comes next."""

    def __init__(self, stream: BinaryIO, source: str, reading: Reading, state: State) -> None:
        self.source = source
        self.file = self._guarded(lambda: h5py_module().File(CheckedHeaps(stream), "r"))
        self.layout = layout = self._guarded(lambda: find_layout(self.file, source, reading))
        for part in layout.sources:
            self._check(part)
        self.rows = self._guarded(lambda: [Rows(part.data, stream, source) for part in layout.sources])
        unit, assumed = layout.unit, layout.assumed
        if unit is None:
            first = self._rows(0, min(layout.count, PROBED_ROWS))["t"]
            unit, guess = unit_of(first, source, reading)
            assumed += (guess,) if guess else ()
        self.fields = ArrayFields(source, unit, layout.t0, *state)
        self.header = Header(layout.sensor, _said(layout, unit), assumed)

    def opened(self) -> Opened:
        return Opened(self.header, self.chunks(), None, lambda: (self.fields.done, self.fields.off_seen))

    def chunks(self) -> Iterator[np.ndarray]:
        at_once = _rows_at_once(self.layout.sources)
        while self.fields.done < self.layout.count:
            begin = self.fields.done
            yield self.fields.events(**self._rows(begin, min(begin + at_once, self.layout.count)))

    def _rows(self, begin: int, end: int) -> dict[str, np.ndarray]:
        """Rows begin..end by field, until the next call."""
        found = {}
        for part, of in zip(self.layout.sources, self.rows, strict=True):
            rows = self._guarded(partial(of.read, begin, end))
            for field, place in part.place.items():
                found[field] = (
                    rows if place is None else rows[place] if isinstance(place, str) else rows[:, place]
                )
        return found

    def _check(self, part: Source) -> None:
        """Refuse what cannot be unpacked here, or only with memory beyond all measure."""
        data, place = part.data, f"{self.source}:{part.data.name.strip('/')}"
        if data.external or data.is_virtual:
            raise EdgeSastError(f"{place}: lies in another file; copy it into one with h5repack")
        found, wanted = self._guarded(lambda: _parts(data))
        if found < wanted:
            raise EdgeSastError(
                f"{place}: has {found} of the {wanted} {'chunks' if data.chunks else 'bytes'} of its shape "
                f"{data.shape}; the file is damaged or was not closed: write it again"
            )
        if data.chunks and math.prod(data.chunks) * data.dtype.itemsize > MOST_CHUNK_BYTES:
            raise EdgeSastError(
                f"{place}: its chunks {data.chunks} are larger than {MOST_CHUNK_BYTES} bytes; write it anew with "
                "h5repack -l CHUNK=65536"
            )
        self._guarded(lambda: _check_filters(data, place))

    def _guarded(self, do: Callable[[], T]) -> T:
        try:
            return do()
        except EdgeSastError:
            raise
        # HDF5 raises what it likes on damaged files.
        except Exception as error:
            raise EdgeSastError(
                f"{self.source}: cannot be read as HDF5 ({' '.join(str(error).split())}); the file is damaged: "
                "copy it again"
            ) from error


def h5py_module() -> Any:
    """h5py, with the filters of hdf5plugin where that is there.

    Raises:
        EdgeSastError: h5py is not installed.
    """
    try:
        import h5py
    except ImportError as error:
        raise EdgeSastError("HDF5 files need h5py; install it with: pip install 'edge-sast[hdf5]'") from error
    with contextlib.suppress(ImportError):  # most files do without; _check_filters tells of the others
        import hdf5plugin  # noqa: F401  registers its filters
    return h5py


def _parts(data: Any) -> tuple[int, int]:
    """(how many bytes or chunks of a data set are in the file, how many its shape needs)."""
    if data.chunks is None:
        return data.id.get_storage_size(), data.size * data.dtype.itemsize
    whole = math.prod(-(-side // chunk) for side, chunk in zip(data.shape, data.chunks, strict=True))
    return data.id.get_num_chunks(), whole


def _check_filters(data: Any, place: str) -> None:
    filters = data.id.get_create_plist()
    for index in range(filters.get_nfilters()):
        code, _, _, name = filters.get_filter(index)
        if h5py_module().h5z.filter_avail(code):
            continue
        called = name.decode("ascii", "replace").split("\0")[0] or "without a name"
        if code == ECF:
            raise EdgeSastError(
                f"{place}: is packed with Prophesee's ECF, for which there is no filter here; install its plugin "
                "(hdf5_ecf) and set HDF5_PLUGIN_PATH to its folder, or save the recording as RAW or DAT"
            )
        remedy = (
            "pip install 'edge-sast[hdf5]'"
            if code in REGISTERED
            else "h5repack -f GZIP=1 where it was written"
        )
        raise EdgeSastError(
            f"{place}: is packed with filter {code} ({called}), which is not here; get it by {remedy}"
        )


def _said(layout: Layout, unit: str) -> tuple[tuple[str, str], ...]:
    said = (("layout", layout.name), ("columns", layout.order), ("time unit", unit.replace("us", "µs")))
    return said + ((("begin", f"t_offset = {layout.t0} µs, added to each time"),) if layout.t0 else ())


def _rows_at_once(sources: tuple[Source, ...]) -> int:
    """Rows of about CHUNK_BYTES: whole chunks of the data sets, or an even part of one."""
    row_bytes = sum(part.data.dtype.itemsize * math.prod(part.data.shape[1:]) for part in sources)
    rows = max(1, 2 * contract.CHUNK_BYTES // row_bytes)
    chunked = max((part.data.chunks[0] for part in sources if part.data.chunks), default=1)
    return rows // chunked * chunked or -(-chunked // -(-chunked // rows))
