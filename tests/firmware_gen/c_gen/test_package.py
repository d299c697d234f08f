"""The folder as a library: built the way CMake, the Arduino IDE and Zephyr build it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from edge_sast.model.model import Model
from firmware_gen.c_gen.memory import memory
from firmware_gen.c_gen.package import memory_table
from firmware_gen.c_plan.footprint import footprint
from firmware_gen.c_plan.library import kernel_files
from firmware_gen.c_plan.plan import CPlan
from tests import tools
from tests.firmware_gen.builds import STRICT, compile_c, everything_model, export, small_model

ARDUINO_CORE = Path(tools.ARDUINO_CORE)
needs_cmake = pytest.mark.needs("cmake", "make", "gcc")
SKETCHES = ("arduino_live", "arduino_selftest")


def run(*command: str, cwd: Path) -> str:
    """A command that must succeed; what it printed."""
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@needs_cmake
def test_cmake_builds_and_its_tests_pass(everything, tmp_path):
    run("cmake", "-S", str(everything), "-B", "out", cwd=tmp_path)
    run("cmake", "--build", "out", cwd=tmp_path)
    said = run("ctest", "--test-dir", "out", cwd=tmp_path)
    assert "100% tests passed, 0 tests failed out of 2" in said


@needs_cmake
@pytest.mark.needs("g++")
def test_two_folders_in_a_project_of_ones_own(everything, tmp_path):
    """Added to a C++ project, a folder gives its library alone; a second model is copied over the first."""
    merged = tmp_path / "net"
    other = export(small_model(), tmp_path / "other", "b", 1)
    run("cp", "-r", str(everything), str(merged), cwd=tmp_path)
    run("cp", "-r", str(other / "include"), str(other / "src"), str(merged), cwd=tmp_path)
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(own C CXX)\nadd_subdirectory(net)\n"
        "add_executable(own main.cpp)\ntarget_link_libraries(own PRIVATE a_net)\n"
    )
    (tmp_path / "main.cpp").write_text(
        '#include "a_model.h"\n#include "b_model.h"\n#include "sast_stream.h"\n'
        "static a_memory_t one;\nstatic b_memory_t two;\n"
        "int main() {\n    sast_context_t a, b;\n"
        "    return sast_init(&a, &a_model, &one, sizeof one) + sast_init(&b, &b_model, &two, sizeof two)\n"
        "        + sast_step(&a) + sast_step(&b);\n}\n"
    )
    run("cmake", "-S", ".", "-B", "out", cwd=tmp_path)
    run("cmake", "--build", "out", cwd=tmp_path)
    run("out/own", cwd=tmp_path)
    assert not list((tmp_path / "out" / "net").glob("a_selftest*"))


@pytest.mark.parametrize("level", ["-O0", "-O2"])
def test_live_example_decides_three_windows(everything, tmp_path, level):
    sources = [everything / "examples" / "live" / "main.c", *sorted((everything / "src").glob("*.c"))]
    compile_c([*STRICT, level], sources, tmp_path / "live", everything / "include")
    lines = run("./live", cwd=tmp_path).splitlines()
    assert [re.sub(r": .*", "", line) for line in lines[:-1]] == [
        f"{(0xFFFFF000 + window * 4000) % (1 << 32):10} us" for window in range(3)
    ]
    assert lines[-1] == "3 decisions, 0 late events, 0 outside, 0 beyond a limit, 0 jumps"


@pytest.mark.needs("arm-none-eabi-gcc")
def test_arduino_library_compiles_as_the_ide_does(everything, tmp_path):
    """Every source in src/, with no other folder in the include path; for a Cortex-M4 (Nano 33 BLE and others)."""
    core = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-Os"]
    flags = [*STRICT, *core, "-ffunction-sections", "-fdata-sections", f"-I{everything / 'src'}"]
    sources = [str(path) for path in sorted((everything / "src").rglob("*.c"))]
    run("arm-none-eabi-gcc", *flags, "-c", *sources, cwd=tmp_path)
    assert len(list(tmp_path.glob("*.o"))) == len(sources)


@pytest.mark.needs("avr-g++", tools.AVR_LIBC, tools.ARDUINO_CORE)
@pytest.mark.parametrize("sketch", SKETCHES)
def test_arduino_sketches_compile_with_a_real_core(everything, tmp_path, sketch):
    """As C++ behind Arduino.h, as the IDE does it; with the AVR core, the one that Debian has."""
    flags = [
        "-mmcu=atmega2560",
        "-Os",
        "-std=gnu++11",
        "-DF_CPU=16000000L",
        "-DARDUINO=10819",
        "-Wall",
        "-Wextra",
        "-Werror",
    ]
    folders = [ARDUINO_CORE / "cores" / "arduino", ARDUINO_CORE / "variants" / "mega", everything / "src"]
    source = everything / "examples" / sketch / f"{sketch}.ino"
    includes = [f"-I{folder}" for folder in folders]
    run("avr-g++", *flags, *includes, "-x", "c++", "-include", "Arduino.h", "-c", str(source), cwd=tmp_path)


def test_arduino_properties(everything):
    lines = (everything / "library.properties").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines)
    required = {
        "name",
        "version",
        "author",
        "maintainer",
        "sentence",
        "paragraph",
        "category",
        "url",
        "architectures",
    }
    assert required <= values.keys()
    assert values["name"] == "a"
    assert re.fullmatch(r"\d+\.\d+\.\d+\+[0-9a-f]{8}", values["version"])
    assert all((everything / "src" / header).is_file() for header in values["includes"].split(","))
    for sketch in SKETCHES:
        folder = everything / "examples" / sketch
        besides = ["answers.c"] if sketch == "arduino_selftest" else []
        assert sorted(path.name for path in folder.iterdir()) == [*besides, f"{sketch}.ino"]


def test_headers_of_the_arduino_layout_are_those_of_include(everything):
    for header in sorted((everything / "include").iterdir()):
        last = (everything / "src" / header.name).read_text().splitlines()[-1]
        assert last == f'#include "../include/{header.name}"'


@needs_cmake
def test_zephyr_module_adds_the_files_that_are_there(everything, tmp_path):
    """Its CMakeLists.txt, run by CMake with Zephyr's functions in the place of Zephyr."""
    module = yaml.safe_load((everything / "zephyr" / "module.yml").read_text())
    assert module == {"name": "a", "build": {"cmake": "zephyr", "kconfig": "zephyr/Kconfig"}}
    kconfig = (everything / module["build"]["kconfig"]).read_text()
    assert "\nconfig EDGE_SAST_A\n\tbool " in kconfig
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(app C)\n"
        "function(zephyr_library)\n  add_library(module STATIC)\nendfunction()\n"
        "function(zephyr_library_sources)\n  target_sources(module PRIVATE ${ARGN})\n"
        '  string(REPLACE ";" "\\n" lines "${ARGN}")\n'
        '  file(WRITE ${CMAKE_BINARY_DIR}/sources "${lines}")\nendfunction()\n'
        "function(zephyr_include_directories)\n"
        "  target_include_directories(module PUBLIC ${ARGN})\nendfunction()\n"
        f"add_subdirectory({everything / module['build']['cmake']} module)\n"
    )
    run("cmake", "-S", ".", "-B", "off", cwd=tmp_path)
    assert not (tmp_path / "off" / "sources").exists()
    run("cmake", "-S", ".", "-B", "on", "-DCONFIG_EDGE_SAST_A=y", cwd=tmp_path)
    run("cmake", "--build", "on", cwd=tmp_path)
    listed = {Path(line).resolve() for line in (tmp_path / "on" / "sources").read_text().splitlines()}
    assert listed == {path.resolve() for path in (everything / "src").glob("*.c")}


