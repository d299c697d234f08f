"""Tables of FlatBuffers, as far as AEDAT 4 needs them, read with every offset checked.

A buffer with its size before it: u32 size of what follows, u32 place of the root table counted from itself, 4 letters
that say what it is. A table begins with an i32: how far before it its vtable lies, two bytes each: size of the vtable,
size of the table, then for each field its place in the table, 0 where it is left out. Strings, vectors and tables are
fields of u32: how far behind the field they lie; strings and vectors begin with their length (u32). All little-endian.

Source: FlatBuffers Internals, Google, flatbuffers.dev.
"""

from __future__ import annotations

import struct

HEAD_BYTES = 12  # size, root, identifier


class BrokenError(Exception):
    """Bytes that are no such table; the message is half a sentence that says why."""


class Table:
    """The root table of a buffer with its size before it, of which `data` is the beginning, or all."""

    def __init__(self, data: bytes, identifier: bytes) -> None:
        if len(data) < HEAD_BYTES:
            raise BrokenError(
                f"is {len(data)} bytes long, less than the {HEAD_BYTES} that any table begins with"
            )
        if data[8:12] != identifier:
            found = data[8:12].decode("ascii", "backslashreplace")
            raise BrokenError(f"is a table '{found}', not '{identifier.decode()}'")
        self.data = data
        self.size = 4 + self._number("<I", 0)  # of the whole buffer, as it says
        self.place = 4 + self._number("<I", 4)
        self.fields = self.place - self._number("<i", self.place)
        self.fields_size = self._number("<H", self.fields)

    def _number(self, form: str, place: int) -> int:
        if not 0 <= place <= len(self.data) - struct.calcsize(form):
            raise BrokenError(f"points to byte {place} of {len(self.data)}")
        return int(struct.unpack_from(form, self.data, place)[0])

    def _field(self, index: int) -> int:
        """Place of a field; 0 where it is left out."""
        entry = 4 + 2 * index
        offset = self._number("<H", self.fields + entry) if entry + 2 <= self.fields_size else 0
        return self.place + offset if offset else 0

    def number(self, index: int, form: str, default: int) -> int:
        """A field that is a number, `form` as struct writes it."""
        place = self._field(index)
        return self._number(form, place) if place else default

    def vector(self, index: int) -> tuple[int, int]:
        """(place of the first element, how many) of a vector or a string; (0, 0) where it is left out.

        Nothing says that `data` has so many.
        """
        field = self._field(index)
        if not field:
            return 0, 0
        place = field + self._number("<I", field)
        return place + 4, self._number("<I", place)

    def text(self, index: int) -> str:
        """A string; "" where it is left out."""
        start, size = self.vector(index)
        if start + size > len(self.data):
            raise BrokenError(f"has a text of {size} bytes at byte {start} of {len(self.data)}")
        return self.data[start : start + size].decode("utf-8", "replace")
