"""Watches each block of code that an emulated core executes: counts it, and stops where silicon would not go on.

It is stopped, where Unicorn would go on, for
1. code that nobody looked at: a block that begins or ends elsewhere than in the instructions of the program, so in
   constants, in the midst of an instruction, or in memory that was written.
2. LDM, STM, LDRD and STRD at an address that is no multiple of 4, which fault on every Cortex-M.

All of this is done each time, in functions that Numba compiles and Unicorn calls: in Python, the second alone makes a
run six times as long, and counting up to ten times.
"""

from __future__ import annotations

import ctypes
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from firmware_gen.isa.instructions import split_instructions
from firmware_gen.isa.thumb import aligned_base
from firmware_gen.toolchain.image import Image

NONE = 0xFFFF_FFFF  # no address of an instruction
# Of a table of code, in words: what was found (address, bytes), where the table begins and how long it is, and then for
# each halfword that begins an instruction the bytes from there to the end of its run. After that, for each halfword
# and one more, blocks begun there less blocks ended there, modulo 2**32: their sums are how often each was executed.
FOUND, FOUND_BYTES, ORIGIN, HALFWORDS, REACH = range(5)
# Of a place: the register's value, Unicorn's number of it, and what was found (address).
VALUE, REGISTER, FOUND_PLACE = range(3)


@dataclass(frozen=True)
class Stop:
    """Why the core stopped. address, size: of the instruction, and base: its register's value.

    base None: it is code that nobody looked at; address, size: of the block that holds it.
    """

    address: int
    size: int
    base: int | None


class Guard:
    """Watches one engine. registers: Unicorn's numbers of r0 to r14 (Arm); empty for a core without such rules."""

    def __init__(self, engine: Any, image: Image, family: str, registers: tuple[int, ...]) -> None:
        self._image = image
        self._code = _code_table(image, family)
        self._transfers = _block_transfers(image) if registers else []
        self._places = np.array([[0, registers[base], NONE] for _, _, base in self._transfers], np.uint32)
        calls = _callbacks()
        _add_hook(engine, calls.block_hook, calls.block, self._code, 1, 0)  # begin after end: everywhere
        for (address, _, _), place in zip(self._transfers, self._places, strict=True):
            _add_hook(engine, calls.code_hook, calls.transfer, place, address, address)

    def knows(self, address: int) -> bool:
        """Whether an instruction of the program begins there."""
        at = (address - int(self._code[ORIGIN])) // 2
        return 0 <= at < int(self._code[HALFWORDS]) and bool(self._code[REACH + at])

    def take_counts(self) -> Counter[str]:
        """Instructions executed in each function since the last call of this; under 2**32 of each instruction.

        An instruction that an IT block skips counts too: the core spends a cycle on it.
        """
        halfwords = int(self._code[HALFWORDS])
        changes = self._code[REACH + halfwords :]
        executed = np.cumsum(changes[:-1], dtype=np.uint32)
        changes[:] = 0
        at = np.flatnonzero((executed > 0) & (self._code[REACH : REACH + halfwords] > 0))
        sums = np.bincount(self._owners[at], executed[at], len(self._image.functions) + 1).astype(np.int64)
        names = [function.name for function in self._image.functions] + ["?"]
        counts: Counter[str] = Counter()
        for i in np.flatnonzero(sums):  # several functions may have one name
            counts[names[i]] += int(sums[i])
        return counts

    @cached_property
    def _owners(self) -> np.ndarray:
        """int64 [halfwords]: which function each lies in; the number of functions where it lies in none."""
        addresses = int(self._code[ORIGIN]) + 2 * np.arange(int(self._code[HALFWORDS]))
        starts = np.array([function.address for function in self._image.functions] + [1 << 32])
        ends = np.array([f.address + max(f.size, 1) for f in self._image.functions] + [0])
        # -1, before the first, is the last, which ends at 0.
        owners = np.searchsorted(starts, addresses, side="right") - 1
        return np.where(addresses < ends[owners], owners, len(starts) - 1)

    def stopped(self) -> Stop | None:
        """What the core was stopped for since the last call of this, if it was."""
        if self._code[FOUND] != NONE:
            found = Stop(int(self._code[FOUND]), int(self._code[FOUND_BYTES]), None)
            self._code[FOUND] = NONE
            return found
        for i in np.flatnonzero(self._places[:, FOUND_PLACE] != NONE) if len(self._places) else ():
            self._places[i, FOUND_PLACE] = NONE
            address, size, _ = self._transfers[i]
            return Stop(address, size, int(self._places[i, VALUE]))
        return None


