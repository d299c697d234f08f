"""The processor cores that firmware is made for: what compilers and the emulator call them.

Unicorn's models execute some instructions that their core lacks; firmware_gen/isa/check.py refuses those.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_sast.errors import EdgeSastError


@dataclass(frozen=True)
class Core:
    """One core.

    name: as a user types it. title: as its maker writes it. family: arm (Thumb code) or riscv. zig, gcc: flags that
    choose it. cpu: its name in Unicorn, a constant of unicorn.arm_const or unicorn.riscv_const; None where Unicorn
    cannot emulate it.
    """

    name: str
    title: str
    family: str
    zig: tuple[str, ...]
    gcc: tuple[str, ...]
    cpu: str | None = None


def _cortex(letter: str, zig: str = "", gcc: str = "", emulated: bool = True) -> Core:
    """zig, gcc: features to take away from the whole core. No floats: a core with an FPU runs soft ones' registers."""
    plain = letter.replace("+", "plus")
    cpu = f"UC_CPU_ARM_CORTEX_M{letter}" if emulated else None
    zig_flags = ("-target", "thumb-freestanding-eabi", f"-mcpu=cortex_m{plain}{zig}", "-mfloat-abi=soft")
    gcc_flags = (f"-mcpu=cortex-m{plain}{gcc}", "-mthumb", "-mfloat-abi=soft")
    return Core(f"cortex-m{letter}", f"Cortex-M{letter}", "arm", zig_flags, gcc_flags, cpu)


M0, M0_PLUS, M3, M4, M7, M33 = (
    _cortex("0"),
    _cortex("0+", emulated=False),
    _cortex("3"),
    _cortex("4"),
    _cortex("7"),
    _cortex("33"),
)
M55 = _cortex("55", "-mve-mve_fp-fp_armv8d16sp", "+nomve+nofp", emulated=False)
RV32IMC = Core(
    "rv32",
    "RV32IMC",
    "riscv",
    ("-target", "riscv32-freestanding-none", "-mcpu=generic_rv32+m+c", "-mabi=ilp32"),
    ("-march=rv32imc", "-mabi=ilp32"),
    "UC_CPU_RISCV32_SIFIVE_E31",
)
RV32IMAC = Core(
    "rv32imac",
    "RV32IMAC",
    "riscv",
    ("-target", "riscv32-freestanding-none", "-mcpu=baseline_rv32-d-f", "-mcmodel=medany"),
    ("-march=rv32imac_zicsr", "-mabi=ilp32", "-mcmodel=medany"),
)

CORES = {core.name: core for core in (M0, M3, M4, M7, M33, RV32IMC)}  # that Unicorn emulates
DEFAULT = "cortex-m"  # stands for cortex-m4
NAMES = (DEFAULT, *CORES)
DSP_CORES = (M4.name, M7.name, M33.name)  # of those, with the DSP extension


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
        raise EdgeSastError(
            f"--on is {name!r}; use host or one of {', '.join(NAMES)}, for Verilog verilator, icarus or netlist"
        )
    return core
