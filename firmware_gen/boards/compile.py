"""Cross compilers: which is there, and the command that makes one program of a board's sources."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from edge_sast.errors import EdgeSastError
from firmware_gen.boards.boards import Board
from firmware_gen.toolchain.compiler import run_compiler, zig_command
from firmware_gen.toolchain.cross import GNU, TOOLCHAINS, installed_gnu, run_zig

REMEDY = "try another --toolchain"
FLAGS = (
    "-std=c99",
    "-O2",
    "-Wall",
    "-Wextra",
    "-ffreestanding",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
    "-Wl,--gc-sections",
)


def choose_toolchain(board: Board, asked: str | None) -> str:
    """Either gcc or zig: the one asked for, else gcc where the board's is installed.

    Raises EdgeSastError for an unknown one, or one that is not installed.
    """
    if asked is not None and asked not in TOOLCHAINS:
        raise EdgeSastError(f"--toolchain is {asked!r}; it must be one of {', '.join(TOOLCHAINS)}")
    names, package = GNU[board.core.family]
    if asked != "zig" and installed_gnu(board.core.family):
        return "gcc"
    if asked != "gcc" and importlib.util.find_spec("ziglang"):
        return "zig"
    missing = {"gcc": names[0], "zig": "the Python package ziglang", None: f"{names[0]} and ziglang"}[asked]
    raise EdgeSastError(
        f"{board.name}: {missing} cannot be found; 'apt-get install {package}' or 'pip install ziglang'"
    )


def compile_command(
    board: Board,
    toolchain: str,
    sources: Sequence[Path],
    includes: Sequence[Path],
    script: Path,
    program: Path,
) -> list[str]:
    """The one command that compiles and links `program` (ELF), with no C library."""
    if toolchain == "gcc":
        command = [
            installed_gnu(board.core.family) or GNU[board.core.family][0][0],
            *board.core.gcc,
            "-fno-tree-loop-distribute-patterns",
            "-nostdlib",
        ]
    else:
        command = zig_command(*board.core.zig)
    command += [f"-DSAST_BOARD_FRAME_BYTES={board.frame_bytes}u", f"-DSAST_BOARD_WINDOW={board.window}u"]
    command += [*FLAGS, *(f"-I{path}" for path in includes), "-T", str(script)]
    command += [*(str(path) for path in sources), "-o", str(program)]
    return [*command, "-lgcc"] if toolchain == "gcc" else command


def compile_firmware(command: Sequence[str], scratch: Path) -> None:
    """Runs compile_command's. scratch: where zig may cache when it may not elsewhere.

    Raises EdgeSastError with the first message of the compiler.
    """
    if "ziglang" in command:
        run_zig(lambda words, variables: run_compiler(words, REMEDY, variables), command, scratch)
    else:
        run_compiler(command, REMEDY)
