"""A model's firmware with the smallest main, linked as a user links it: what its ELF file holds, and what it does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from elftools.elf.elffile import ELFFile

from edge_sast.model.model import Model
from firmware_gen.c_gen.model import model_header, model_source
from firmware_gen.c_plan.library import library_files
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.emulator.machine import STACK_TOP, Machine
from firmware_gen.sizes.measure_code import CORES, FLAGS
from firmware_gen.toolchain.compiler import run_compiler
from firmware_gen.toolchain.cross import compiler
from firmware_gen.toolchain.image import read_image
from tests import tools

MEMORY_GCC = Path(__file__).parents[2] / "firmware_gen" / "c" / "emulator" / "memory_gcc.c"
MAIN = """
#include "a_model.h"
static a_memory_t memory;
static sast_context_t context;
volatile uint16_t sensor[4];
#ifdef OBSERVED
static void on_neuron(void *user, uint16_t layer, uint32_t neuron, int32_t membrane, uint8_t spike)
{
    (void)user;
    sensor[0] = (uint16_t)(layer + neuron + (uint32_t)membrane + spike);
}
extern const sast_observer_t observer;
const sast_observer_t observer = {.neuron = on_neuron};
#endif
int main(void);
int main(void)
{
    uint16_t answer = 0;
    if (sast_init(&context, &a_model, &memory, sizeof memory) != SAST_OK) {
        return 1;
    }
#ifdef OBSERVED
    (void)sast_set_observer(&context, &observer);
#endif
    for (;;) {
        if (sensor[0] != 0u) {
            (void)sast_reset(&context);
        }
        (void)sast_push(&context, sensor[1], sensor[2], (uint8_t)sensor[3]);
        (void)sast_step(&context);
        (void)sast_result(&context, &answer, NULL);
        sensor[0] = answer;
    }
}
"""
# The model's own constants apart from the library's, and the user's apart from both.
SCRIPT = """
SECTIONS
{
    . = 0x08000000;
    .user : { *main.o(.text* .rodata*) }
    .tables : { *a_model.o(.rodata.layer[0-9]* .srodata.layer[0-9]*) }
    .descriptors : { *a_model.o(.rodata* .srodata*) }
    .code : { *(.text .text.* .rodata .rodata.* .srodata .srodata.*) }
    . = 0x20000000;
    .state : { *main.o(.bss.memory .sbss.memory) }
    .context : { *main.o(.bss.context .sbss.context) }
    .others : { *(.data .data.* .sdata .sdata.* .bss .bss.* .sbss .sbss.* COMMON) }
}
"""


_LIBRARY: dict[
    tuple[str, bytes] | None, bytes
] = {}  # object files, by core and source; all have the same headers


def link(model: Model, core: str, folder: Path, observed: bool = False) -> Path:
    """The program, built in `folder`; observed: with an observer whose function takes no stack."""
    files = library_files(CPlan(model))
    files |= {
        "include/a_model.h": model_header(CPlan(model), "a").encode(),
        "src/a_model.c": model_source(CPlan(model), "a").encode(),
        "main.c": MAIN.encode(),
        "script.ld": SCRIPT.encode(),
    }
    tools.require_compiler("gcc", core)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    sources = [folder / "main.c", MEMORY_GCC, *sorted((folder / "src").glob("*.c"))]
    command = [*compiler("gcc", CORES[core]), *FLAGS, *(["-DOBSERVED"] if observed else [])]
    objects = [_compiled(command, source, folder, core) for source in sources]
    options = [
        "-nostdlib",
        "-nostartfiles",
        "-Wl,--gc-sections,--entry=main",
        f"-Wl,-T,{folder / 'script.ld'}",
    ]
    run_compiler([*command, *options, *objects, "-lgcc", "-o", str(folder / "program.elf")], "")
    return folder / "program.elf"


def _compiled(command: list[str], source: Path, folder: Path, core: str) -> str:
    """The object file of a source, in `folder`; of the library's, compiled for an earlier model where there was one."""
    place = folder / f"{source.stem}.o"
    key = None if source.stem in ("main", "a_model") else (core, source.read_bytes())
    if key in _LIBRARY:
        place.write_bytes(_LIBRARY[key])
    else:
        run_compiler([*command, f"-I{folder / 'include'}", "-c", str(source), "-o", str(place)], "")
        if key is not None:
            _LIBRARY[key] = place.read_bytes()
    return str(place)


def parts(program: Path) -> dict[str, int]:
    """Bytes of every part of the program that takes memory."""
    with program.open("rb") as stream:
        return {s.name[1:]: s["sh_size"] for s in ELFFile(stream).iter_sections() if s["sh_flags"] & 2}


def deepest_stack(program: Path, model: Model, core: str, density: float, steps: int = 4) -> int:
    """The farthest that the stack pointer moves in the library's functions, over steps of random events."""
    machine = Machine(read_image(program), CORES[core])
    context, memory = machine.allocate(64), machine.allocate(parts(program)["state"])
    answer = machine.allocate(4)
    lowest = STACK_TOP

    def look(_address: int, _size: int) -> None:
        nonlocal lowest
        lowest = min(lowest, machine._engine.reg_read(machine._registers.stack))

    machine.on_block(look)
    symbols = machine.image.symbols
    assert machine.call("sast_init", context, symbols["a_model"], memory, parts(program)["state"]) == 0
    if "observer" in symbols:
        assert machine.call("sast_set_observer", context, symbols["observer"]) == 0
    assert machine.call("sast_reset", context) == 0
    for events in _events(model, density, steps):
        for event in events:
            assert machine.call("sast_push", context, *event) == 0
        assert machine.call("sast_step", context) == 0
    assert machine.call("sast_result", context, answer, 0) == 0
    return STACK_TOP - lowest


def _events(model: Model, density: float, steps: int) -> Iterator[list[tuple[int, int, int]]]:
    """Events of each step: x, y, polarity."""
    grid, rng = model.binning, np.random.default_rng(0)
    pixels = (grid.sensor_width, grid.sensor_height, 2)
    for _ in range(steps):
        chosen = np.argwhere(rng.random(pixels) < density)
        yield [(int(x), int(y), int(p)) for x, y, p in chosen]
