"""Compilers that make programs for a bare core: zig from PyPI, or the GNU ones."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from edge_sast.errors import EdgeSastError
from edge_sast.places import default_cache_dir
from edge_sast.terminal import echo
from firmware_gen.toolchain.compiler import CompilerError, zig_command
from firmware_gen.toolchain.cores import Core

TOOLCHAINS = ("gcc", "zig")
GNU = {
    "arm": (("arm-none-eabi-gcc",), "gcc-arm-none-eabi"),
    "riscv": (("riscv64-unknown-elf-gcc", "riscv32-unknown-elf-gcc"), "gcc-riscv64-unknown-elf"),
}
UNDEFINED = "undefined symbol"  # as zig's linker says it
OF_A_SOURCE = re.compile(rf"\.[chS]:\d+:\d+: .*error: |{UNDEFINED}")  # what no other cache would change
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


def run_zig(
    run: Callable[[Sequence[str], dict[str, str]], None], command: Sequence[str], scratch: Path
) -> None:
    """`run` a command of zig's, at first without its runtime library, which it builds once for each kind of core.

    That takes ten seconds, and what is compiled here seldom calls it: a Cortex-M0 multiplies 64 bits by it.
    """
    try:
        run_with_cache(lambda variables: run([*command, "-nostdlib"], variables), scratch)
    except EdgeSastError as error:
        if UNDEFINED not in str(error):
            raise
        if isinstance(error, CompilerError):
            error.log.unlink(missing_ok=True)
        run_with_cache(lambda variables: run(command, variables), scratch)


def run_with_cache(run: Callable[[dict[str, str]], None], scratch: Path) -> None:
    """`run` a compiler in `environment(scratch)`; where that fails, again with nothing kept.

    So a full disk or a damaged cache of zig's does not decide; what is wrong in a source is raised at once.
    """
    first = environment(scratch)
    try:
        run(first)
    except EdgeSastError as error:
        fresh = scratch / "zig"
        if first == zig_environment(scratch) or OF_A_SOURCE.search(str(error)):
            raise
        fresh.mkdir(exist_ok=True)
        run(zig_environment(fresh))
        folder = first["ZIG_GLOBAL_CACHE_DIR"]
        echo(
            f"warning: {folder}: zig's cache is damaged or full; compiled without it, remove it",
            error=True,
        )
