"""The header of NumPy's array files: shape, order and type, and never a pickled object.

Source: NumPy's documentation of numpy.lib.format, versions 1.0 to 3.0.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from edge_sast.errors import EdgeSastError

MAGIC = b"\x93NUMPY"
MOST_HEADER_BYTES = 10_000  # NumPy's own limit
NUMBERS = "iufb"  # kinds of types


@dataclass(frozen=True)
class NpyHeader:
    """What an array file says of its array.

    Attributes:
        size: bytes of the header; the array's come behind it.
        fortran: columns lie one behind the other, not rows.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    fortran: bool
    size: int

    @property
    def data_bytes(self) -> int:
        """Bytes of the array."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_npy_header(stream: BinaryIO, source: str) -> NpyHeader:
    """The header of an array file, which leaves the stream at the array.

    Raises:
        EdgeSastError: it is damaged, or the array holds objects, which only running code could make.
    """
    begin = stream.read(len(MAGIC) + 2)
    wide = 2 if begin[len(MAGIC) :] == b"\x01\x00" else 4
    if not begin.startswith(MAGIC) or begin[len(MAGIC) :] not in (b"\x01\x00", b"\x02\x00", b"\x03\x00"):
        raise _damaged(source)
    length = stream.read(wide)
    size = int.from_bytes(length, "little")
    text = stream.read(min(size, MOST_HEADER_BYTES + 1))
    if len(length) < wide or len(text) != size:
        raise _damaged(source)
    # Version 3 differs in the names of fields alone, which are read as those of version 2.
    read = np.lib.format.read_array_header_1_0 if wide == 2 else np.lib.format.read_array_header_2_0
    try:
        shape, fortran, dtype = read(io.BytesIO(length + text))
    # NumPy reads the header with Python's own tokenizer, which raises what it likes on damaged text.
    except Exception as error:
        raise _damaged(source) from error
    if dtype.hasobject:
        raise EdgeSastError(
            f"{source}: holds Python objects, which are never unpickled; save numbers, or a structured array of them"
        )
    if any(side < 0 for side in shape):
        raise _damaged(source)
    return NpyHeader(shape, dtype, fortran, len(begin) + wide + size)


def _damaged(source: str) -> EdgeSastError:
    return EdgeSastError(f"{source}: not a readable .npy array; the file is damaged: download it again")
