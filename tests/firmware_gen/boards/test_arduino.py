"""The Arduino sketch around the board application: compiled and linked with a real core, the one that Debian has."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from edge_sast.errors import EdgeSastError
from firmware_gen.boards.arduino import write_sketch
from tests import tools
from tests.firmware_gen.avr import emulate
from tests.firmware_gen.builds import STRICT, everything_model, export

CORE = Path(tools.ARDUINO_CORE)
needs_avr = pytest.mark.needs("avr-g++", tools.AVR_LIBC, tools.ARDUINO_CORE)
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


INCLUDES = [f"-I{CORE / folder}" for folder in ("cores/arduino", "variants/mega")]
CPP = ["avr-g++", *MCU, "-std=gnu++11", "-fno-exceptions", "-fno-threadsafe-statics", *INCLUDES]
C = ["avr-gcc", *MCU, "-std=gnu11", *INCLUDES]
STRICTLY = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]


# A sketch never ends; in the place of its loop this does: the emulator stops where nothing could wake the core.
END = """#include <avr/sleep.h>
void loop() { Serial.flush(); cli(); sleep_enable(); sleep_cpu(); }
"""


@pytest.fixture(scope="module")
def core(tmp_path_factory) -> list[str]:
    """Objects of Arduino's core for a Mega."""
    folder = tmp_path_factory.mktemp("core")
    source = CORE / "cores" / "arduino"
    run(*C, "-w", "-c", *map(str, source.glob("*.c")), cwd=folder)
    # The core uses a C99 macro that this C++ compiler's headers lack.
    digits = "-DDECIMAL_DIG=__DECIMAL_DIG__"
    run(*CPP, "-w", digits, "-c", *map(str, source.glob("*.cpp")), cwd=folder)
    assembly = ["-w", "-x", "assembler-with-cpp", "-c", *map(str, source.glob("*.S"))]
    run("avr-gcc", *MCU, *assembly, cwd=folder)
    return [str(path) for path in folder.glob("*.o")]


def link(sketch: Path, own: list[Path], core: list[str], folder: Path, *includes: str) -> str:
    """Compiles as the IDE does, ours without a warning. Returns the program's name in `folder`."""
    run(*C, *STRICTLY, *includes, "-c", *map(str, own), cwd=folder)
    main = ["-x", "c++", "-include", "Arduino.h", "-c", str(sketch), "-o", "sketch.o"]
    run(*CPP, *STRICTLY, *includes, *main, cwd=folder)
    objects = [*map(str, folder.glob("*.o")), *core]
    run("avr-gcc", *MCU, "-Wl,--gc-sections", "-o", "sketch.elf", *objects, "-lm", cwd=folder)
    return "sketch.elf"


@needs_avr
def test_it_compiles_and_links_as_the_ide_does_it(sketch, core, tmp_path):
    """ATmega2560 (Mega): every file with the IDE's flags, and one program of it all."""
    program = link(sketch, sorted((sketch.parent / "src").glob("*.c")), core, tmp_path)
    sizes = run("avr-size", program, cwd=tmp_path).splitlines()[1].split()
    assert int(sizes[0]) < 256 * 1024
    assert int(sizes[1]) + int(sizes[2]) < 8 * 1024


@needs_avr
@pytest.mark.needs("simavr")
def test_the_self_test_of_a_library_passes_on_an_emulated_board(small, core, tmp_path):
    """The sketch of an exported folder, put into the IDE's libraries: known answers in flash, told over Serial."""
    folder = small / "examples" / "arduino_selftest"
    own = [*sorted((small / "src").glob("*.c")), folder / "answers.c"]
    (tmp_path / "end.cpp").write_text(END)
    run(*CPP, "-include", "Arduino.h", "-c", "end.cpp", cwd=tmp_path)
    includes = ["-Dloop=loop_of_the_sketch", f"-I{small / 'src'}"]
    program = link(folder / "arduino_selftest.ino", own, core, tmp_path, *includes)
    said = emulate(tmp_path / program, "atmega2560")
    assert "selftest: every step agrees, recordings: 1" in said


@pytest.mark.needs("arm-none-eabi-gcc")
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
    with pytest.raises(EdgeSastError, match=r"a_board: exists and is not such a sketch; move it away"):
        write_sketch(build, tmp_path / "other")
