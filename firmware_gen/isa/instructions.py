"""Where instructions begin in a run of machine code: their first bits tell their length.

Thumb: a halfword whose top five bits are 0b11101, 0b11110 or 0b11111 begins an instruction of 32 bits, every other one
is an instruction of 16 bits (Armv7-M Architecture Reference Manual, A5.1). RISC-V: the two lowest bits are 0b11 in an
instruction of 32 bits, anything else is one of 16 bits (The RISC-V Instruction Set Manual, volume I, 1.5).
"""

from __future__ import annotations

from collections.abc import Iterator


def split_instructions(family: str, code: bytes) -> Iterator[tuple[int, int, int]]:
    """Offset, encoding and bytes of each; of Thumb's, the first halfword is the encoding's upper half.

    Of an instruction that is cut off, the encoding is what there is of it.
    """
    wide = _is_wide_thumb if family == "arm" else _is_wide_riscv
    at = 0
    while at < len(code):
        first = int.from_bytes(code[at : at + 2], "little")
        if not wide(first):
            yield at, first, 2
            at += 2
            continue
        second = int.from_bytes(code[at + 2 : at + 4], "little")
        yield at, first << 16 | second if family == "arm" else second << 16 | first, 4
        at += 4


def _is_wide_thumb(halfword: int) -> bool:
    return halfword >> 11 in (0b11101, 0b11110, 0b11111)


def _is_wide_riscv(halfword: int) -> bool:
    return halfword & 3 == 3
