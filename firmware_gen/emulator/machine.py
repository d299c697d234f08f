"""A core and its memory: functions of a program are called on it, and its instructions counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge_sast.errors import CheckFailedError, EdgeSastError
from firmware_gen.emulator.guard import Guard, Stop
from firmware_gen.isa.check import check_code, disassemble
from firmware_gen.isa.instructions import split_instructions
from firmware_gen.toolchain.cores import CORES, Core
from firmware_gen.toolchain.cross import EXTRA
from firmware_gen.toolchain.image import Image

PAGE = 4096
STOP = 0x0F00_0000  # where a called function returns to; no code lies there
STACK_TOP = 0x3010_0000
STACK_BYTES = (
    64 * 1024
)  # a device's network takes a few hundred; below it nothing is mapped, so an overflow is found
STACK_FILL = 0xA5  # what the stack holds before it is used
BUFFERS = 0x6000_0000  # memory for the caller
CALL_TIMEOUT_S = 120  # one step of the largest networks takes seconds; a hang must end


class Machine:
    """One core with a program in its memory.

    Where Unicorn goes on and silicon does not, the program is refused: see instruction_check.py and guard.py.

    Raises:
        EdgeSastError: Unicorn is missing.
        CheckFailedError: an instruction that the core lacks.
    """

    def __init__(self, image: Image, core: Core) -> None:
        try:
            import unicorn
        except ImportError as error:
            raise EdgeSastError(f"the Python package unicorn is missing; {EXTRA}") from error
        check_code(image, core.name)
        self.image, self.core = image, core
        self._unicorn = unicorn
        self._engine, self._registers = _engine(unicorn, core)
        self._next_buffer = BUFFERS
        for segment in image.segments:
            self._map(segment.address, segment.size)
            self._engine.mem_write(segment.address, segment.data)
        for code in image.code:  # never written: what was checked is what runs
            start, end = code.address & -PAGE, (code.address + len(code.data) + PAGE - 1) & -PAGE
            self._engine.mem_protect(start, end - start, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
        self._map(STOP, PAGE)
        self._map(STACK_TOP - STACK_BYTES, STACK_BYTES)
        self._guard = Guard(self._engine, image, core.family, self._registers.bases)

    def _map(self, address: int, size: int) -> None:
        start, end = address & -PAGE, (address + size + PAGE - 1) & -PAGE
        for first, last, _ in sorted(self._engine.mem_regions()):
            if first <= start <= last:  # segments may share a page
                start = last + 1
        if end > start:
            self._engine.mem_map(start, end - start)

    def on_block(self, callback: Callable[[int, int], None]) -> None:
        """Have `callback` told address and size of every block of code, each time before it runs."""
        self._engine.ctl_flush_tb()  # code that ran before would not call it
        self._engine.hook_add(
            self._unicorn.UC_HOOK_BLOCK, lambda _engine, address, size, _user: callback(address, size)
        )

    def allocate(self, size: int) -> int:
        """Address of `size` bytes of memory that the program does not use."""
        address = self._next_buffer
        self._map(address, max(size, 1))
        self._next_buffer = (
            address + size + 2 * PAGE - 1
        ) & -PAGE  # a hole after it: nobody writes beyond unseen
        return address

    def free_all(self) -> None:
        """Takes back all that was allocated: Unicorn gets slower with every piece of memory."""
        for first, last, _ in list(self._engine.mem_regions()):
            if first >= BUFFERS:
                self._engine.mem_unmap(first, last + 1 - first)
        self._next_buffer = BUFFERS

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes of memory."""
        return bytes(self._engine.mem_read(address, size))

    def write(self, address: int, data: bytes) -> None:
        """Put bytes into memory."""
        self._engine.mem_write(address, data)

    def call(self, function: str, *arguments: int) -> int:
        """Call a C function by its name, with up to four integers or addresses; what it returns, as uint32.

        Raises CheckFailedError where it faults or does not end.
        """
        return self.call_at(self.image.symbols[function], *arguments)

    def call_at(self, address: int, *arguments: int) -> int:
        """The same by its address, with or without the Thumb bit.

        Raises CheckFailedError where it faults or does not end.
        """
        registers = self._registers
        for register, value in zip(registers.arguments, arguments, strict=False):
            self._engine.reg_write(register, value)
        self._engine.reg_write(registers.stack, STACK_TOP)
        self._engine.reg_write(registers.link, STOP | registers.thumb)
        start = address | registers.thumb
        function = self.image.function_at(address & ~registers.thumb)
        try:
            self._engine.emu_start(start, STOP, timeout=int(CALL_TIMEOUT_S * 1e6))
        except self._unicorn.UcError as error:
            raise CheckFailedError(
                f"{self.core.name}: {function} stopped in {self._where()}: {self._reason(error)}"
            ) from error
        stop = self._guard.stopped()
        if stop is not None:
            raise CheckFailedError(f"{self.core.name}: {function} stopped in {self._refusal(stop)}")
        if self._engine.reg_read(registers.counter) & ~1 != STOP:
            raise CheckFailedError(
                f"{self.core.name}: {function} did not end after {CALL_TIMEOUT_S} s, in {self._where()}"
            )
        return int(self._engine.reg_read(registers.arguments[0]))

    def _where(self) -> str:
        return self.image.place(self._engine.reg_read(self._registers.counter) & ~1)

    def _reason(self, error: Any) -> str:
        """Unicorn's own words, and the instruction where it is one that the core refused."""
        if error.errno not in (self._unicorn.UC_ERR_EXCEPTION, self._unicorn.UC_ERR_INSN_INVALID):
            return str(error)
        counter = self._engine.reg_read(self._registers.counter) & ~1
        return (
            f"'{self._instruction(counter, 4)}': {error} (an address that is not aligned, or no instruction)"
        )

    def _refusal(self, stop: Stop) -> str:
        if stop.base is None:
            address, size = self._unknown(stop)
            return (
                f"{self.image.place(address)}: '{self._instruction(address, size)}' was reached, which is no code of "
                "the program (constants, the midst of an instruction, or memory that was written)"
            )
        return (
            f"{self.image.place(stop.address)}: unaligned '{self._instruction(stop.address, stop.size)}' at address "
            f"0x{stop.base:08x}; the chip needs a multiple of 4: align the data, or use memcpy"
        )

    def _unknown(self, stop: Stop) -> tuple[int, int]:
        """Address and bytes of the first instruction of a block that the program does not have."""
        block = split_instructions(self.core.family, self.read(stop.address, stop.size))
        places = [(stop.address + at, size) for at, _, size in block]
        return next((place for place in places if not self._guard.knows(place[0])), places[0])

    def _instruction(self, address: int, size: int) -> str:
        return disassemble(self.core.family, self.read(address, size), address)

    def take_counts(self) -> Counter[str]:
        """Instructions executed in each function since the last call of this."""
        return self._guard.take_counts()

    def fill_stack(self) -> None:
        """Make the whole stack look unused."""
        self.write(STACK_TOP - STACK_BYTES, bytes([STACK_FILL]) * STACK_BYTES)

    def stack_used(self) -> int:
        """Bytes of the stack that were written to since fill_stack; 0 where nothing was."""
        stack = self.read(STACK_TOP - STACK_BYTES, STACK_BYTES)
        return len(stack.lstrip(bytes([STACK_FILL])))


