"""An assembler for the byte machine of rtl/sast_link.v.

The machine has a byte A, a carry, one return address, a 32-bit CRC register that shifts right, and 512 bytes of data:
page 0, whose first 32 bytes are cells, and page 1, the frame. Every instruction that changes A sets the carry: of an
addition the one out of bit 7, of a subtraction 1 where nothing was borrowed, of all else 0 or what stands below.

| text | what it does |
|---|---|
| ld c, put c | A = cell; cell = A |
| add c, sub c | A = A + cell; A = A - cell |
| inc c, dec c | A = cell = cell + 1; A = cell = cell - 1 (carry 0 where it was 0) |
| set c n | A = cell = n |
| ldi n, addi n, subi n | A = n; A = A + n; A = A - n |
| ldd p+, ldn p+, std p+ | A = data at p, A = the inverse of it, data at p = A; p = p + 1. After std, A = p |
| ldf p+, stf p+ | the same of the frame |
| ldf p, stf p, subf p | A = frame at p; frame at p = A; A = A - frame at p; p stays |
| jmp, jz, jnz, jc, jnc, call l, ret | zero: of A; carry |
| in, send | A = a byte received; A is sent. Both wait |
| get | A = the core's next byte: of a step's record after `give`, of results after `event` or `taken`; waits |
| event | the CRC register goes to the core; waits |
| begin | the core begins anew; bit 0 of A: observed |
| sum | A goes into the CRC |
| shift7, shift | 7 bits of A, 1 bit, from the lowest, go into the CRC register at its upper end |
| give | A goes into the CRC register at its upper end |
| take, taken | the same, and A = what left it at its lower end, or the inverse |
| same | the same, and A = A + what left it + 1: 0 where A was the inverse |
| ended | A = 1 where results wait, else 0; only with recordings that end early |
| setreg, getreg | the CRC register goes to the core's register number A, or comes from it; waits; only with registers |

A pointer p is one of the cells 0 to 3; set and dec take cells 0 to 15.
"""

from __future__ import annotations

from collections.abc import Mapping

_CELL = {"ld": 0x00, "put": 0x20, "sub": 0x40, "add": 0x60, "inc": 0x80, "set": 0xA0, "dec": 0xB0}
_POINTER = {
    "ldf+": 0xC0,
    "ldf": 0xC4,
    "stf+": 0xC8,
    "subf": 0xCC,
    "ldd+": 0xD0,
    "ldn+": 0xD4,
    "std+": 0xD8,
    "stf": 0xDC,
}
_NUMBER = {"ldi": 0xE0, "addi": 0xE1, "subi": 0xE2}
_PLAIN = {"ret": 0xE3, "in": 0xE4, "get": 0xE5, "take": 0xE6, "taken": 0xE7, "same": 0xE8, "give": 0xE9}
_PLAIN |= {"send": 0xEA, "event": 0xEB, "begin": 0xEC, "sum": 0xED, "shift7": 0xEE, "shift": 0xEF}
_PLAIN |= {"setreg": 0xFC, "getreg": 0xFE, "ended": 0xFF}
_JUMP = {"jmp": 0xF0, "call": 0xF2, "jz": 0xF4, "jnz": 0xF6, "jc": 0xF8, "jnc": 0xFA}
_SIZES = {**dict.fromkeys(_JUMP, 2), **dict.fromkeys(_NUMBER, 2), "set": 2}
SMALL_BITS, LARGE_BITS = 9, 10  # of an address in the program


def assemble(text: str, names: Mapping[str, int]) -> bytes:
    """The program: 2^SMALL_BITS bytes, or 2^LARGE_BITS where it has more, and labels at even places only.

    Lines: `label:`, an instruction, or both; `;` begins a comment; n may be a sum of numbers and names. `SPARE` is a
    cell that nothing reads.
    """
    lines = [words for line in text.splitlines() if (words := line.partition(";")[0].split())]
    for bits in (SMALL_BITS, LARGE_BITS):
        program, places = _place(lines, aligned=bits == LARGE_BITS)
        step = 1 if bits == SMALL_BITS else 2
        code = b"".join(_encode(words, {**names, **places}, step) for words in program)
        if len(code) <= 1 << bits:
            return code.ljust(1 << bits, b"\0")
    raise AssertionError(f"{len(code)} bytes")


def _place(lines: list[list[str]], aligned: bool) -> tuple[list[list[str]], dict[str, int]]:
    """The instructions, and the place of each label among their bytes."""
    program: list[list[str]] = []
    places: dict[str, int] = {}
    at = 0
    for line in lines:
        words = line
        if line[0].endswith(":"):
            if aligned and at % 2:
                program.append(["put", "SPARE"])
                at += 1
            assert line[0][:-1] not in places, line
            places[line[0][:-1]], words = at, line[1:]
        if words:
            program.append(words)
            at += _SIZES.get(words[0], 1)
    return program, places


def _value(text: str, names: Mapping[str, int]) -> int:
    return sum(int(part) if part.isdecimal() else names[part] for part in text.split("+"))


def _encode(words: list[str], names: Mapping[str, int], step: int) -> bytes:
    """step: bytes from one place that a jump can lead to, to the next."""
    name, *arguments = words
    if name in _PLAIN:
        return bytes([_PLAIN[name]])
    value = _value(arguments[0].rstrip("+"), names)
    if name in _JUMP:
        return bytes([_JUMP[name] | value // step >> 8, value // step & 0xFF])
    if name in _NUMBER:
        return bytes([_NUMBER[name], value & 0xFF])
    if name in _CELL:
        assert value < (16 if name in ("set", "dec") else 32), words
        return bytes([_CELL[name] | value, *([_value(arguments[1], names) & 0xFF] if name == "set" else [])])
    assert value < 4, words
    return bytes([_POINTER[name + "+" * arguments[0].endswith("+")] | value])
