"""Recordings on every emulated board, over its UART, against the runtime: is each bit right, and what does a step take?

    python benchmarks/boards.py MODEL --data DATA [--split S] [--limit 200] [--board NAME ...] [--serial tcp:0|pty]

MODEL is a model file, or a build folder. Every recording runs twice on each board: observed (the CRC of every step
covers every membrane, spike and counter) and not (the instructions of each step). Exit code 1 when a value differs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from edge_sast import modelfile
from edge_sast.cli.output import print_table, write_json
from edge_sast.cli.recordings import add_data_arguments, bin_split, open_split
from edge_sast.data.binned import BinnedEvents
from edge_sast.errors import EdgeSastError
from edge_sast.hil.events import recording_steps
from edge_sast.hil.link import BoardLink
from edge_sast.hil.messages import BoardRun, StepEvents
from edge_sast.hil.ports import open_port
from edge_sast.runtime.simulator import Simulator, Trace
from firmware_gen.board_build import build_firmware
from firmware_gen.board_run import emulator
from firmware_gen.boards import BOARDS, Board, find_board
from firmware_gen.c_target import generate, write_folder


@dataclass(frozen=True)
class Figures:
    """Of one board. mismatches: recordings of which any CRC, output, class or counter differs, in either run.

    instructions_a_step: mean and worst of the runs without an observer, the events' additions included.
    ring_most: the most bytes that waited in the receive ring; ring_lost: bytes that did not fit.
    """

    board: str
    core: str
    toolchain: str
    flash_bytes: int
    ram_bytes: int
    recordings: int
    steps: int
    mismatches: int
    instructions_a_step: float
    instructions_worst_step: int
    instructions_a_synop: float
    ring_bytes: int
    ring_most: int
    ring_lost: int
    seconds: float


def main() -> int:
    args = parse_arguments()
    path = Path(args.model)
    model = modelfile.load(path / "model.safetensors" if path.is_dir() else path)
    binned = bin_split(*open_split(args), model.binning, args)
    simulator = Simulator(model)
    expected = [simulator.trace(binned, i) for i in range(len(binned))]
    boards = [find_board(name) for name in args.board or [b.name for b in BOARDS.values() if b.emulated]]
    with tempfile.TemporaryDirectory() as folder:
        build = path
        if not path.is_dir():
            build = Path(folder) / "build"
            write_folder(generate(model, binned), build)
        figures = [prove(board, build, binned, expected, args) for board in boards]
    show(figures)
    write_json(args.json, {"model_hash": modelfile.model_hash(model), "boards": [asdict(f) for f in figures]})
    return 1 if any(f.mismatches or f.ring_lost for f in figures) else 0


def prove(
    board: Board, build: Path, binned: BinnedEvents, expected: Sequence[Trace], args: argparse.Namespace
) -> Figures:
    """Builds the program, starts the machine, runs all recordings, compares."""
    with tempfile.TemporaryDirectory() as folder:
        firmware = build_firmware(build, board, folder, toolchain=args.toolchain)
        with emulator(board, firmware.elf, args.serial) as machine:
            link = BoardLink(open_port(machine.port))
            start = time.perf_counter()
            outcomes = [run_one(link, recording_steps(binned, i), expected[i]) for i in range(len(binned))]
            seconds = time.perf_counter() - start
            most, lost = machine.read_word("ring_most"), machine.read_word("ring_lost")
            link.close()
    ticks = np.concatenate([ticks for _, ticks in outcomes])
    synops = sum(int(trace.synops.sum()) for trace in expected)
    print(f"{board.name}: {len(outcomes)} recordings in {seconds:.1f} s", file=sys.stderr)
    return Figures(
        board.name,
        board.core.name,
        firmware.toolchain,
        firmware.use.flash,
        firmware.use.ram + firmware.use.stack,
        len(outcomes),
        len(ticks),
        sum(not same for same, _ in outcomes),
        float(ticks.mean()),
        int(ticks.max()),
        float(ticks.sum() / max(synops, 1)),
        board.ring_bytes,
        most,
        lost,
        round(seconds, 2),
    )


def run_one(link: BoardLink, steps: Sequence[StepEvents], expected: Trace) -> tuple[bool, np.ndarray]:
    """Both runs of one recording: do they agree with the runtime, and the ticks of the one that is not observed."""
    observed, quiet = link.run(steps, observed=True), link.run(steps, observed=False)
    same = np.array_equal(observed.crcs, expected.crcs)  # type: ignore[arg-type]  # an observed run has them
    return same and agrees(observed, expected) and agrees(quiet, expected), quiet.ticks


def agrees(run: BoardRun, expected: Trace) -> bool:
    """Outputs, class, and the counters of every layer."""
    return (
        run.prediction == expected.prediction
        and np.array_equal(run.outputs, expected.outputs)
        and np.array_equal(run.synops, expected.synops.sum(axis=0, dtype=np.uint64))
        and np.array_equal(run.spikes, expected.spike_counts.sum(axis=0, dtype=np.uint64))
    )


def show(figures: Sequence[Figures]) -> None:
    headers = [
        "board",
        "core",
        "flash",
        "RAM",
        "recordings",
        "mismatches",
        "instructions/step",
        "worst",
        "per SynOp",
        "ring",
        "s",
    ]
    print_table(
        [
            [
                f.board,
                f.core,
                f"{f.flash_bytes:,}",
                f"{f.ram_bytes:,}",
                f"{f.recordings:,}",
                str(f.mismatches),
                f"{f.instructions_a_step:,.0f}",
                f"{f.instructions_worst_step:,}",
                f"{f.instructions_a_synop:.2f}",
                f"{f.ring_most} of {f.ring_bytes}",
                f"{f.seconds:.1f}",
            ]
            for f in figures
        ],
        headers,
    )


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", metavar="MODEL")
    add_data_arguments(parser)
    parser.set_defaults(limit=200)
    parser.add_argument("--board", action="append", metavar="NAME", help="default: every emulated one")
    parser.add_argument("--serial", default="tcp:0")
    parser.add_argument("--toolchain")
    parser.add_argument("--json", metavar="FILE")
    args = parser.parse_args()
    if not args.data:
        parser.error("--data is missing")
    return args


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EdgeSastError as error:
        sys.exit(f"boards.py: {error}")
