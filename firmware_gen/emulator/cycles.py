"""Cycles that a Cortex-M would take, estimated from executed blocks and the documented instruction timings.

An estimate, never a measurement. Sources: Cortex-M4 Technical Reference Manual (ARM DDI 0439), table 3-1 and the
section on load and store timings; Cortex-M0+ (DDI 0484) and Cortex-M0 (DDI 0432), tables 3-1. Assumed: memory without
wait states, no contention for the bus, the fast multiplier on M0 and M0+, `REFILL` cycles to refill the M4's pipeline
(the manual says 1 to 3), 12 cycles a division (2 to 12), no folded IT instruction. What an IT block skips
counts as if executed. On the M4 a load costs 2, or 1 right after a load that does not give its address; one cycle is
added where the address comes out of the instruction just before; a single store costs 1 (2 with a register offset).
Pipelining ends with a block.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from edge_sast.errors import EdgeSastError
from firmware_gen.emulator.counts import DRIVER, take_counts
from firmware_gen.emulator.machine import Machine

REFILL = 2
M4_DIVIDE = 12

LOADS = {"ldr", "ldrb", "ldrh", "ldrsb", "ldrsh"}
STORES = {"str", "strb", "strh"}
DOUBLE = {"ldrd", "strd"}
MULTIPLE = {"ldm", "ldmdb", "stm", "stmdb", "push", "pop"}
BASED = {"ldm", "ldmdb", "stm", "stmdb"}  # their first operand is the address, not data
MEMORY = LOADS | STORES | DOUBLE | MULTIPLE
SYSTEM = {"mrs", "msr", "dmb", "dsb", "isb", "wfi", "wfe", "svc", "bkpt"}


@dataclass(frozen=True)
class Instruction:
    """What timing depends on. registers: that it moves, of load and store multiple. address: registers that an address
    is made of. indexed: by a register. written: registers it writes.
    """

    name: str
    registers: int
    address: frozenset[int]
    indexed: bool
    written: frozenset[int]
    branches: bool


@dataclass(frozen=True)
class Core:
    """block: cycles of a block's instructions; the flag says whether control left it other than by running on."""

    name: str
    block: Callable[[Sequence[Instruction], bool], int]


def _m4(block: Sequence[Instruction], taken: bool) -> int:
    cycles, before = 0, None
    for instruction in block:
        cycles += _m4_instruction(instruction, before)
        before = instruction
    return cycles + (REFILL if taken else 0)


def _m4_instruction(instruction: Instruction, before: Instruction | None) -> int:
    name = instruction.name
    single = name in LOADS or name in STORES
    after_load = before is not None and before.name in LOADS
    dependent = before is not None and bool(instruction.address & before.written)
    stall = int(before is not None and dependent and before.name not in MEMORY)
    if single:
        alone = 1 if name in STORES and not instruction.indexed else 2
        return 1 if after_load and not dependent else alone + stall
    if name in DOUBLE:
        return 3 + stall
    if name in MULTIPLE:
        return 1 + instruction.registers + stall
    if name in ("udiv", "sdiv"):
        return M4_DIVIDE
    return {"tbb": 2, "tbh": 2, "mrs": 2, "msr": 2}.get(name, 1)


def _small(name: str, taken: int, link: int, pop_return: int, system: int) -> Core:
    """An Armv6-M core. taken: cycles of a branch; link: of BL; pop_return: of POP with PC, plus the registers."""

    def block(instructions: Sequence[Instruction], left: bool) -> int:
        cycles = sum(cost(instruction) for instruction in instructions[:-1])
        last = instructions[-1]
        if not (left and last.branches):
            return cycles + cost(last)
        if last.name == "pop":
            return cycles + pop_return + last.registers
        return cycles + (link if last.name == "bl" else taken)

    def cost(instruction: Instruction) -> int:
        if instruction.name in LOADS or instruction.name in STORES:
            return 2
        if instruction.name in MULTIPLE:
            return 1 + instruction.registers
        return system if instruction.name in SYSTEM else 1

    return Core(name, block)


CORES = {
    core.name: core
    for core in (
        Core("cortex-m4", _m4),
        _small("cortex-m0plus", taken=2, link=3, pop_return=3, system=3),
        _small("cortex-m0", taken=3, link=4, pop_return=4, system=4),
    )
}


# Cores whose cycles are estimated of what runs on an emulated one: a Cortex-M0+ runs a Cortex-M0's instructions.
TIMINGS = {"cortex-m4": ("cortex-m4",), "cortex-m0": ("cortex-m0plus", "cortex-m0")}


