"""How much of a UART's byte rate carries events: recordings through the virtual board, its line paced to a baud rate.

    python benchmarks/wire.py examples/nmnist-int8.safetensors --data DIR/nmnist --split valid --json wire.json

Events: their bytes (docs/protocol.md, section 4) over what the line could have carried between the first byte and the
last result, all recordings one after the other. Every result is compared with the runtime's. Computing is this
computer's, so these are figures of the protocol and not of a board.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from edge_sast.cli.options.recordings import add_data_arguments, data_options
from edge_sast.datasets.selection import load_split
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.link.board_link import BoardLink
from edge_sast.link.event_payload import recording_steps
from edge_sast.link.messages import LinkSettings
from edge_sast.link.ports import open_port
from edge_sast.model import modelfile
from edge_sast.report.tables import print_table, write_json
from edge_sast.runtime import Simulator
from firmware_gen.build.folder import write_folder
from firmware_gen.c_gen.target import generate
from firmware_gen.virtual.board import build_virtual_board, running
from firmware_gen.virtual.relay import RelaySettings

BITS_PER_BYTE = 10


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="model file")
    add_data_arguments(parser)
    parser.add_argument(
        "--baud", type=int, nargs="+", default=[115_200, 921_600], help="of the line; 0: no limit"
    )
    parser.add_argument("--frame-bytes", type=int, default=512, help="SAST_BOARD_FRAME_BYTES of the firmware")
    parser.add_argument("--rx-bytes", type=int, default=4096, help="receive buffer of the board")
    parser.add_argument("--window", type=int, default=8, help="SAST_BOARD_WINDOW of the firmware")
    parser.add_argument("--json", help="write the figures")
    args = parser.parse_args()
    try:
        figures = benchmark(args)
    except (EdgeSastError, CheckFailedError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2 if isinstance(error, EdgeSastError) else 1
    print(
        f"{figures['recordings']} recordings, {figures['events_per_recording']:.0f} events each, "
        f"{figures['bytes_per_event']:.3f} bytes per event with the ends of steps"
    )
    rows = [
        [
            f"{run['baud']:,}",
            f"{run['efficiency']:.1%}",
            f"{run['recordings_per_second']:.1f}",
        ]
        for run in figures["runs"]
    ]
    print_table(rows, ["baud", "events", "recordings/s"])
    write_json(args.json, figures)
    return 0


def benchmark(args: argparse.Namespace) -> dict:
    """Figures of every baud rate. Raises EdgeSastError for a user's mistake, CheckFailedError for a wrong result."""
    if not args.data:
        raise EdgeSastError("--data is missing; give a data set")
    model = modelfile.load(args.model)
    binned = load_split(model.binning, model.classes, data_options(args)).binned
    with tempfile.TemporaryDirectory(prefix="edge-sast-wire-") as folder:
        build, program = Path(folder) / "build", Path(folder) / "virtual"
        write_folder(generate(model), build)
        flags = (f"-DSAST_BOARD_FRAME_BYTES={args.frame_bytes}u", f"-DSAST_BOARD_WINDOW={args.window}u")
        build_virtual_board(build, program, args.rx_bytes, flags)
        taken = Simulator(model).run(binned).steps
        crcs = [row[:steps] for row, steps in zip(Simulator(model).crcs(binned), taken, strict=True)]
        runs = [
            measure(RelaySettings(str(program), args.rx_bytes, True, baud), binned, crcs)
            for baud in args.baud
        ]
    events = int(binned.counts.sum())
    return {
        "recordings": len(binned),
        "events_per_recording": events / len(binned),
        "bytes_per_event": runs[0]["event_bytes"] / events,
        "frame_bytes": args.frame_bytes,
        "rx_bytes": args.rx_bytes,
        "window": args.window,
        "runs": runs,
    }


def measure(
    settings: RelaySettings,
    binned: BinnedEvents,
    crcs: list[np.ndarray],
    patience: LinkSettings = LinkSettings(),  # noqa: B008  it is frozen
) -> dict:
    """Figures of one paced board that is given every recording once. Raises CheckFailedError for a wrong result."""
    steps = [recording_steps(binned, i) for i in range(len(binned))]
    event_bytes = 0
    with (
        running(settings) as board,
        closing(BoardLink(open_port(board.port, settings.baud or 115_200), patience)) as link,
    ):
        link.hello()
        began = time.perf_counter()
        for i, run in enumerate(link.runs(steps, True)):
            if not np.array_equal(run.crcs, crcs[i]):
                raise CheckFailedError(f"recording {i}: the board's CRCs are not the runtime's")
            event_bytes += run.event_bytes
        whole_s = time.perf_counter() - began
    rate = settings.baud / BITS_PER_BYTE or float("nan")
    return {
        "baud": settings.baud,
        "event_bytes": event_bytes,
        "efficiency": event_bytes / (whole_s * rate),
        "recordings_per_second": len(binned) / whole_s,
        "overruns": board.overruns,
        "recoveries": link.statistics.recoveries,
    }


if __name__ == "__main__":
    sys.exit(main())
