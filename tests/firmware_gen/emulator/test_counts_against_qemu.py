"""The same program on Unicorn and on QEMU, whose own translator counts instructions: equal in every function."""

from __future__ import annotations

import subprocess
from collections import Counter
from importlib import resources
from pathlib import Path

import pytest

from edge_sast.parity.device_trace import trace_format
from edge_sast.runtime.simulator import Simulator
from firmware_gen.build.event_bytes import recording_bytes, step_bytes
from firmware_gen.build.opened import open_build
from firmware_gen.c_gen.text import array
from firmware_gen.emulator.build import SCRIPT, link
from firmware_gen.emulator.counts import count_steps
from firmware_gen.emulator.run import EmulatedNetwork
from firmware_gen.toolchain.cores import find_core
from firmware_gen.toolchain.image import Image, read_image
from tests import tools

PROGRAMS = Path(__file__).parent / "programs"
PACKAGE = resources.files("firmware_gen") / "c" / "emulator"
# A Cortex-M4 with flash and RAM where the emulator's programs lie.
QEMU = ("qemu-system-arm", "-M", "netduinoplus2", "-nographic", "-semihosting")


def program(build, folder, toolchain) -> Path:
    """The emulator's program with a start for QEMU in it, which calls the same functions on its own."""
    recordings = open_build(build).answers.recordings
    streams = [recording_bytes(step_bytes(recordings, i)) for i in range(len(recordings))]
    steps = b"".join(streams) + bytes(4)
    (folder / "steps.h").write_text(array(f"static const uint8_t steps[{len(steps)}]", steps))
    script = (PACKAGE / SCRIPT).read_text()
    assert ".text   : { " in script
    (folder / "link.ld").write_text(script.replace(".text   : { ", ".text   : { KEEP(*(.vectors)) "))
    sources = [*sorted((build / "src").glob("*.c")), build / "host" / "sast_trace.c"]
    sources += [Path(str(PACKAGE / "sast_emulator.c")), PROGRAMS / "start_qemu.c"]
    sources += [Path(str(PACKAGE / "memory_gcc.c"))]
    options = ["-O2", f"-I{folder}", f"-I{build / 'include'}", f"-I{build / 'host'}", f"-I{PACKAGE}"]
    options += ['-DSAST_EMULATOR_HEADER="a_model.h"', "-DSAST_EMULATOR_MODEL=a_model"]
    options += ["-DSAST_EMULATOR_MEMORY=a_memory_t"]
    elf = folder / "both.elf"
    link(find_core("cortex-m4"), toolchain, options, sources, folder / "link.ld", "start", elf)
    return elf


def counted_by_qemu(elf: Path, image: Image, folder: Path) -> Counter[str]:
    plugin = folder / "count_blocks.so"
    compiler = ["gcc", "-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC"]
    subprocess.run([*compiler, str(PROGRAMS / "count_blocks.c"), "-o", str(plugin)], check=True, timeout=60)
    log = folder / "blocks.txt"
    command = [*QEMU, "-kernel", str(elf), "-plugin", str(plugin), "-d", "plugin", "-D", str(log)]
    subprocess.run(command, check=True, timeout=120, stdin=subprocess.DEVNULL)
    counts: Counter[str] = Counter()
    for line in log.read_text().splitlines():
        address, instructions, times = line.split()
        counts[image.function_at(int(address, 16))] += int(instructions) * int(times)
    return counts


@pytest.mark.parametrize("toolchain", ["zig", "gcc"])
@pytest.mark.parametrize("name", ["everything", "small"])
def test_both_count_the_same(request, tmp_path, toolchain, name):
    tools.require("qemu-system-arm", "gcc")
    tools.require_compiler(toolchain)
    build = request.getfixturevalue(name)
    elf = program(build, tmp_path, toolchain)
    image = read_image(elf)
    opened = open_build(build)
    model, recordings = opened.model, opened.answers.recordings
    form = trace_format(model, Simulator(model).layers)
    network = EmulatedNetwork(image, find_core("cortex-m4"), model, form)
    counts: Counter[str] = Counter()
    for i in range(len(recordings)):
        counts.update(sum(count_steps(network, step_bytes(recordings, i)), Counter()))
    expected = counted_by_qemu(elf, image, tmp_path)
    kernels = [function for function in counts if not function.startswith(("sast_reset", "mem"))]
    assert len(kernels) >= 8
    assert {function: counts[function] for function in kernels} == {f: expected[f] for f in kernels}
