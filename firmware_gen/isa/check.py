"""A linked program's code against the instruction set of the core it is for.

Emulators run more than the silicon: Unicorn and QEMU execute SMLAD on a Cortex-M3, Unicorn also IT and CBZ on a
Cortex-M0. So every instruction of a program is looked up in a table of the named core's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge_sast.errors import CheckFailedError
from firmware_gen.isa import riscv as rv
from firmware_gen.isa import thumb
from firmware_gen.isa.instructions import split_instructions
from firmware_gen.toolchain.image import Image


@dataclass(frozen=True)
class InstructionSet:
    """Of one core. title: for messages. family: arm or riscv. parts: of the architecture, as the tables name them."""

    title: str
    family: str
    parts: frozenset[str]


_V7M = {thumb.V6M, thumb.V7M}
# DSP is optional in Armv8-M; compilers take it for granted with -mcpu=cortex-m33.
_V8M = {*_V7M, thumb.DSP, thumb.V8M}
_RV32IMC = {rv.BASE, rv.MUL, rv.SHORT}
# By the core's name in small letters. None has floats: firmware is compiled for chips without, too.
SETS = {
    "cortex-m0": InstructionSet("Cortex-M0 (Armv6-M)", "arm", frozenset({thumb.V6M})),
    "cortex-m0+": InstructionSet("Cortex-M0+ (Armv6-M)", "arm", frozenset({thumb.V6M})),
    "cortex-m3": InstructionSet("Cortex-M3 (Armv7-M)", "arm", frozenset(_V7M)),
    "cortex-m4": InstructionSet("Cortex-M4 (Armv7E-M)", "arm", frozenset({*_V7M, thumb.DSP})),
    "cortex-m7": InstructionSet("Cortex-M7 (Armv7E-M)", "arm", frozenset({*_V7M, thumb.DSP})),
    "cortex-m33": InstructionSet("Cortex-M33 (Armv8-M)", "arm", frozenset(_V8M)),
    "cortex-m55": InstructionSet("Cortex-M55 (Armv8.1-M)", "arm", frozenset({*_V8M, thumb.V8_1M})),
    "rv32": InstructionSet("RV32IMC", "riscv", frozenset(_RV32IMC)),
    "rv32imac": InstructionSet("RV32IMAC", "riscv", frozenset({*_RV32IMC, rv.ATOMIC, rv.CSR})),
}


@dataclass(frozen=True)
class Foreign:
    """An instruction that the core lacks. part: what has it; None: nothing that is known here."""

    address: int
    code: bytes
    part: str | None


def check_code(image: Image, core: str) -> None:
    """Every instruction of a program is one of the core's. core: a name of SETS, in any letters.

    Raises CheckFailedError, which names the first that is not.
    """
    if not image.code:
        raise CheckFailedError(
            f"{core}: the program has no mapping symbols ($t, $x), which tell code from constants; leave out -Wl,-x"
        )
    chosen = SETS[core.lower()]
    found = list(foreign_instructions(image, chosen))
    if found:
        more = f" ({len(found) - 1} more are not)" if len(found) > 1 else ""
        raise CheckFailedError(f"{core}: {describe(found[0], image, chosen)}{more}")


def foreign_instructions(image: Image, chosen: InstructionSet) -> Iterator[Foreign]:
    """Those of a program's code that the set lacks, by address."""
    part_of = thumb.thumb_part if chosen.family == "arm" else rv.riscv_part
    for code in image.code:
        for at, encoding, size in split_instructions(chosen.family, code.data):
            part = part_of(encoding, size) if at + size <= len(code.data) else None  # else it is cut off
            if part not in chosen.parts:
                yield Foreign(code.address + at, code.data[at : at + size], part)


def describe(foreign: Foreign, image: Image, chosen: InstructionSet) -> str:
    """Where it is, what it is, and what to do."""
    known = f" but of {foreign.part}" if foreign.part else ""
    return (
        f"{image.place(foreign.address)}: '{disassemble(chosen.family, foreign.code, foreign.address)}' is no "
        f"instruction of the {chosen.title}{known}; compile every source for this core, or choose a core that has it"
    )


def disassemble(family: str, code: bytes, address: int) -> str:
    """One instruction as assemblers write it; its bits where capstone is not installed, or does not know it."""
    halves = [code[i : i + 2] for i in range(0, len(code), 2)]
    bits = "0x" + b"".join(half[::-1] for half in (halves if family == "arm" else halves[::-1])).hex()
    try:
        import capstone
    except ImportError:
        return bits
    if family == "arm":
        engine = capstone.Cs(
            capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS | capstone.CS_MODE_V8
        )
    else:
        engine = capstone.Cs(capstone.CS_ARCH_RISCV, capstone.CS_MODE_RISCV32 | capstone.CS_MODE_RISCVC)
    for found in engine.disasm(code, address):
        return f"{found.mnemonic} {found.op_str}".strip()
    return bits
