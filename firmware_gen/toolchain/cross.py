"""Compilers that make programs for a bare core: zig from PyPI, or the GNU ones."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from edge_sast.errors import EdgeSastError
from edge_sast.places import default_cache_dir
from edge_sast.terminal import echo
from firmware_gen.toolchain.compiler import zig_command
from firmware_gen.toolchain.cores import Core

TOOLCHAINS = ("gcc", "zig")
GNU = {
    "arm": (("arm-none-eabi-gcc",), "gcc-arm-none-eabi"),
    "riscv": (("riscv64-unknown-elf-gcc", "riscv32-unknown-elf-gcc"), "gcc-riscv64-unknown-elf"),
}
EXTRA = "pip install 'edge-sast[emulator]'"


def missing() -> str | None:
    """What an emulated core and zig lack on this computer, with the remedy; None where all is there."""
    for package, module in (("unicorn", "unicorn"), ("ziglang", "ziglang"), ("pyelftools", "elftools")):
        if importlib.util.find_spec(module) is None:
            return f"the Python package {package} is missing; {EXTRA}"
    return None


def installed_gnu(family: str) -> str | None:
    """Path of the GNU compiler for a family of cores."""
    return next(filter(None, map(shutil.which, GNU[family][0])), None)


def usual_toolchain(family: str) -> str:
    """What compiles where nothing is asked for: gcc where the family's is installed, else zig."""
    return "gcc" if installed_gnu(family) else "zig"


def compiler(toolchain: str, core: Core) -> list[str]:
    """Command and flags that compile C for `core`.

    Raises EdgeSastError for an unknown toolchain, and for one that is not installed.
    """
    if toolchain == "zig":
        if importlib.util.find_spec("ziglang") is None:
            raise EdgeSastError(f"--toolchain is 'zig', but the Python package ziglang is missing; {EXTRA}")
        return zig_command(*core.zig)
    if toolchain != "gcc":
        raise EdgeSastError(f"--toolchain is {toolchain!r}; use {' or '.join(TOOLCHAINS)}")
    names, package = GNU[core.family]
    path = installed_gnu(core.family)
    if path is None:
        raise EdgeSastError(
            f"--toolchain is 'gcc', but {names[0]} is missing; install {package}, or use --toolchain zig"
        )
    return [path, *core.gcc]


def environment(scratch: Path) -> dict[str, str]:
    """The environment a compiler runs in: zig keeps what it has compiled, or uses `scratch` where it may not write."""
    folder = default_cache_dir() / "zig"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = scratch
    return zig_environment(folder if os.access(folder, os.W_OK) else scratch)


def zig_environment(folder: Path) -> dict[str, str]:
    """zig keeps in `folder` what it has compiled, unless the user's environment names another."""
    return {"ZIG_GLOBAL_CACHE_DIR": str(folder), "ZIG_LOCAL_CACHE_DIR": str(folder), **os.environ}


def run_with_cache(run: Callable[[dict[str, str]], None], scratch: Path) -> None:
    """`run` a compiler in `environment(scratch)`; where that fails, again with nothing kept.

    So a full disk or a damaged cache of zig's does not decide; what does not compile raises the same error again.
    """
    first = environment(scratch)
    try:
        run(first)
    except EdgeSastError:
        fresh = scratch / "zig"
        if first == zig_environment(scratch):
            raise
        fresh.mkdir(exist_ok=True)
        run(zig_environment(fresh))
        folder = first["ZIG_GLOBAL_CACHE_DIR"]
        echo(
            f"warning: {folder}: zig's cache is damaged or full; compiled without it, remove it",
            error=True,
        )
