"""NumPy's archives of arrays: t, x, y and p, or one array `events`; read member by member, in pieces."""

from __future__ import annotations

import contextlib
import io
import shutil
import zipfile
from collections.abc import Callable, Iterable
from typing import IO, BinaryIO, TypeVar, cast

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats import contract
from edge_sast.formats.columns import FIELDS, LEFT_OUT, order_of_names
from edge_sast.formats.contract import Format, Likeness, Opened, Reading, Sensor
from edge_sast.formats.tables.array_rows import Part, Rows, open_rows, rows_of
from edge_sast.formats.tables.npy_header import NUMBERS, NpyHeader, read_npy_header
from edge_sast.spool import buffered_spool

SUFFIX = ".npy"
WHOLE = "events"  # the member that holds all columns
SIZES = ("width", "height")
LOCAL_HEADER_BYTES = 30  # of a zip's first member, before its name
WRITTEN_LEVEL = 1  # of deflate
T = TypeVar("T")


def sniff_npz(first: bytes) -> Likeness:
    """Whether it is a zip whose first member is an array at the top."""
    if not first.startswith(b"PK\x03\x04"):
        return Likeness.NOT
    name = first[LOCAL_HEADER_BYTES:][: int.from_bytes(first[26:28], "little")]
    return Likeness.CERTAIN if name.endswith(SUFFIX.encode()) and b"/" not in name else Likeness.POSSIBLE


def open_npz(stream: BinaryIO, source: str, reading: Reading) -> Opened:
    """An archive of arrays of events.

    Raises EdgeSastError where it is damaged or holds no events.
    """
    return _Archive(stream, source).opened(reading)


