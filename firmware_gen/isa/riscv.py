"""Which part of RV32 a RISC-V instruction belongs to, told by its encoding.

The RISC-V Instruction Set Manual, volume I (RV32I, M, A, Zicsr, C and their opcode maps);
volume II for what the machine mode adds. Floats, bit manipulation and vectors are of no core here.
"""

from __future__ import annotations

from functools import cache

BASE, MUL, ATOMIC, SHORT, CSR = "RV32I", "the M extension", "the A extension", "the C extension", "Zicsr"

_LOADS, _STORES, _BRANCHES = {0, 1, 2, 4, 5}, {0, 1, 2}, {0, 1, 4, 5, 6, 7}
_ATOMICS = {0b00001, 0b00010, 0b00011, 0b00000, 0b00100, 0b01100, 0b01000, 0b10000, 0b10100, 0b11000, 0b11100}
_WHOLE = {0x00000073: BASE, 0x00100073: BASE, 0x30200073: CSR, 0x10500073: CSR}  # ECALL, EBREAK, MRET, WFI


@cache
def riscv_part(encoding: int, size: int) -> str | None:
    """The part an instruction belongs to; None: to none that a core here has. size: 2 or 4 bytes."""
    return _narrow(encoding) if size == 2 else _wide(encoding)


def _wide(code: int) -> str | None:
    opcode, kind, upper = code & 0x7F, code >> 12 & 7, code >> 25
    if opcode in (0x37, 0x17, 0x6F):  # LUI, AUIPC, JAL
        return BASE
    if opcode == 0x33:
        return MUL if upper == 1 else BASE if upper == 0 or (upper == 0x20 and kind in (0, 5)) else None
    if opcode == 0x13:  # shifts by a constant have only two forms
        return BASE if kind not in (1, 5) or upper == 0 or (upper == 0x20 and kind == 5) else None
    if opcode == 0x73:
        return _WHOLE.get(code) if kind == 0 else CSR if kind != 4 else None
    if opcode == 0x2F:
        return ATOMIC if kind == 2 and code >> 27 in _ATOMICS else None
    kinds = {0x03: _LOADS, 0x23: _STORES, 0x63: _BRANCHES, 0x67: {0}, 0x0F: {0}}.get(opcode, set())
    return BASE if kind in kinds else None


def _narrow(code: int) -> str | None:
    quadrant, kind, bit12 = code & 3, code >> 13, code >> 12 & 1
    first, second = code >> 7 & 31, code >> 2 & 31
    if quadrant == 0:  # ADDI4SPN of a constant that is not 0, LW, SW
        return SHORT if kind in (2, 6) or (kind == 0 and code >> 5 & 0xFF) else None
    if quadrant == 1:
        return _narrow_arithmetic(code, kind, bit12, second)
    if kind == 0:  # SLLI by less than 32
        return None if bit12 else SHORT
    if kind == 2:  # LWSP
        return SHORT if first else None
    if kind == 4:  # JR needs a register; MV, EBREAK, JALR, ADD
        return SHORT if bit12 or first or second else None
    return SHORT if kind == 6 else None  # SWSP; the others are of floats


def _narrow_arithmetic(code: int, kind: int, bit12: int, second: int) -> str | None:
    if kind == 3:  # LUI, ADDI16SP: never of 0
        return SHORT if bit12 or second else None
    if kind != 4:
        return SHORT
    form = code >> 10 & 3
    if form == 2:  # ANDI
        return SHORT
    return None if bit12 else SHORT  # SRLI, SRAI by less than 32; SUB, XOR, OR, AND
