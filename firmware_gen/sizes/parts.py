"""Well-known microcontrollers and what they have: flash, RAM that one program can use in a row, core."""

from __future__ import annotations

from dataclasses import dataclass

from edge_sast.errors import EdgeSastError
from firmware_gen.boards.boards import ARDUINO, BOARDS
from firmware_gen.sizes.code_sizes import DEFAULT_CORE, core_code

KB = 1024
# Cores by another name in the table of code sizes: an M0+ runs an M0's code.
_CORES = {"cortex-m0+": "cortex-m0", "rv32imac": "rv32"}

# name: (what it stands for, KB of flash, KB of RAM, core). Sizes as they are commonly listed, not compared one by one
# with data sheets. A family's name stands for the variant named here. RAM is the main bank where there are several
# apart; flash is the usual chip where it is outside.
_PARTS: dict[str, tuple[str, int, int, str]] = {
    "stm32f030": ("STM32F030R8", 64, 8, "cortex-m0"),
    "stm32f072": ("STM32F072RB", 128, 16, "cortex-m0"),
    "stm32f103": ("STM32F103C8, Blue Pill", 64, 20, "cortex-m3"),
    "stm32f103rb": ("STM32F103RB", 128, 20, "cortex-m3"),
    "stm32f303": ("STM32F303RE", 512, 64, "cortex-m4"),
    "stm32f401": ("STM32F401RE", 512, 96, "cortex-m4"),
    "stm32f401cc": ("STM32F401CC, Black Pill", 256, 64, "cortex-m4"),
    "stm32f405": ("STM32F405RG", 1024, 128, "cortex-m4"),
    "stm32f407": ("STM32F407VG", 1024, 128, "cortex-m4"),
    "stm32f411": ("STM32F411CE, Black Pill", 512, 128, "cortex-m4"),
    "stm32f446": ("STM32F446RE", 512, 128, "cortex-m4"),
    "stm32f746": ("STM32F746NG", 1024, 320, "cortex-m7"),
    "stm32f767": ("STM32F767ZI", 2048, 512, "cortex-m7"),
    "stm32g031": ("STM32G031K8", 64, 8, "cortex-m0"),
    "stm32g071": ("STM32G071RB", 128, 36, "cortex-m0"),
    "stm32g431": ("STM32G431KB", 128, 32, "cortex-m4"),
    "stm32g474": ("STM32G474RE", 512, 128, "cortex-m4"),
    "stm32h743": ("STM32H743ZI", 2048, 512, "cortex-m7"),
    "stm32l053": ("STM32L053R8", 64, 8, "cortex-m0"),
    "stm32l072": ("STM32L072CZ", 192, 20, "cortex-m0"),
    "stm32l432": ("STM32L432KC", 256, 64, "cortex-m4"),
    "stm32l476": ("STM32L476RG", 1024, 96, "cortex-m4"),
    "stm32l552": ("STM32L552ZE", 512, 256, "cortex-m33"),
    "stm32u585": ("STM32U585AI", 2048, 768, "cortex-m33"),
    "stm32wb55": ("STM32WB55RG", 1024, 192, "cortex-m4"),
    "nrf51822": ("nRF51822-QFAA, micro:bit v1", 256, 16, "cortex-m0"),
    "nrf52832": ("nRF52832-QFAA", 512, 64, "cortex-m4"),
    "nrf52833": ("nRF52833, micro:bit v2", 512, 128, "cortex-m4"),
    "nrf52840": ("nRF52840", 1024, 256, "cortex-m4"),
    "nrf5340": ("nRF5340, application core", 1024, 512, "cortex-m33"),
    "rp2040": ("RP2040 with 2 MB of flash, Raspberry Pi Pico", 2048, 256, "cortex-m0"),
    "rp2350": ("RP2350 with 4 MB of flash, Raspberry Pi Pico 2", 4096, 512, "cortex-m33"),
    "samd21": ("ATSAMD21G18, Arduino Zero", 256, 32, "cortex-m0"),
    "samd51": ("ATSAMD51J19", 512, 192, "cortex-m4"),
    "sam3x8e": ("AT91SAM3X8E, Arduino Due", 512, 64, "cortex-m3"),
    "lpc1768": ("LPC1768", 512, 32, "cortex-m3"),
    "ra4m1": ("R7FA4M1AB, Arduino Uno R4", 256, 32, "cortex-m4"),
    "gd32vf103": ("GD32VF103CB, Longan Nano", 128, 32, "rv32"),
    "ch32v203": ("CH32V203C8", 64, 20, "rv32"),
    "esp32c3": ("ESP32-C3 with 4 MB of flash", 4096, 400, "rv32"),
}


@dataclass(frozen=True)
class Part:
    """Flash and RAM in bytes; option: how the user named it, such as "--fit stm32f103"; core: of code_sizes."""

    option: str
    title: str
    flash: int
    ram: int
    core: str


def part_names() -> tuple[str, ...]:
    """Names that --fit takes: microcontrollers, then boards of `edge-sast board list`."""
    return (*_PARTS, *BOARDS)


def find_part(name: str) -> Part:
    """The part or board of that name. Raises EdgeSastError for another."""
    option = f"--fit {name}"
    if name.lower() in _PARTS:
        title, flash, ram, core = _PARTS[name.lower()]
        return Part(option, title, flash * KB, ram * KB, core)
    if name in BOARDS:
        board = BOARDS[name]
        core = board.core.name
        return Part(option, board.title, board.flash.size, board.ram.size, _CORES.get(core, core))
    hint = "; an Arduino board goes by its microcontroller's name" if name == ARDUINO else ""
    raise EdgeSastError(
        f"--fit is {name!r}; use --flash and --ram, such as --flash 64K --ram 20K, or one of "
        f"{', '.join(part_names())}{hint}"
    )


def custom_part(flash: str, ram: str, core: str | None) -> Part:
    """A device that the table does not have, from --flash, --ram and --core. Raises EdgeSastError naming the option."""
    core = core or DEFAULT_CORE
    core_code(core)
    return Part(
        f"--flash {flash} --ram {ram}", core, parse_bytes("--flash", flash), parse_bytes("--ram", ram), core
    )


def parse_bytes(option: str, text: str) -> int:
    """ "65536", "64K" (KiB) or "1M" (MiB) as bytes. Raises EdgeSastError for anything else."""
    unit = {"K": KB, "M": KB * KB}.get(text[-1:].upper(), 1)
    number = text[:-1] if unit > 1 else text
    if not (number.isascii() and number.isdigit()) or not 0 < int(number) * unit <= 1 << 32:
        raise EdgeSastError(f"{option} is {text!r}; give bytes, such as 65536, 64K or 1M")
    return int(number) * unit
