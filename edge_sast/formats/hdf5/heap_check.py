"""A stream whose heaps of texts are looked at before HDF5's library walks through them.

Attributes such as Prophesee's `geometry` stand in a "global heap", a block of objects that each say where the next one
is. In a damaged file that may be the object itself.

Source: HDF5 file format specification 3.0, III.E, "Disk Format: Level 1E - Global Heap".
"""

from __future__ import annotations

import io
from typing import Any, BinaryIO

from edge_sast.formats.hdf5.rows import fill

MARK = b"GCOL"
HEADER_BYTES = 16  # of the heap, and of each object in it; sizes are 8 bytes, behind the first 8


class CheckedHeaps(io.RawIOBase):
    """A stream that can be sought, for reading; OSError at a heap that has no end."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readinto(self, buffer: Any) -> int:
        room = memoryview(buffer).cast("B")
        read = fill(self._stream, room)
        check_heap(room[:read])
        return read


def check_heap(block: bytes | memoryview) -> None:
    """Refuse a block that begins with a heap whose objects do not end.

    Raises:
        OSError: an object says that it takes no bytes, or more than the heap has.
    """
    if block[: len(MARK)] != MARK:
        return
    size, at = int.from_bytes(block[8:16], "little"), HEADER_BYTES
    while at + HEADER_BYTES <= min(size, len(block)):
        taken = int.from_bytes(block[at + 8 : at + 16], "little")
        if block[at : at + 2] != b"\0\0":
            taken = HEADER_BYTES + taken + -taken % 8
        if not taken or taken > size - at:
            raise OSError(
                f"a heap of texts is damaged: its object at {at} says it takes {taken} bytes of {size}"
            )
        at += taken
