"""What the compilers that are found make of C: an assert that is false ends a program, and floats are everybody's."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from firmware_gen.boards.boards import BOARDS
from firmware_gen.boards.compile import compile_command
from firmware_gen.toolchain import compiler
from firmware_gen.toolchain import cross as toolchain
from firmware_gen.toolchain.cores import CORES
from tests import tools

FALSE = "#include <assert.h>\nint main(void) { assert(1 + 1 == 3); return 0; }\n"
# 1 where the product is not rounded before the sum: fused, which processors may do and their baseline does not.
FUSED = """
static float __attribute__((noinline)) sum(float a, float b, float c) { return a * b + c; }
int main(void)
{
    volatile float a = 1.1f, b = 1.3f;
    volatile float c = -(a * b);
    return sum(a, b, c) != 0.0f;
}
"""
NO_NDEBUG = "#ifdef NDEBUG\n#error asserts are gone\n#endif\n"


def command(name: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The compiler that is found where there is no other."""
    path = shutil.which(name)
    if name == "zig":
        if importlib.util.find_spec("ziglang") is None:
            pytest.skip("needs ziglang")
        monkeypatch.setattr(compiler, "COMPILERS", ())
    else:
        tools.require(name)
    monkeypatch.setenv("CC", path if path and name != "zig" else "")
    return compiler.find_compiler()


def run(compile_: list[str], text: str, folder: Path) -> int:
    """Exit code of a program; linked by gcc, because zig would first build a C library."""
    (folder / "main.c").write_text(text)
    steps = ([*compile_, "-O2", "-c", "main.c", "-o", "main.o"], ["gcc", "main.o", "-o", "main"])
    for step in steps:
        compiler.run_compiler([str(folder / s) if s.startswith("main") else s for s in step], "")
    return subprocess.run([str(folder / "main")], capture_output=True, timeout=60).returncode


@pytest.mark.needs("gcc")
@pytest.mark.parametrize("name", ["gcc", "clang", "zig"])
def test_an_assert_that_is_false_ends_the_program(tmp_path, monkeypatch, name):
    assert run(command(name, monkeypatch), FALSE, tmp_path) == -6  # SIGABRT


@pytest.mark.needs("gcc")
@pytest.mark.parametrize("name", ["gcc", "clang", "zig"])
def test_floats_are_those_of_any_processor(tmp_path, monkeypatch, name):
    if platform.machine() == "aarch64":
        pytest.skip("every processor of this kind fuses")
    assert run(command(name, monkeypatch), FUSED, tmp_path) == 0


def test_asserts_stay_on_emulated_cores_and_boards(tmp_path):
    source, out = tmp_path / "check.c", ["-O2", "-c", "-o", str(tmp_path / "check.o")]
    source.write_text(NO_NDEBUG)
    for core in ("cortex-m0", "rv32"):
        line = [*toolchain.compiler("zig", CORES[core]), *out, str(source)]
        compiler.run_compiler(line, "", toolchain.environment(tmp_path))
    board = BOARDS["qemu-mps2-an385"]
    linked = compile_command(board, "zig", [source], [], tmp_path / "no.ld", tmp_path / "no.elf")
    line = [*linked[: linked.index("-T")], *out, str(source)]
    compiler.run_compiler(line, "", toolchain.environment(tmp_path))
