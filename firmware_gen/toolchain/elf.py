"""ELF files, which compilers write: the package that reads them, and single symbols and sections."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edge_sast.errors import EdgeSastError

try:
    from elftools.elf.elffile import ELFFile
    from elftools.elf.relocation import RelocationSection
    from elftools.elf.sections import SymbolTableSection
except ImportError as error:
    raise EdgeSastError(
        "the Python package pyelftools is missing; pip install 'edge-sast[emulator]'"
    ) from error

__all__ = ["ELFFile", "RelocationSection", "SymbolTableSection", "rewrite_section", "symbol_address"]


def symbol_address(program: Path, name: str) -> int:
    """Address of a variable or function. Raises EdgeSastError when the program has none of that name."""
    with program.open("rb") as stream:
        tables = [s for s in ELFFile(stream).iter_sections() if isinstance(s, SymbolTableSection)]
        found = [symbol for table in tables for symbol in table.get_symbol_by_name(name) or ()]
    if not found:
        raise EdgeSastError(f"{program}: has no symbol {name!r}; build it again")
    return int(found[0].entry.st_value)


def rewrite_section(program: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """Replaces a section's bytes in the file by as many others. Raises EdgeSastError when there is no such section."""
    with program.open("r+b") as stream:
        found = [s for s in ELFFile(stream).iter_sections() if s.name == name]
        if not found:
            raise EdgeSastError(f"{program}: has no section {name!r}; build it again")
        data = change(found[0].data())
        stream.seek(found[0].header.sh_offset)
        stream.write(data)