def _code_table(image: Image, family: str) -> np.ndarray:
    """uint32; see FOUND. Numbers of bytes are 0 where no instruction begins."""
    origin = min((code.address for code in image.code), default=0)
    end = max((code.address + len(code.data) for code in image.code), default=0)
    halfwords = (end - origin) // 2
    table = np.zeros(REACH + 2 * halfwords + 1, np.uint32)  # zeros take no memory until they are touched
    table[:REACH] = NONE, 0, origin, halfwords
    for code in image.code:
        for at, _, _ in split_instructions(family, code.data):
            table[REACH + (code.address + at - origin) // 2] = len(code.data) - at
    return table


def _block_transfers(image: Image) -> list[tuple[int, int, int]]:
    """Address, bytes and base register of those that need an aligned one."""
    found = [
        (code.address + at, size, aligned_base(encoding, size))
        for code in image.code
        for at, encoding, size in split_instructions("arm", code.data)
    ]
    return [(address, size, base) for address, size, base in found if base is not None]


@dataclass(frozen=True)
class _Callbacks:
    """Compiled functions with Unicorn's signature for hooks, and the kinds of hooks that they are."""

    block: Any
    transfer: Any
    block_hook: int
    code_hook: int


@cache
def _callbacks() -> _Callbacks:
    import unicorn
    from numba import cfunc, types

    library = _library()
    address = ctypes.c_void_p
    read_type = ctypes.CFUNCTYPE(ctypes.c_int, address, ctypes.c_int, ctypes.POINTER(ctypes.c_uint32))
    read = read_type(ctypes.cast(library.uc_reg_read, address).value or 0)
    stop = ctypes.CFUNCTYPE(ctypes.c_int, address)(ctypes.cast(library.uc_emu_stop, address).value or 0)
    signature = types.void(types.voidptr, types.uint64, types.uint32, types.CPointer(types.uint32))

    @cfunc(signature)
    def block(engine, address, size, table):
        at = (address - table[ORIGIN]) >> 1
        inside = address >= table[ORIGIN] and at < table[HALFWORDS]
        if inside and size <= table[REACH + at]:
            changes = REACH + table[HALFWORDS] + at
            table[changes] += 1
            table[changes + (size >> 1)] -= 1
        elif table[FOUND] == NONE:
            table[FOUND], table[FOUND_BYTES] = address, size
            stop(engine)

    @cfunc(signature)
    def transfer(engine, address, _size, place):
        read(engine, place[REGISTER], place)  # to its first word, the value
        if place[VALUE] & 3:
            place[FOUND_PLACE] = address
            stop(engine)

    return _Callbacks(block, transfer, unicorn.UC_HOOK_BLOCK, unicorn.UC_HOOK_CODE)


def _library() -> Any:
    """Unicorn's own C library, already loaded. Its Python package hooks only Python functions."""
    from unicorn.unicorn_py3.unicorn import uclib

    return uclib


def _add_hook(engine: Any, kind: int, function: Any, state: np.ndarray, begin: int, end: int) -> None:
    """uc_hook_add with a compiled function; `state` is what it is given."""
    handle = ctypes.c_size_t()
    status = _library().uc_hook_add(
        engine._uch,
        ctypes.byref(handle),
        kind,
        ctypes.c_void_p(function.address),
        ctypes.c_void_p(state.ctypes.data),
        ctypes.c_uint64(begin),
        ctypes.c_uint64(end),
    )
    if status:
        raise RuntimeError(f"uc_hook_add returned {status}")