class _Archive:
    """The members of an archive."""

    def __init__(self, stream: BinaryIO, source: str) -> None:
        self.source = source
        self.archive = self._guarded(lambda: zipfile.ZipFile(stream))
        names = [info.filename for info in self.archive.infolist()]
        self.names = {name.removesuffix(SUFFIX): name for name in names if name.endswith(SUFFIX)}

    def opened(self, reading: Reading) -> Opened:
        order = order_of_names(list(self.names))
        if order:
            stems = {f: stem for f, stem in zip(order.fields, self.names, strict=True) if f != LEFT_OUT}
            # Not a generator: CPython 3.11 keeps what zip was given where one raises, a little more with each bad file.
            found = [self._column(field, stems[field]) for field in FIELDS]
            parts, counts = zip(*found, strict=True)
            if len(set(counts)) > 1:
                lengths = ", ".join(f"{stems[f]} {n}" for f, n in zip(FIELDS, counts, strict=True))
                raise EdgeSastError(
                    f"{self.source}: its arrays are not of one length ({lengths}); save them again"
                )
            return open_rows(
                Rows(parts, counts[0], "arrays t, x, y, p", order.unit, self._sensor()), self.source, reading
            )
        if WHOLE not in self.names and len(self.names) != 1:
            raise EdgeSastError(
                f"{self.source}: has no arrays t, x, y and p nor one that is called {WHOLE}, but "
                f"{', '.join(self.names) or 'none'}; save them under these names"
            )
        return self._whole(WHOLE if WHOLE in self.names else next(iter(self.names)), reading)

    def _whole(self, stem: str, reading: Reading) -> Opened:
        """The archive by its one array of all columns."""
        header, read = self._member(stem)
        place = f"{self.source}:{self.names[stem]}"
        dtype, fields, order, guess = rows_of(header, place, reading, "t,x,y,p")
        parts: tuple[Part, ...] = (Part(read, dtype, fields),)
        if header.fortran and dtype.shape:
            parts = tuple(self._strided(stem, field, int(column)) for field, column in fields.items())
        assumed = (guess,) if guess else ()
        rows = Rows(parts, header.shape[0], str(order), order.unit, self._sensor(), None, assumed)
        return open_rows(rows, self.source, reading)

    def _column(self, field: str, stem: str) -> tuple[Part, int]:
        """(a member of one column, its length)."""
        header, read = self._member(stem)
        if len(header.shape) != 1 or header.dtype.kind not in NUMBERS:
            raise EdgeSastError(
                f"{self.source}:{self.names[stem]}: shape {header.shape} of type {header.dtype} is not [n] numbers; "
                "save one array for each of t, x, y and p"
            )
        return Part(read, header.dtype, {field: None}), header.shape[0]

    def _strided(self, stem: str, field: str, column: int) -> Part:
        """A column of an array in Fortran's order: the member is read once for each."""
        header, read = self._member(stem)
        left = column * header.shape[0] * header.dtype.itemsize
        while left and (data := read(min(left, contract.CHUNK_BYTES))):
            left -= len(data)
        return Part(read, header.dtype, {field: None})

    def _member(self, stem: str) -> tuple[NpyHeader, Callable[[int], bytes]]:
        """(header, reader of what is behind it) of a member."""
        place = f"{self.source}:{self.names[stem]}"
        info = self.archive.getinfo(self.names[stem])
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise EdgeSastError(
                f"{place}: is packed in a way that NumPy does not write; save it with NumPy again"
            )
        member = self._guarded(lambda: self.archive.open(info))
        header = self._guarded(lambda: read_npy_header(cast(BinaryIO, member), place))
        if info.file_size != header.size + header.data_bytes:
            raise EdgeSastError(
                f"{place}: has {info.file_size} bytes, and its array {header.shape} needs "
                f"{header.size + header.data_bytes}; the file is damaged: save it again"
            )
        return header, lambda count: self._guarded(lambda: member.read(count))

    def _sensor(self) -> Sensor | None:
        """What members `width` and `height` say, where both are one number."""
        sizes = []
        for stem in SIZES:
            if stem not in self.names:
                return None
            header, read = self._member(stem)
            if header.shape not in ((), (1,)) or header.dtype.kind not in "iu":
                return None
            sizes.append(int(np.frombuffer(read(header.dtype.itemsize), header.dtype)[0]))
        return (sizes[0], sizes[1]) if all(1 <= size <= 1 << 16 for size in sizes) else None

    def _guarded(self, do: Callable[[], T]) -> T:
        try:
            return do()
        except EdgeSastError:
            raise
        # A damaged archive makes zipfile and zlib raise what they like.
        except Exception as error:
            raise EdgeSastError(
                f"{self.source}: not a readable archive of arrays ({' '.join(str(error).split())}); the file is "
                "damaged: copy it again"
            ) from error


def write_npz(stream: BinaryIO, sensor: Sensor, chunks: Iterable[np.ndarray]) -> None:
    """Arrays t (µs), x, y, p, and numbers width and height, deflated; columns wait on disk until the last event."""
    names = cast(tuple[str, ...], EVENT_DTYPE.names)
    with contextlib.ExitStack() as stack:
        spools = {name: stack.enter_context(buffered_spool()) for name in names}
        count = 0
        for chunk in chunks:
            count += len(chunk)
            for name, spool in spools.items():
                spool.write(chunk[name].tobytes())
        archive = stack.enter_context(
            zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=WRITTEN_LEVEL)
        )
        for name, spool in spools.items():
            spool.seek(0)
            _write_member(archive, name, EVENT_DTYPE[name], (count,), spool)
        for name, size in zip(SIZES, sensor, strict=True):
            _write_member(archive, name, np.dtype("<i8"), (), io.BytesIO(size.to_bytes(8, "little")))


def _write_member(
    archive: zipfile.ZipFile, name: str, dtype: np.dtype, shape: tuple[int, ...], data: IO[bytes]
) -> None:
    """An array, whose bytes `data` holds from where it stands."""
    info = zipfile.ZipInfo(name + SUFFIX)  # of a fixed date: the same events give the same bytes
    info.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(info, "w", force_zip64=True) as member:
        header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(cast(BinaryIO, member), header)
        shutil.copyfileobj(data, member, contract.CHUNK_BYTES)


NPZ = Format("NumPy archive", "npz", (".npz",), sniff_npz, open_npz, seeks=True, write=write_npz)
