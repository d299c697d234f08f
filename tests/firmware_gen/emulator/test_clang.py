"""Clang's own assembler and code for every Cortex-M: it takes each kernel, says nothing, and what it makes is right.

Arm Compiler 6 is made of it. Older ones (Debian's 14) know how far two labels in a function's assembly are apart only
once all is laid out: `.org` waits for that, `.if` does not.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from edge_sast.model.modelfile import load
from firmware_gen.emulator import build
from firmware_gen.verify.verify import verify_emulated
from tests.firmware_gen.builds import LIBRARY, STRICT, C, everything_model, export
from tests.programs import LIMIT

pytestmark = pytest.mark.needs("clang", "arm-none-eabi-gcc")
CLANG = ("clang", "--target=arm-none-eabi", "-mthumb", "-mfloat-abi=soft", "-ffreestanding")
INCLUDE = f"-I{C / 'include'}"
CORES = ("m0", "m0plus", "m3", "m4", "m7", "m23", "m33", "m55")
PROTECTION = "-mbranch-protection=standard"
EXAMPLE = Path(__file__).parents[3] / "examples" / "nmnist-int8.safetensors"
# What Arm's ABI has a compiler call, and a C library brings.
LIBRARY_CALLS = """
#include <stddef.h>
void *memset(void *to, int value, size_t size);
void *memcpy(void *to, const void *from, size_t size);
void __aeabi_memclr(void *to, size_t size) { (void)memset(to, 0, size); }
void __aeabi_memclr4(void *to, size_t size) { (void)memset(to, 0, size); }
void __aeabi_memclr8(void *to, size_t size) { (void)memset(to, 0, size); }
void __aeabi_memcpy(void *to, const void *from, size_t size) { (void)memcpy(to, from, size); }
void __aeabi_memcpy4(void *to, const void *from, size_t size) { (void)memcpy(to, from, size); }
"""


def with_assembly() -> list[Path]:
    return [
        path
        for path in sorted(LIBRARY.glob("*.c"))
        if "__asm__" in path.read_text() or "sast_fire_k.h" in path.read_text()
    ]


def compile_all(sources: Sequence[Path], folder: Path, *flags: str) -> list[str]:
    """Clang must succeed and say nothing; the object files, in `folder`."""
    command = [*CLANG, *flags, "-c", *map(str, sources)]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert (result.returncode, result.stderr) == (0, "")
    return [str(folder / f"{path.stem}.o") for path in sources]


@pytest.mark.parametrize("core", CORES)
def test_takes_the_kernels_for_every_core(tmp_path, core):
    assert len(with_assembly()) > 10
    compile_all(with_assembly(), tmp_path, *STRICT, f"-mcpu=cortex-{core}", "-Os", INCLUDE)


@pytest.mark.parametrize("level", ["-O0", "-O2", "-Oz"])
def test_takes_the_assembly_at_every_level(tmp_path, level):
    compile_all(with_assembly(), tmp_path, *STRICT, "-mcpu=cortex-m4", level, INCLUDE)


def test_branch_protection_finds_a_landing_pad_wherever_it_looks(tmp_path):
    """Each function starts with one, and none jumps elsewhere: whatever a register or the stack holds is an address to
    return to, but for that of a model's `push`, a function, to which sast_push goes on."""
    flags = ("-march=armv8.1-m.main+dsp+pacbti", PROTECTION, "-Os", INCLUDE)
    for path in compile_all(with_assembly(), tmp_path, *STRICT, *flags):
        listing = subprocess.run(
            ["arm-none-eabi-objdump", "-d", "--no-show-raw-insn", path],
            capture_output=True,
            text=True,
            check=True,
            timeout=LIMIT,
        ).stdout
        firsts = re.findall(r"<(\w+)>:\n.*?\t(\w+)", listing)
        assert {first for _, first in firsts} in ({"bti"}, {"pacbti"}, {"bti", "pacbti"})
        jumps = re.findall(r"\tbx\w*\s+(?!lr)\w+|\tldr\S*\s+pc,.*|\tmov\S*\s+pc,.*", listing)
        assert jumps == (["\tbx\tip"] if "sast_push" in dict(firsts) else [])


@pytest.mark.parametrize(
    ("core", "model", "more"),
    [
        ("cortex-m0", everything_model, []),
        ("cortex-m4", lambda: load(EXAMPLE), []),
        # What that adds does nothing on this core, but it chooses kernels.
        ("cortex-m33", lambda: load(EXAMPLE), [PROTECTION]),
    ],
    ids=["m0", "m4", "m33"],
)
def test_what_it_makes_is_right(tmp_path, monkeypatch, core, model, more):
    """Objects of clang, linked by the GNU linker."""
    calls = tmp_path / "library_calls.c"
    calls.write_text(LIBRARY_CALLS)
    link = build.link

    def link_clangs(core, toolchain, options, sources, *where):
        flags = ["-std=c99", "-ffunction-sections", *more]
        flags += [flag for flag in core.gcc if flag.startswith("-mcpu=")]
        objects = compile_all([*sources, calls], tmp_path, *flags, *options)
        link(core, toolchain, [], objects, *where)

    monkeypatch.setattr(build, "link", link_clangs)
    report = verify_emulated(export(model(), tmp_path / "build"), on=core, toolchain="gcc")
    assert (report.samples, report.mismatches) == (3, 0)