@dataclass(frozen=True)
class Cost:
    """Of a step, a frame or a recording. cycles: estimated, by core."""

    instructions: int
    cycles: dict[str, int]

    def of(self, unit: str) -> int:
        """unit: instructions, or a core whose cycles are estimated."""
        return self.instructions if unit == "instructions" else self.cycles[unit]

    def __add__(self, other: Cost) -> Cost:
        cycles = {
            name: self.cycles.get(name, 0) + other.cycles.get(name, 0) for name in self.cycles | other.cycles
        }
        return Cost(self.instructions + other.instructions, cycles)


class EdgeCounter:
    """Watches a machine: how often each block ran, and where it went from there."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._edges: Counter[tuple[int, int, int]] = Counter()
        self._at = (0, 0)
        self._decoded: dict[tuple[int, int], list[Instruction]] = {}  # code is never written
        machine.on_block(self._on_block)

    def _on_block(self, address: int, size: int) -> None:
        self._edges[*self._at, address] += 1
        self._at = (address, size)

    def take(self) -> Run:
        """What ran since the last call of this: one call of the machine, or several."""
        edges, self._edges = self._edges, Counter()
        edges[*self._at, 0] += 1  # back to the caller
        self._at = (0, 0)
        for start, size in {(start, size) for start, size, _ in edges if size} - self._decoded.keys():
            self._decoded[start, size] = decode(self.machine.read(start, size), start)
        return Run(self.machine, {edge: times for edge, times in edges.items() if edge[1]}, self._decoded)


@dataclass(frozen=True, eq=False)
class Run:
    """Executed blocks. edges: (address, bytes, address of the next one) → times."""

    machine: Machine
    edges: dict[tuple[int, int, int], int]
    decoded: dict[tuple[int, int], list[Instruction]]

    def instructions(self) -> Counter[str]:
        """Executed instructions of each function."""
        counts: Counter[str] = Counter()
        for (start, size, _), times in self.edges.items():
            counts[self.machine.image.function_at(start)] += times * len(self.decoded[start, size])
        return counts

    def cycles(self, core: str) -> Counter[str]:
        """Estimated cycles of each function on one of CORES."""
        counts: Counter[str] = Counter()
        for (start, size, then), times in self.edges.items():
            cost = CORES[core].block(self.decoded[start, size], then != start + size)
            counts[self.machine.image.function_at(start)] += times * cost
        return counts


class CostMeter:
    """What runs on a machine, the emulator's own driver left out; cycles only of cores that there are timings of.

    Raises EdgeSastError where capstone is missing.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._edges = EdgeCounter(machine) if machine.core.name in TIMINGS else None
        machine.take_counts()

    def take(self) -> Cost:
        """What ran since the last call of this."""
        instructions = take_counts(self._machine).total()
        return Cost(
            instructions, cost_of(self._edges.take(), self._machine.core.name).cycles if self._edges else {}
        )


def cost_of(run: Run, core: str) -> Cost:
    """Instructions and estimated cycles of what ran, the emulator's own driver left out."""

    def total(counts: dict[str, int]) -> int:
        return sum(n for function, n in counts.items() if not function.startswith(DRIVER))

    return Cost(total(run.instructions()), {name: total(run.cycles(name)) for name in TIMINGS[core]})


def decode(code: bytes, address: int) -> list[Instruction]:
    """Thumb instructions of a block.

    Raises EdgeSastError where capstone is missing, or does not know an instruction.
    """
    try:
        import capstone
    except ImportError as error:
        raise EdgeSastError("the Python package capstone is missing; pip install capstone") from error
    engine = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
    engine.detail = True
    found = list(engine.disasm(code, address))
    end = address + sum(instruction.size for instruction in found)
    if end != address + len(code):
        raise EdgeSastError(f"0x{end:08x}: capstone does not know the instruction; use another version of it")
    return [_instruction(instruction) for instruction in found]


def _instruction(found: Any) -> Instruction:
    from capstone import arm

    name = found.insn_name()
    _, written = found.regs_access()
    memory = [operand.mem for operand in found.operands if operand.type == arm.ARM_OP_MEM]
    registers = sum(operand.type == arm.ARM_OP_REG for operand in found.operands)
    base = (
        {found.operands[0].reg} if name in BASED else {arm.ARM_REG_SP} if name in ("push", "pop") else set()
    )
    address = base | {r for mem in memory for r in (mem.base, mem.index) if r}
    return Instruction(
        name=name,
        registers=registers - (name in BASED),
        address=frozenset(address),
        indexed=any(mem.index for mem in memory),
        written=frozenset(written),
        branches=name in ("b", "bl", "bx", "blx", "cbz", "cbnz", "tbb", "tbh") or arm.ARM_REG_PC in written,
    )
