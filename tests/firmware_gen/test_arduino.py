"""The Arduino sketch around the board application: compiled and linked with a real core, the one that Debian has."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from edge_sast.errors import EdgeSastError
from firmware_gen.arduino import write_sketch
from tests.firmware_gen.builds import STRICT, everything_model, export

CORE = Path("/usr/share/arduino/hardware/arduino/avr")
MCU = [
    "-mmcu=atmega2560",
    "-Os",
    "-DF_CPU=16000000L",
    "-DARDUINO=10819",
    "-ffunction-sections",
    "-fdata-sections",
]


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "sketch" not in done.stderr, done.stderr  # a warning of ours; the core has its own
    return done.stdout


@pytest.fixture(scope="module")
def sketch(tmp_path_factory):
    folder = tmp_path_factory.mktemp("arduino")
    export(everything_model(), folder / "build")
    return write_sketch(folder / "build", folder / "sketch")


def test_it_is_one_folder_that_the_ide_takes(sketch):
    assert sketch.name == sketch.parent.name + ".ino" == "a_board.ino"
    names = {path.name for path in (sketch.parent / "src").iterdir()}
    assert {"a_model.c", "a_model.h", "sast.h", "sast_board.c", "sast_board.h", "sast_crc.c"} <= names
    assert not any("../" in path.read_text() for path in (sketch.parent / "src").iterdir())
    assert "$" not in sketch.read_text()


def test_it_compiles_and_links_as_the_ide_does_it(sketch, tmp_path):
    """ATmega2560 (Mega): every file with the IDE's flags, ours without a warning, and one program of it all."""
    (tmp_path / "core").mkdir()
    core = CORE / "cores" / "arduino"
    includes = [f"-I{core}", f"-I{CORE / 'variants' / 'mega'}"]
    own = [str(path) for path in sorted((sketch.parent / "src").glob("*.c"))]
    cpp = ["avr-g++", *MCU, "-std=gnu++11", "-fno-exceptions", "-fno-threadsafe-statics", *includes]
    strict = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    run("avr-gcc", *MCU, "-std=gnu11", *strict, *includes, "-c", *own, cwd=tmp_path)
    run(
        *cpp, *strict, "-x", "c++", "-include", "Arduino.h", "-c", str(sketch), "-o", "sketch.o", cwd=tmp_path
    )
    run(
        "avr-gcc",
        *MCU,
        "-std=gnu11",
        *includes,
        "-w",
        "-c",
        *map(str, core.glob("*.c")),
        cwd=tmp_path / "core",
    )
    # The core uses a C99 macro that this C++ compiler's headers lack.
    digits = "-DDECIMAL_DIG=__DECIMAL_DIG__"
    run(*cpp, "-w", digits, "-c", *map(str, core.glob("*.cpp")), cwd=tmp_path / "core")
    run(
        "avr-gcc",
        *MCU,
        "-w",
        "-x",
        "assembler-with-cpp",
        "-c",
        *map(str, core.glob("*.S")),
        cwd=tmp_path / "core",
    )
    objects = [*map(str, tmp_path.glob("*.o")), *map(str, (tmp_path / "core").glob("*.o"))]
    run("avr-gcc", *MCU, "-Wl,--gc-sections", "-o", "sketch.elf", *objects, "-lm", cwd=tmp_path)
    sizes = run("avr-size", "sketch.elf", cwd=tmp_path).splitlines()[1].split()
    assert int(sizes[0]) < 256 * 1024
    assert int(sizes[1]) + int(sizes[2]) < 8 * 1024


def test_it_compiles_for_a_32_bit_board(sketch, tmp_path):
    own = [str(path) for path in sorted((sketch.parent / "src").glob("*.c"))]
    flags = [*STRICT, "-mcpu=cortex-m0plus", "-mthumb", "-Os", "-ffreestanding"]
    run("arm-none-eabi-gcc", *flags, "-c", *own, cwd=tmp_path)


def test_it_replaces_its_own_and_nothing_else(tmp_path):
    build = export(everything_model(), tmp_path / "build")
    sketch = write_sketch(build, tmp_path)
    (sketch.parent / "src" / "sast_old_kernel.c").write_text("int old;\n")
    (sketch.parent / "notes.txt").write_text("mine\n")
    first = {path.name: path.read_bytes() for path in (sketch.parent / "src").iterdir()}
    assert write_sketch(build, tmp_path) == sketch
    assert {p.name: p.read_bytes() for p in (sketch.parent / "src").iterdir()} == {
        name: data for name, data in first.items() if name != "sast_old_kernel.c"
    }
    assert (sketch.parent / "notes.txt").is_file()
    (tmp_path / "other" / "a_board").mkdir(parents=True)
    with pytest.raises(EdgeSastError, match=r"a_board: is there and is not such a sketch; move it away"):
        write_sketch(build, tmp_path / "other")
