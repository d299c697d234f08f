"""Recordings on every emulated board by `edge-sast hil`, each in processes of its own: is each bit right?

    python benchmarks/boards.py MODEL --data DATA [--split S] [--limit 200] [--board NAME ...] [--serial tcp:0|pty]

MODEL is a model file, or a build folder. Every recording runs twice on each board: observed (the CRC of every step
covers every membrane, spike and counter) and not, with all events that the sensor sent (the instructions of each step);
every eighth a third time, with those that count. Exit code 1 when a value differs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge_sast.errors import EdgeSastError
from edge_sast.model import modelfile
from edge_sast.report.tables import print_table, write_json
from firmware_gen.boards.boards import BOARDS, Board, find_board
from firmware_gen.boards.build import Firmware, build_firmware
from firmware_gen.boards.qemu import emulator
from firmware_gen.build.folder import write_folder
from firmware_gen.c_gen.target import generate

HIL = (sys.executable, "-m", "edge_sast.cli.main", "hil")


@dataclass(frozen=True)
class Figures:
    """Of one board. mismatches: recordings of which any CRC, output, class or counter differs, in either run.

    instructions: of a step, without an observer: mean, p99 and max, with all events that the sensor sent; unique: with
    those that count, of every eighth recording.
    ring_most: the most bytes that waited in the receive ring; ring_lost: bytes that did not fit. stack_used: bytes.
    """

    board: str
    core: str
    toolchain: str
    flash_bytes: int
    ram_bytes: int
    recordings: int
    mismatches: int
    accuracy: float
    instructions: dict[str, float]
    unique_instructions: dict[str, float]
    synops_a_step: float
    ring_bytes: int
    ring_most: int
    ring_lost: int
    stack_used: int
    failures: int
    seconds: float


def main() -> int:
    args = parse_arguments()
    path = Path(args.model)
    model = modelfile.load(path / "model.safetensors" if path.is_dir() else path)
    boards = [find_board(name) for name in args.board or [b.name for b in BOARDS.values() if b.emulated]]
    with tempfile.TemporaryDirectory() as folder:
        build = path
        if not path.is_dir():
            build = Path(folder) / "build"
            write_folder(generate(model), build)
        figures = [prove(board, build, model.binning.steps, args) for board in boards]
    show(figures)
    write_json(args.json, {"model_hash": modelfile.model_hash(model), "boards": [asdict(f) for f in figures]})
    return 1 if any(f.mismatches or f.ring_lost for f in figures) else 0


def prove(board: Board, build: Path, steps: int, args: argparse.Namespace) -> Figures:
    """Builds the program, starts the machine, lets hil run all recordings, reads the ring's counts."""
    with tempfile.TemporaryDirectory() as folder:
        firmware = build_firmware(build, board, folder, toolchain=args.toolchain)
        with emulator(board, firmware.elf, args.serial) as machine:
            found = hil(build / "model.safetensors", machine.port, Path(folder), args)
            ring = machine.read_word("ring_most"), machine.read_word("ring_lost")
            stack = machine.stack_used()
    print(f"{board.name}: {found['compared']} recordings in {found['seconds']:.1f} s", file=sys.stderr)
    return summary(firmware, found, steps, ring, stack)


def hil(model: Path, port: str, folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    """What `edge-sast hil` measured. Exits as it did, unless it ended well or found a mismatch."""
    figures = folder / "hil.json"
    command = [*HIL, str(model), "--port", port, "--data", args.data, "--limit", str(args.limit)]
    command += ["--split", args.split] if args.split else []
    done = subprocess.run(
        [*command, "--json", figures, "--journal", folder / "journal"], stdout=subprocess.DEVNULL
    )
    if done.returncode not in (0, 1) or not figures.is_file():
        sys.exit(done.returncode)
    found: dict[str, Any] = json.loads(figures.read_text())
    return found


def summary(
    firmware: Firmware, found: dict[str, Any], steps: int, ring: tuple[int, int], stack: int
) -> Figures:
    (link,) = found["boards"]
    synops = sum(layer["synops"] for layer in found["layers"])
    return Figures(
        firmware.board.name,
        firmware.board.core.title,
        firmware.toolchain,
        firmware.use.flash,
        firmware.use.ram + firmware.use.stack,
        found["compared"],
        found["mismatches"],
        found["accuracy"],
        link["ticks_per_step"],
        link["unique_ticks_per_step"],
        synops / found["compared"] / steps,
        firmware.board.ring_bytes,
        *ring,
        stack,
        link["failures"],
        round(found["seconds"], 2),
    )


def show(figures: Sequence[Figures]) -> None:
    rows = [
        [
            f.board,
            f.core,
            f"{f.flash_bytes:,}",
            f"{f.ram_bytes:,}",
            f"{f.recordings:,}",
            str(f.mismatches),
            *(
                " / ".join(f"{spread[name]:,.0f}" for name in ("mean", "p99", "max"))
                for spread in (f.instructions, f.unique_instructions)
            ),
            f"{f.ring_most} of {f.ring_bytes}",
            str(f.stack_used),
            f"{f.seconds:.1f}",
        ]
        for f in figures
    ]
    head = [
        "board",
        "core",
        "flash",
        "RAM",
        "recordings",
        "mismatches",
        "instructions/step: mean / p99 / max",
        "without repeats",
        "ring",
        "stack",
        "s",
    ]
    print_table(rows, head)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", metavar="MODEL", help="model file or build folder")
    parser.add_argument("--data", required=True, metavar="SPEC", help="folder or .zip of recordings")
    parser.add_argument("--split", help="default: test, or valid where there is no test")
    parser.add_argument("--limit", type=int, default=200, help="recordings, spread over the classes")
    parser.add_argument("--board", action="append", metavar="NAME", help="default: every emulated one")
    parser.add_argument("--serial", default="tcp:0", help="tcp:PORT or pty")
    parser.add_argument("--toolchain", help="gcc or zig")
    parser.add_argument("--json", metavar="FILE", help="write the figures")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EdgeSastError as error:
        print(f"boards: {error}", file=sys.stderr)
        sys.exit(2)
