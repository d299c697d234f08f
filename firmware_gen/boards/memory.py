"""What a linked program takes of a board's flash and RAM, read from its ELF file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge_sast.errors import EdgeSastError
from firmware_gen.boards.boards import Board, Region
from firmware_gen.toolchain.elf import ELFFile


@dataclass(frozen=True)
class MemoryUse:
    """Bytes. flash: code, tables and initial values; ram: variables, without the stack kept for them."""

    flash: int
    ram: int
    stack: int


def memory_use(program: Path, board: Board) -> MemoryUse:
    """Of the program's loadable segments: from each region's start to its last byte, gaps included."""
    with program.open("rb") as stream:
        segments = [s.header for s in ELFFile(stream).iter_segments("PT_LOAD")]
    flash = [s.p_paddr + s.p_filesz for s in segments if s.p_filesz]
    ram = [s.p_vaddr + s.p_memsz for s in segments if s.p_memsz and s.p_vaddr >= board.ram.origin]
    if board.ram.origin < board.flash.origin:
        ram = [end for end in ram if end <= board.flash.origin]
    return MemoryUse(_used(flash, board.flash), _used(ram, board.ram), board.stack_bytes)


def _used(ends: list[int], region: Region) -> int:
    return max(ends, default=region.origin) - region.origin


def check_fits(use: MemoryUse, board: Board) -> None:
    """Raises EdgeSastError with the bytes needed and those there."""
    for name, needed, note, region in (
        ("flash", use.flash, "", board.flash),
        ("RAM", use.ram + use.stack, f", {use.stack:,} of them for the stack", board.ram),
    ):
        if needed > region.size:
            raise EdgeSastError(
                f"--board {board.name}: the model needs {needed:,} bytes of {name}{note}, the board has "
                f"{region.size:,}; export a smaller model or choose another board"
            )


def flash_image(program: Path, board: Board) -> bytes:
    """The bytes of flash from its origin on, gaps filled with 0xFF."""
    with program.open("rb") as stream:
        parts = [(s.header.p_paddr, s.data()) for s in ELFFile(stream).iter_segments("PT_LOAD")]
    image = bytearray()
    for address, data in sorted((a, d) for a, d in parts if d):
        place = address - board.flash.origin
        image += b"\xff" * (place - len(image))
        image[place : place + len(data)] = data
    return bytes(image)
