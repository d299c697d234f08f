"""A build folder's C as a program for a bare core, with the driver that is called from outside."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from edge_sast.errors import EdgeSastError
from firmware_gen.toolchain.compiler import run_compiler
from firmware_gen.toolchain.cores import Core
from firmware_gen.toolchain.cross import compiler, run_zig
from firmware_gen.toolchain.image import Image, read_image

DEFAULT_FLAGS = ("-O2",)
REMEDY = "choose another --toolchain"
# zig would add checks of its own, and with -Os drop the symbols unless there is debug information.
FLAGS = {
    "zig": ("-fno-sanitize=undefined", "-g", "-Wno-unused-command-line-argument"),
    "gcc": ("-nostdlib",),
}
COMMON = (
    "-std=c99",
    "-ffreestanding",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-stack-protector",
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
)
LINK = ("-nostartfiles", "-Wl,--gc-sections")
ENTRY, SCRIPT = "sast_emulator_init", "program.ld"


def build_image(
    build: Path,
    files: Sequence[str],
    name: str,
    core: Core,
    toolchain: str = "zig",
    flags: Sequence[str] = DEFAULT_FLAGS,
    stream: bool = False,
) -> Image:
    """The folder's library and tables, linked with the emulator's driver.

    files: the folder's, relative. name: the model's (see c_target.generate). flags: how to optimise, and others.
    stream: with sast_stream and its driver (emulator/stream.py).

    Raises EdgeSastError: no such toolchain; no sources; they do not compile.
    """
    build = build.absolute()  # a relative path might begin like an option
    sources = [build / path for path in sorted(files) if path.startswith("src/") and path.endswith(".c")]
    if not sources:
        raise EdgeSastError(f"{build}: has 0 C sources; export it again with --target c")
    with (
        tempfile.TemporaryDirectory(prefix="edge-sast-emulator-") as scratch,
        resources.as_file(resources.files("firmware_gen") / "c" / "emulator") as driver,
    ):
        sources += [build / "host" / "sast_trace.c", driver / "sast_emulator.c"]
        sources += [driver / "sast_emulator_stream.c"] if stream else []
        sources.append(driver / "memory_gcc.c")
        options = [f"-I{path}" for path in (build / "include", build / "host", driver)]
        options += [
            f'-DSAST_EMULATOR_HEADER="{name}_model.h"',
            f"-DSAST_EMULATOR_MODEL={name}_model",
            f"-DSAST_EMULATOR_MEMORY={name}_memory_t",
        ]
        program = Path(scratch) / "program.elf"
        link(core, toolchain, [*flags, *options], sources, driver / SCRIPT, ENTRY, program)
        return read_image(program)


def link(
    core: Core,
    toolchain: str,
    options: Sequence[str],
    sources: Sequence[Path],
    script: Path,
    entry: str,
    program: Path,
) -> None:
    """Compile `sources` for a bare core and link them by `script`; entry: a function that nothing may drop.

    Raises EdgeSastError: no such toolchain; they do not compile.
    """
    command = [*compiler(toolchain, core), *COMMON, *FLAGS[toolchain], *options, *LINK]
    command += [f"-Wl,-T,{script}", f"-Wl,--entry={entry}", *map(str, sources), "-o", str(program)]
    command += ["-lgcc"] if toolchain == "gcc" else []
    if toolchain == "gcc":
        run_compiler(command, REMEDY)
    else:
        run_zig(lambda words, variables: run_compiler(words, REMEDY, variables), command, program.parent)
