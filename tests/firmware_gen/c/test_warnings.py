"""Every C file that is written or generated, under every compiler at hand: not one warning."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from firmware_gen.boards import compile as board_toolchain
from firmware_gen.boards.boards import BOARDS
from firmware_gen.boards.build import build_firmware
from firmware_gen.toolchain.compiler import zig_command
from tests import tools
from tests.firmware_gen.builds import LIBRARY, STRICT, export, small_model

C = Path(__file__).parents[3] / "firmware_gen" / "c"
COMPILERS = {
    "gcc": ["gcc"],
    "clang": ["clang"],
    "zig": zig_command("-mcpu=baseline"),
    "arm": ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-ffreestanding"],  # int32_t is long there
    "riscv": ["riscv64-unknown-elf-gcc", "-march=rv32imc", "-mabi=ilp32", "-ffreestanding"],
}
EMULATOR = [
    '-DSAST_EMULATOR_HEADER="a_model.h"',
    "-DSAST_EMULATOR_MODEL=a_model",
    "-DSAST_EMULATOR_MEMORY=a_memory_t",
]


def sources(build: Path, compiler: str) -> list[Path]:
    """All but the drivers of boards, which need a board; bare compilers have no stdio.h."""
    found = [
        *(build / "src").glob("a_*.c"),
        *LIBRARY.glob("*.c"),
        *(C / "board").glob("*.c"),
        C / "emulator" / "sast_emulator.c",
        C / "emulator" / "sast_emulator_stream.c",
    ]
    if compiler not in ("arm", "riscv"):
        found += [
            path for folder in ("examples", "examples/live", "host") for path in (build / folder).glob("*.c")
        ]
    return sorted(found)


@pytest.mark.parametrize(
    ("compiler", "level"),
    [("gcc", "-O2"), ("gcc", "-Os"), ("clang", "-O2"), ("zig", "-O2"), ("arm", "-Os"), ("riscv", "-Os")],
)
def test_no_compiler_warns(everything, tmp_path, compiler, level):
    if compiler != "zig":
        tools.require(COMPILERS[compiler][0])
    folders = [everything / "include", everything / "host", C / "board", C / "emulator"]
    flags = [*STRICT, level, *EMULATOR, *(f"-I{folder}" for folder in folders)]
    files = [str(path) for path in sources(everything, compiler)]
    for part in (
        [[file] for file in files] if compiler == "zig" else [files]
    ):  # it links what it compiles at once
        command = [*COMPILERS[compiler], *flags, "-c", *part]
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("toolchain", ["gcc", "zig"])
def test_no_compiler_warns_of_a_whole_firmware(tmp_path, monkeypatch, toolchain):
    tools.require_compiler(toolchain)
    build = export(small_model(), tmp_path / "build")
    monkeypatch.setattr(board_toolchain, "FLAGS", (*board_toolchain.FLAGS, *STRICT))
    build_firmware(build, BOARDS["qemu-mps2-an386"], tmp_path / "firmware", toolchain=toolchain)


@pytest.mark.needs("g++")
def test_all_headers_agree_in_one_cpp_program(everything, tmp_path):
    """No two of them define one name, the board's included."""
    headers = [
        path.name for folder in (everything / "include", C / "board") for path in sorted(folder.glob("*.h"))
    ]
    source = tmp_path / "all.cpp"
    source.write_text("".join(f'#include "{name}"\n' for name in headers if "internal" not in name))
    flags = ["-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
    folders = [f"-I{everything / 'include'}", f"-I{C / 'board'}"]
    subprocess.run(["g++", *flags, *folders, str(source)], check=True, timeout=60)
