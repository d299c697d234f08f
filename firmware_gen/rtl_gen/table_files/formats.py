"""The formats by the endings of their files."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from firmware_gen.rtl_gen.images import MemoryImage
from firmware_gen.rtl_gen.table_files import coe, intel_hex, mem, mif


class Format(NamedTuple):
    write: Callable[[MemoryImage], bytes]
    read: Callable[[bytes, str, int, int], tuple[int, ...]]  # of the bytes, the file's name, width and depth


FORMATS = {
    "mem": Format(mem.write, mem.read),
    "hex": Format(intel_hex.write, intel_hex.read),
    "coe": Format(coe.write, coe.read),
    "mif": Format(mif.write, mif.read),
}