def test_src_holds_what_the_model_needs(everything):
    here = {path.name for path in (everything / "src").iterdir()}
    forwards = {path.name for path in (everything / "include").iterdir()}
    assert here - forwards == {*kernel_files(CPlan(everything_model())), "a_model.c"}


@pytest.mark.parametrize("model", [everything_model(), small_model()], ids=["everything", "small"])
def test_memory_table_adds_up(model: Model):
    cells = [line.split("|")[3:5] for line in memory_table(CPlan(model)).splitlines()[2:]]
    numbers = [[int(cell.strip("* ").replace(",", "") or 0) for cell in row] for row in cells]
    assert len(numbers) == len(model.layers) + 4
    assert [sum(column) for column in zip(*numbers[:-1], strict=True)] == numbers[-1]
    assert numbers[-1] == [footprint(CPlan(model)).flash_bytes, memory(CPlan(model)).bytes]


@needs_cmake
def test_readme_commands_work_as_they_stand(everything, tmp_path):
    """Those of "Try it on this computer", typed in a copy of the folder."""
    folder = tmp_path / "folder"
    shutil.copytree(everything, folder)
    commands = re.findall(r"^    ((?:cmake|cc) .*)$", (folder / "README.md").read_text(), re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        run("sh", "-c", command, cwd=folder)


def test_bytes_do_not_depend_on_the_process():
    """Python orders sets of texts differently in every process, unless it is told a seed."""
    program = (
        "import hashlib; from tests.firmware_gen.builds import everything_model; "
        "from firmware_gen.c_gen.target import generate; "
        "print(hashlib.sha256(repr(list(generate(everything_model()).items())).encode()).hexdigest())"
    )
    root = Path(__file__).parents[3]
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_readme_has_no_name_left_open(everything):
    text = (everything / "README.md").read_text()
    assert "$" not in text
    for path in re.findall(r"`((?:include|src|examples|host)/[a-z_]+\.[ch])`", text):
        assert (everything / path).is_file(), path
