"""The C as a compiler sees it: no warnings, no library behind it, nothing that changes outside its memory."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edge_sast.events.binning import Binning
from edge_sast.model.layers import Conv2d, Flatten, Linear
from edge_sast.model.model import Model
from firmware_gen.c_gen.memory import memory
from firmware_gen.c_gen.model import TABLE_VERSION
from firmware_gen.c_plan.footprint import footprint
from firmware_gen.c_plan.plan import CPlan
from tests.firmware_gen.builds import (
    PROGRAMS,
    SANITIZED,
    STRICT,
    compile_c,
    everything_model,
    export,
    library_sources,
    lif,
    small_model,
    weights,
)
from tests.programs import LIMIT

pytestmark = pytest.mark.needs("gcc")


def run(program: Path, *command: str) -> subprocess.CompletedProcess:
    return subprocess.run([*command, str(program)], capture_output=True, text=True, timeout=60)


def parts(build: Path, *folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((build / folder).glob("*.c"))]


@pytest.mark.parametrize("level", ["-O0", "-O2", "-O3", "-Os"])
def test_builds_without_warnings_and_passes_its_self_test(everything, tmp_path, level):
    sources = parts(everything, "src", "examples")
    compile_c([*STRICT, level], sources, tmp_path / "selftest", everything / "include")
    result = run(tmp_path / "selftest")
    assert (result.returncode, result.stdout) == (0, "selftest: 3 recordings, every step agrees\n")


def test_builds_for_a_32_bit_device_without_an_operating_system(everything, tmp_path):
    """The compiler itself checks the sizes and offsets that the memory type relies on."""
    flags = [*STRICT, "-Os", "-m32", "-ffreestanding", f"-I{everything / 'include'}"]
    probe = subprocess.run(["gcc", "-m32", "-E", "-"], input="", capture_output=True, text=True, timeout=60)
    if probe.returncode:
        pytest.skip("this gcc has no 32-bit target")
    sources = [str(path) for path in parts(everything, "src")]
    result = subprocess.run(
        ["gcc", *flags, "-c", *sources], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_runs_on_32_bits_without_a_c_library(everything, tmp_path):
    """Where a uint64_t is aligned to 4 bytes, so is the memory type, and must be taken."""
    program = tmp_path / "bare"
    flags = ["-m32", "-std=c99", "-O1", "-ffreestanding", "-fno-pie", "-fno-stack-protector"]
    flags += ["-nostdlib", "-static", *(f"-I{everything / folder}" for folder in ("include", "examples"))]
    sources = [PROGRAMS / "bare_i386.c", everything / "examples" / "a_known_answers.c"]
    sources += parts(everything, "src")
    command = ["gcc", *flags, *map(str, sources), "-o", str(program)]
    if subprocess.run(command, capture_output=True, timeout=120).returncode:
        pytest.skip("this gcc cannot link for 32-bit x86")
    try:
        result = run(program)
    except OSError as error:
        pytest.skip(f"this computer does not run 32-bit x86 programs: {error}")
    assert result.returncode == 0


def test_the_widest_sensor(tmp_path):
    """65536 pixels do not fit the 16 bits of a coordinate, which reach 65535."""
    rng = np.random.default_rng(0)
    layer = Linear(weights(rng, 2, 1024, 2), 2, lif(rng, 2, 8))
    model = Model(Binning(65536, 100, 7, 1000, 2, 1), (Flatten(), layer), ("a", "b"))
    build = export(model, tmp_path / "build")
    compile_c([*STRICT, "-O1"], parts(build, "src", "examples"), tmp_path / "selftest", build / "include")
    assert run(tmp_path / "selftest").returncode == 0


def test_host_program_builds_without_warnings(everything, tmp_path):
    sources = parts(everything, "src", "host")
    compile_c([*STRICT, "-O2"], sources, tmp_path / "host", everything / "include", everything / "host")


@pytest.mark.needs("g++")
@pytest.mark.parametrize("standard", ["c++11", "c++17"])
def test_headers_are_cpp(everything, tmp_path, standard):
    names = [path.name for path in sorted((everything / "include").glob("*.h"))]
    names += [f"../examples/{path.name}" for path in sorted((everything / "examples").glob("*.h"))]
    source = tmp_path / "all.cpp"
    includes = "".join(f'#include "{name}"\n' for name in names)
    use = "sast_context_t c; return sast_init(&c, &a_model, &memory, sizeof memory);"
    source.write_text(f"{includes}a_memory_t memory;\nint main() {{ {use} }}\n")
    flags = [f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
    result = subprocess.run(
        ["g++", *flags, f"-I{everything / 'include'}", str(source)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (result.returncode, result.stderr) == (0, "")


def relocatable(build: Path, folder: Path, *flags: str) -> Path:
    """The library and the model as one object file."""
    sources = [*library_sources(build), build / "src" / "a_model.c"]
    command = [
        "gcc",
        "-std=c99",
        "-O2",
        "-fno-pie",
        *flags,
        f"-I{build / 'include'}",
        "-c",
        *map(str, sources),
    ]
    subprocess.run(command, cwd=folder, check=True, timeout=60)
    subprocess.run(
        ["ld", "-r", "-o", "whole.o", *sorted(p.name for p in folder.glob("*.o"))],
        cwd=folder,
        check=True,
        timeout=LIMIT,
    )
    return folder / "whole.o"


def test_needs_no_library_and_keeps_nothing_that_changes(everything, tmp_path):
    symbols = [line.split() for line in run(relocatable(everything, tmp_path), "nm").stdout.splitlines()]
    assert {symbol[-1] for symbol in symbols if symbol[-2] == "U"} <= {"memset", "memcpy"}
    assert [symbol for symbol in symbols if symbol[-2] in "bBdDCsSgG"] == []


def test_no_division_and_no_floating_point(everything, tmp_path):
    machine = subprocess.run(
        ["gcc", "-dumpmachine"], capture_output=True, text=True, check=True, timeout=LIMIT
    ).stdout
    if not machine.startswith("x86_64"):
        pytest.skip("reads x86-64 instructions")
    whole = relocatable(everything, tmp_path, "-mgeneral-regs-only")  # gcc refuses floating point with this
    listing = run(whole, "objdump", "-d", "--no-show-raw-insn").stdout
    assert "sast_step" in listing
    assert re.findall(r"\bi?div[bwlq]?\b", listing) == []


def test_stack_is_small_and_known(everything, tmp_path):
    """No variable-length arrays; no function needs much."""
    relocatable(everything, tmp_path, "-fstack-usage")
    usage = [line.split("\t") for path in tmp_path.glob("*.su") for line in path.read_text().splitlines()]
    assert {line[2] for line in usage} == {"static"}
    assert max(int(line[1]) for line in usage) < 512


@pytest.mark.parametrize("program", ["statuses", "stream_statuses", "damage", "two_models"])
def test_programs(small, sanitized_library, tmp_path, program):
    other = export(small_model(seed=2), tmp_path / "other", "b", 1)
    sources = [
        PROGRAMS / f"{program}.c",
        small / "src" / "a_model.c",
        small / "examples" / "a_known_answers.c",
    ]
    sources += [other / "src" / "b_model.c", other / "examples" / "b_known_answers.c", sanitized_library]
    includes = [folder / name for folder in (small, other) for name in ("include", "examples")]
    flags = [*(flag for flag in STRICT if flag != "-Werror"), *SANITIZED[1:]]
    compile_c(flags, sources, tmp_path / program, *includes)
    result = run(tmp_path / program)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_self_test_finds_a_changed_table(small, tmp_path):
    build = tmp_path / "build"
    shutil.copytree(small, build)
    source = build / "src" / "a_model.c"
    text = source.read_text()
    constant = re.search(r"layer0_table\[\d+\] = \{\n    (0x\w+),", text)
    assert constant
    source.write_text(text[: constant.start(1)] + "0xFFFFFFFF" + text[constant.end(1) :])
    compile_c(["-std=c99"], parts(build, "src", "examples"), tmp_path / "selftest", build / "include")
    result = run(tmp_path / "selftest")
    assert result.returncode == 1
    assert re.fullmatch(
        r"selftest: recording 0, step \d, step CRC 0: expected 0x[0-9a-f]+, got 0x[0-9a-f]+\n", result.stdout
    )


@pytest.mark.parametrize("model", [everything_model(), small_model()], ids=["everything", "small"])
def test_printed_sizes_are_the_compilers(model: Model, tmp_path):
    build = export(model, tmp_path / "build")
    header = (build / "include" / "a_model.h").read_text()
    assert f"#define A_MODEL_RAM_BYTES {memory(CPlan(model)).bytes}u\n" in header
    assert f"#define A_MODEL_TABLE_BYTES {footprint(CPlan(model)).flash_bytes}u\n" in header
    command = [
        "gcc",
        "-std=c99",
        "-fno-pie",
        "-I",
        str(build / "include"),
        "-c",
        str(build / "src" / "a_model.c"),
    ]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    symbols = subprocess.run(
        ["nm", "-S", "a_model.o"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=LIMIT
    )
    sized = [line.split() for line in symbols.stdout.splitlines() if len(line.split()) == 4]
    found = sum(int(size, 16) for _, size, _, name in sized if re.match(r"layer\d+_", name))
    shapes = model.shapes()
    inputs = [shapes[i] for i, layer in model.weighted() if isinstance(layer, Conv2d)]
    pointers = 8 * sum(shape.height + shape.width for shape in inputs)  # of 8 bytes here, and aligned to them
    assert found - pointers == footprint(CPlan(model)).flash_bytes


def test_table_version_is_the_headers(everything):
    assert f"#define SAST_TABLE_VERSION {TABLE_VERSION}u\n" in (everything / "include" / "sast.h").read_text()
