"""A model's known answers on an emulated AVR, a core whose `int` has 16 bits, and on this computer."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_sast.model.model import Model
from firmware_gen.build.folder import write_folder
from firmware_gen.c_gen.memory import memory
from firmware_gen.c_gen.target import generate
from firmware_gen.c_plan.plan import CPlan
from tests import tools
from tests.firmware_gen.builds import PROGRAMS
from tests.strategies import binned, random_input

MCU = "atmega1284p"
RAM_BYTES = 16 * 1024
OTHER_RAM = 3 * 1024  # what the program, its stack and the C library take besides two memories
WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"]
HOST = Path(__file__).parents[2] / "firmware_gen" / "c" / "host"
RECORDINGS = 4
EVENTS = 250  # of a recording, about; what an emulated AVR takes a fraction of a second for
PASS = ["00000000", f"{RECORDINGS:08x}"]  # outcome of the self-test, recordings replayed


def needs_avr() -> None:
    """Skips where a tool is missing."""
    tools.require("avr-g++", tools.AVR_LIBC, "simavr", "gcc")


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Output of a command that must succeed and complain of nothing."""
    done = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


@dataclass(frozen=True)
class Machine:
    """A compiler with its flags; in `folder`, what of the library has been compiled, once for all models."""

    compiler: tuple[str, ...]
    folder: Path

    def objects(self, build: Path) -> list[Path]:
        """The library as far as `build` needs it."""
        sources = [*sorted((build / "src").glob("sast_*.c")), HOST / "sast_trace.c"]
        missing = [path for path in sources if not (self.folder / f"{path.stem}.o").exists()]
        if missing:
            run(*self.compiler, *self.includes(build), "-c", *missing, cwd=self.folder)
        return [self.folder / f"{path.stem}.o" for path in sources]

    def includes(self, build: Path) -> list[str]:
        return [f"-I{folder}" for folder in (build / "include", build / "examples", HOST)]

    def program(self, build: Path, source: Path) -> Path:
        """`source`, linked with the tables of `build`."""
        out = build / f"{self.compiler[0]}.elf"
        own = [build / "src" / "a_model.c", build / "examples" / "a_known_answers.c", *self.objects(build)]
        run(*self.compiler, *self.includes(build), source, *own, "-Wl,--gc-sections", "-o", out)
        return out


def avr(folder: Path, level: str = "-Os") -> Machine:
    sections = ("-ffunction-sections", "-fdata-sections")
    return Machine(("avr-gcc", f"-mmcu={MCU}", "-std=gnu99", level, *sections, *WARNINGS), folder)


def computer(folder: Path) -> Machine:
    return Machine(("gcc", "-std=c99", "-O1"), folder)


def emulate(program: Path, mcu: str = MCU) -> str:
    """What a program says on its UART until it sleeps for ever."""
    done = subprocess.run(
        ["simavr", "-m", mcu, "-f", "16000000", str(program)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    # A line of the UART comes in colour, its line feed as a dot; simavr's own lines do not.
    return "".join(f"{line}\n" for line in re.findall(r"\x1b\[32m(.*?)\.*\n", done.stdout + done.stderr))


def fits(model: Model) -> bool:
    """Whether two memories of it leave the AVR enough RAM."""
    return 2 * memory(CPlan(model)).bytes + OTHER_RAM <= RAM_BYTES


def export_with_answers(model: Model, seed: int, folder: Path) -> Path:
    """A build folder; its known answers are RECORDINGS recordings, sparse to full, of at most about EVENTS events."""
    rng = np.random.default_rng([seed, 2])
    grid = model.binning
    full = np.full((grid.steps, grid.height, grid.width, 2), grid.count_cap, np.uint8)
    inputs = [full, *(random_input(rng, model) for _ in range(RECORDINGS - 1))]
    thinned = [counts * (rng.random(counts.shape) * counts.sum() < EVENTS) for counts in inputs]
    write_folder(generate(model, binned(model, thinned), "a", RECORDINGS), folder)
    return folder


def check(build: Path, emulated: Machine, host: Machine) -> list[str]:
    """Both machines must find every known answer, and then give the same traces. Returns what they say."""
    source = PROGRAMS / "answers_twice.c"
    got = emulate(emulated.program(build, source)).splitlines()
    want = run(host.program(build, source)).splitlines()
    assert want[:2] == PASS
    assert got == want
    return want