@dataclass(frozen=True)
class _Registers:
    """The calling convention: arguments (the first also holds the result), stack, link, program counter.

    bases: r0 to r14, by whose values memory is reached; empty where the guard has no rule for them.
    """

    arguments: tuple[int, ...]
    stack: int
    link: int
    counter: int
    thumb: int
    bases: tuple[int, ...] = ()


def _engine(unicorn: Any, core: Core) -> tuple[Any, _Registers]:
    if core.cpu is None:
        raise EdgeSastError(
            f"core is {core.name!r}, which Unicorn cannot emulate; use one of {', '.join(CORES)}"
        )
    if core.family == "arm":
        from unicorn import arm_const as arm

        # With UC_MODE_MCLASS Unicorn takes its Cortex-M33, whatever model is chosen.
        engine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB)
        engine.ctl_set_cpu_model(getattr(arm, core.cpu))
        arguments = tuple(getattr(arm, f"UC_ARM_REG_R{i}") for i in range(4))
        bases = (*(getattr(arm, f"UC_ARM_REG_R{i}") for i in range(13)), arm.UC_ARM_REG_SP, arm.UC_ARM_REG_LR)
        registers = (arguments, arm.UC_ARM_REG_SP, arm.UC_ARM_REG_LR, arm.UC_ARM_REG_PC, 1, bases)
        return engine, _Registers(*registers)
    from unicorn import riscv_const as riscv

    engine = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
    engine.ctl_set_cpu_model(getattr(riscv, core.cpu))
    arguments = tuple(getattr(riscv, f"UC_RISCV_REG_A{i}") for i in range(4))
    return engine, _Registers(
        arguments, riscv.UC_RISCV_REG_SP, riscv.UC_RISCV_REG_RA, riscv.UC_RISCV_REG_PC, 0
    )
