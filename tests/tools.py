"""Programs that tests run, and what becomes of a test where one is missing.

It is skipped, and the run ends with a line that says what was missing and which command installs it. Where
EDGE_SAST_TOOLS is "required", as in .ci/run, it fails instead: nothing is left out unnoticed there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

ARDUINO_CORE, AVR_LIBC = "/usr/share/arduino/hardware/arduino/avr", "/usr/lib/avr/include"
# What Debian's packages bring each; .ci/run installs them all. A path: a folder that must be there.
PACKAGES = {
    "gcc": "gcc libc6-dev",
    "g++": "g++",
    "make": "make",
    "cmake": "cmake",
    "arm-none-eabi-gcc": "gcc-arm-none-eabi",
    "riscv64-unknown-elf-gcc": "gcc-riscv64-unknown-elf",
    "qemu-system-arm": "qemu-system-arm",
    "qemu-system-riscv32": "qemu-system-misc",
    "clang": "clang libclang-rt-14-dev",
    "cppcheck": "cppcheck",
    "avr-g++": "gcc-avr",
    AVR_LIBC: "avr-libc",
    "simavr": "simavr",
    "iverilog": "iverilog",
    "verilator": "verilator g++ make",
    ARDUINO_CORE: "arduino-core-avr",
    "yosys": "yosys",
    "nextpnr-ice40": "nextpnr-ice40",
    "icepack": "fpga-icestorm",
    "icepll": "fpga-icestorm",
    "chromium": "chromium",
}
VARIABLE, REQUIRED = "EDGE_SAST_TOOLS", "required"
NEEDS = "needs "


def missing(tools: Iterable[str]) -> list[str]:
    return [t for t in tools if not (Path(t).is_dir() if t.startswith("/") else shutil.which(t))]


def require(*tools: str) -> None:
    """Skips the test where one of them is missing, or fails it; each is a key of PACKAGES."""
    unknown = [tool for tool in tools if tool not in PACKAGES]
    assert not unknown, f"{', '.join(unknown)}: not in tests/tools.py, nor in .ci/run"
    absent = missing(tools)
    if absent and os.environ.get(VARIABLE) == REQUIRED:
        pytest.fail(f"{NEEDS}{', '.join(absent)}, and {VARIABLE} is {REQUIRED}", pytrace=False)
    if absent:
        pytest.skip(NEEDS + ", ".join(absent))


def require_compiler(toolchain: str, core: str = "cortex-m4") -> None:
    """The GNU compiler of a core's family, where `toolchain` is "gcc"; zig comes with pip."""
    if toolchain == "gcc":
        require("riscv64-unknown-elf-gcc" if core.lower().startswith("r") else "arm-none-eabi-gcc")


def closing_line(reasons: Iterable[str]) -> str | None:
    """What was skipped for want of programs, of the reasons of all that was skipped; None: nothing."""
    wanted = [reason.partition(NEEDS)[2].split(", ") for reason in reasons if NEEDS in reason]
    known = [tools for tools in wanted if set(tools) <= PACKAGES.keys()]
    tools = [tool for tool in PACKAGES if any(tool in each for each in known)]
    if not tools:
        return None
    packages = " ".join(dict.fromkeys(PACKAGES[tool] for tool in tools))
    tests = "1 test" if len(known) == 1 else f"{len(known)} tests"
    return (
        f"{tests} skipped for want of {', '.join(tools)}; "
        f"sudo apt-get install --no-install-recommends {packages}"
    )
