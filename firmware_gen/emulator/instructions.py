"""How many instructions a run of machine code holds, from the lengths that their first bits tell.

Thumb: a halfword whose top five bits are 0b11101, 0b11110 or 0b11111 begins an instruction of 32 bits, every other one
is an instruction of 16 bits (Armv7-M Architecture Reference Manual, A5.1). RISC-V: the two lowest bits are 0b11 in an
instruction of 32 bits, anything else is one of 16 bits (The RISC-V Instruction Set Manual, volume I, 1.5).
"""

from __future__ import annotations

from edge_sast.errors import CheckFailedError


def count_instructions(family: str, code: bytes) -> int:
    """Instructions in `code` (whole instructions, little-endian); family: arm (Thumb) or riscv.

    Raises CheckFailedError where the last one is cut off.
    """
    wide = _is_wide_thumb if family == "arm" else _is_wide_riscv
    at = count = 0
    while at < len(code):
        at += 4 if wide(int.from_bytes(code[at : at + 2], "little")) else 2
        count += 1
    if at != len(code):
        raise CheckFailedError(f"emulator: a block of {len(code)} bytes ends inside an instruction")
    return count


def _is_wide_thumb(halfword: int) -> bool:
    return halfword >> 11 in (0b11101, 0b11110, 0b11111)


def _is_wide_riscv(halfword: int) -> bool:
    return halfword & 3 == 3
