"""What a model takes on an 8-bit AVR with 16 KB of RAM (ATmega1284P), emulated by simavr: bytes, and cycles per step.

    python benchmarks/avr.py MODEL --data DATA --split valid --limit 2

Needs avr-gcc, avr-libc and simavr. The recordings lie in flash beside the tables: a few thousand events are all that
fit. A step is all of its events (sast_push, read from flash) and sast_step, timed by the emulated core's own timer.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from edge_sast.cli.options.recordings import add_data_arguments, data_options
from edge_sast.datasets.selection import bin_split, open_split
from edge_sast.errors import EdgeSastError
from edge_sast.model import modelfile
from firmware_gen.build.folder import write_folder
from firmware_gen.c_gen.target import generate

MCU = "atmega1284p"
FLAGS = ("-std=gnu99", "-Os", "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections")
TICK = 1024  # cycles


def run(*command: str | Path) -> str:
    """What a command printed; simavr tells on stderr what the UART says."""
    done = subprocess.run(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode != 0:
        raise EdgeSastError(f"{command[0]}: {done.stdout.strip()}")
    return done.stdout


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    add_data_arguments(parser)
    args = parser.parse_args(argv)
    model = modelfile.load(args.model)
    dataset, split = open_split(data_options(args))
    recordings = bin_split(dataset, split, model.binning, data_options(args))
    with TemporaryDirectory() as scratch:
        build, program = Path(scratch) / "build", Path(scratch) / "program.elf"
        write_folder(generate(model, recordings, "a", len(recordings)), build)
        sources = [*sorted((build / "src").glob("*.c")), build / "examples" / "a_known_answers.c"]
        includes = [f"-I{build / folder}" for folder in ("include", "examples")]
        own = Path(__file__).with_name("avr_cycles.c")
        run("avr-gcc", f"-mmcu={MCU}", *FLAGS, *includes, own, *sources, "-o", program)
        print(run("avr-size", "-C", f"--mcu={MCU}", program).strip())
        said = run("simavr", "-m", MCU, "-f", "16000000", program)
    lines = re.findall(r"\x1b\[32m(\w+)", said)  # in colour, its own lines are not
    if not lines or lines.pop() != "end":
        raise EdgeSastError(f"the emulated program did not end: {said[-200:]!r}")
    print(f"of RAM, never reached by the stack: {lines.pop().removeprefix('free')} bytes")
    cycles = TICK * np.array(lines, int)
    print(f"{len(cycles)} steps: {cycles.mean():,.0f} cycles per step, at most {cycles.max():,}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EdgeSastError as error:
        print(f"avr: {error}", file=sys.stderr)
        sys.exit(2)
