"""The cores that firmware can be emulated on: what a compiler and the emulator call them.

Unicorn's models execute some instructions that their core lacks; firmware_gen/isa/check.py refuses those.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_sast.errors import EdgeSastError


@dataclass(frozen=True)
class Core:
    """One core.

    name: as a user types it. family: arm (Thumb code) or riscv. cpu: its name in Unicorn, a constant of
    unicorn.arm_const or unicorn.riscv_const. zig, gcc: flags that choose it.
    """

    name: str
    family: str
    cpu: str
    zig: tuple[str, ...]
    gcc: tuple[str, ...]


def _cortex(letter: str) -> Core:
    # The float ABI is soft everywhere: the code uses no floats, and a core without an FPU runs the same registers.
    zig = ("-target", "thumb-freestanding-eabi", f"-mcpu=cortex_m{letter}", "-mfloat-abi=soft")
    gcc = (f"-mcpu=cortex-m{letter}", "-mthumb", "-mfloat-abi=soft")
    return Core(f"cortex-m{letter}", "arm", f"UC_CPU_ARM_CORTEX_M{letter}", zig, gcc)


_RV32 = Core(
    "rv32",
    "riscv",
    "UC_CPU_RISCV32_SIFIVE_E31",
    ("-target", "riscv32-freestanding-none", "-mcpu=generic_rv32+m+c", "-mabi=ilp32"),
    ("-march=rv32imc", "-mabi=ilp32"),
)

CORES = {core.name: core for core in (*(_cortex(n) for n in ("0", "3", "4", "7", "33")), _RV32)}
DEFAULT = "cortex-m"  # stands for cortex-m4
NAMES = (DEFAULT, *CORES)


def find_core(name: str) -> Core:
    """The core a user named.

    Raises EdgeSastError for a core that cannot be emulated.
    """
    if name == "cortex-m55":
        raise EdgeSastError(
            "--on is 'cortex-m55', which Unicorn cannot emulate (it knows neither the vector instructions nor the "
            "loop instructions of Armv8.1-M); use cortex-m33, or QEMU: "
            "edge-sast board run BUILD --board qemu-mps3-an547"
        )
    core = CORES.get("cortex-m4" if name == DEFAULT else name)
    if core is None:
        raise EdgeSastError(f"--on is {name!r}; use host or one of {', '.join(NAMES)}")
    return core
