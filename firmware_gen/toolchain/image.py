"""A linked program: what lies where in memory, and what its functions are called."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from edge_sast.errors import EdgeSastError

EXECUTABLE = 1  # PF_X
ALLOCATED = 2  # SHF_ALLOC


@dataclass(frozen=True)
class Segment:
    """A part of memory: `data`, then zeros up to `size` bytes."""

    address: int
    data: bytes
    size: int
    executable: bool


@dataclass(frozen=True)
class Code:
    """A run of instructions, with no constants in it."""

    address: int
    data: bytes


@dataclass(frozen=True)
class Function:
    """A function's code: name, first address (without the Thumb bit), bytes."""

    name: str
    address: int
    size: int


@dataclass(frozen=True)
class Image:
    """An ELF file as loaded. code: every run of instructions. functions: by address."""

    segments: tuple[Segment, ...]
    code: tuple[Code, ...] = field(repr=False)
    functions: tuple[Function, ...]
    symbols: dict[str, int] = field(repr=False)

    @cached_property
    def _starts(self) -> list[int]:
        return [function.address for function in self.functions]

    def function_at(self, address: int) -> str:
        """Name of the function that `address` lies in; "?" where it lies in none."""
        function = self._function(address)
        return function.name if function else "?"

    def place(self, address: int) -> str:
        """`address` for a reader: the function, how far in it, and the address itself."""
        function = self._function(address)
        return (
            f"{function.name}+{address - function.address:#x} (0x{address:08x})"
            if function
            else f"0x{address:08x}"
        )

    def _function(self, address: int) -> Function | None:
        i = bisect_right(self._starts, address) - 1
        if i < 0:
            return None
        function = self.functions[i]
        return function if address < function.address + max(function.size, 1) else None


def read_image(path: Path) -> Image:
    """The program in a 32-bit little-endian ELF file.

    Raises EdgeSastError where the package that reads ELF files is missing, and for a program without symbols.
    """
    from firmware_gen.toolchain.elf import ELFFile, SymbolTableSection

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
        ordered = tuple(functions[address] for address in sorted(functions))
        code = tuple(_code(elf, table))
    if not thumb:  # GNU's tools for RISC-V mark no constants (binutils 2.40): what lies in functions is code
        code = tuple(part for run in code for part in _in_functions(run, ordered))
    return Image(segments, code, ordered, symbols)


def _in_functions(run: Code, functions: tuple[Function, ...]) -> Iterator[Code]:
    """The parts of it that lie in functions; one without a size goes on to the next."""
    starts = [function.address for function in functions]
    for i, function in enumerate(functions):
        following = starts[i + 1] if i + 1 < len(starts) else run.address + len(run.data)
        end = function.address + function.size if function.size else following
        first, last = max(function.address, run.address), min(end, run.address + len(run.data))
        if first < last:
            yield Code(first, run.data[first - run.address : last - run.address])


def _code(elf: Any, table: Any) -> Iterator[Code]:
    """What lies between a mapping symbol of code ($t of Thumb, $x of RISC-V) and the next one ($d: constants).

    ELF for the Arm Architecture, 5.5.5; RISC-V ELF Specification, mapping symbol.
    """
    marks: dict[int, dict[int, bool]] = {}  # by section: where code begins, and where it ends
    for symbol in table.iter_symbols():
        if symbol.name[:2] in ("$t", "$x", "$d", "$a"):
            marks.setdefault(symbol["st_shndx"], {})[symbol["st_value"]] = symbol.name[:2] in ("$t", "$x")
    for index in sorted(i for i in marks if isinstance(i, int)):
        section = elf.get_section(index)
        if not section["sh_flags"] & ALLOCATED or section["sh_type"] == "SHT_NOBITS":
            continue
        first, data = section["sh_addr"], section.data()
        places = sorted(marks[index])
        for start, end in zip(places, [*places[1:], first + len(data)], strict=True):
            if marks[index][start] and start < end:
                yield Code(start, data[start - first : end - first])
