"""A linked program: what lies where in memory, and what its functions are called."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from edge_sast.errors import EdgeSastError
from firmware_gen.emulator.toolchain import EXTRA

EXECUTABLE = 1  # PF_X


@dataclass(frozen=True)
class Segment:
    """A part of memory: `data`, then zeros up to `size` bytes."""

    address: int
    data: bytes
    size: int
    executable: bool


@dataclass(frozen=True)
class Function:
    """A function's code: name, first address (without the Thumb bit), bytes."""

    name: str
    address: int
    size: int


@dataclass(frozen=True)
class Image:
    """An ELF file as loaded. functions: by address."""

    segments: tuple[Segment, ...]
    functions: tuple[Function, ...]
    symbols: dict[str, int] = field(repr=False)

    @cached_property
    def _starts(self) -> list[int]:
        return [function.address for function in self.functions]

    def function_at(self, address: int) -> str:
        """Name of the function that `address` lies in; "?" where it lies in none."""
        i = bisect_right(self._starts, address) - 1
        if i < 0:
            return "?"
        function = self.functions[i]
        return function.name if address < function.address + max(function.size, 1) else "?"


def read_image(path: Path) -> Image:
    """The program in a 32-bit little-endian ELF file.

    Raises EdgeSastError where the package that reads ELF files is missing, and for a program without symbols.
    """
    try:
        from elftools.elf.elffile import ELFFile
        from elftools.elf.sections import SymbolTableSection
    except ImportError as error:
        raise EdgeSastError(f"the Python package pyelftools is missing; {EXTRA}") from error
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        segments = tuple(
            Segment(s["p_vaddr"], s.data(), s["p_memsz"], bool(s["p_flags"] & EXECUTABLE))
            for s in elf.iter_segments()
            if s["p_type"] == "PT_LOAD" and s["p_memsz"]
        )
        table = elf.get_section_by_name(".symtab")
        if not isinstance(table, SymbolTableSection):
            raise EdgeSastError("the program has no symbols, by which its functions are called; leave out -s")
        thumb = elf["e_machine"] == "EM_ARM"
        symbols, functions = {}, {}
        for symbol in table.iter_symbols():
            if symbol["st_shndx"] == "SHN_UNDEF" or not symbol.name:
                continue
            symbols[symbol.name] = symbol["st_value"]
            if symbol["st_info"]["type"] == "STT_FUNC":
                address = symbol["st_value"] & ~1 if thumb else symbol["st_value"]
                functions[address] = Function(symbol.name, address, symbol["st_size"])
    return Image(segments, tuple(functions[address] for address in sorted(functions)), symbols)
