"""Speed of the integer runtime on recordings: the same model and data, on one core and on all.

    python benchmarks/runtime.py MODEL --data DIR --split valid --json runtime.json

Each figure is the best of --repeat runs over all recordings, after compilation and without reading data: other work
on the machine can only slow a run down. Serial and parallel results are compared first.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from pathlib import Path

import numba
import numpy as np

from edge_sast.cli.options.recordings import add_data_arguments, data_options
from edge_sast.datasets.selection import load_split
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.model import modelfile
from edge_sast.report.tables import print_table, write_json
from edge_sast.runtime import Simulator


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="model file")
    add_data_arguments(parser)
    parser.add_argument("--repeat", type=int, default=5, help="runs of each kind; the best counts")
    parser.add_argument("--json", help="write the figures")
    args = parser.parse_args()
    try:
        figures = benchmark(args)
    except (EdgeSastError, CheckFailedError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2 if isinstance(error, EdgeSastError) else 1
    print(f"{figures['cpu']}, {figures['cores']} cores; {figures['samples']} recordings")
    rows = [
        [
            run["kind"],
            str(run["threads"]),
            f"{run['samples_per_second']:.0f}",
            f"{run['synops_per_second'] / 1e6:.0f}",
        ]
        for run in figures["runs"]
    ]
    print_table(rows, ["run", "threads", "recordings/s", "MSynOps/s"])
    write_json(args.json, figures)
    return 0


def benchmark(args: argparse.Namespace) -> dict:
    """Figures of a serial and a parallel run. Raises EdgeSastError for a user's mistake."""
    if not args.data or args.repeat < 1:
        raise EdgeSastError(
            f"--data is {args.data}, --repeat is {args.repeat}; give a data set, and 1 run or more"
        )
    model = modelfile.load(args.model)
    simulator, binned = Simulator(model), load_split(model.binning, model.classes, data_options(args)).binned
    serial, parallel = (simulator.run(binned, parallel=kind) for kind in (False, True))
    if not np.array_equal(serial.outputs, parallel.outputs) or not np.array_equal(
        serial.synops, parallel.synops
    ):
        raise CheckFailedError("serial and parallel results differ; this is a defect of edge-sast")
    synops = int(serial.synops.sum())
    runs = []
    for kind, threads in (("serial", 1), ("parallel", numba.get_num_threads())):
        seconds = min(_seconds(simulator, binned, kind == "parallel") for _ in range(args.repeat))
        run = {"kind": kind, "threads": threads, "seconds": seconds}
        runs.append(
            run | {"samples_per_second": len(binned) / seconds, "synops_per_second": synops / seconds}
        )
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "model_hash": modelfile.model_hash(model),
        "samples": len(binned),
        "input_spikes_per_sample": len(binned.indices) / len(binned),
        "synops_per_sample": synops / len(binned),
        "accuracy": serial.accuracy,
        "runs": runs,
    }


def _seconds(simulator: Simulator, binned, parallel: bool) -> float:
    began = time.perf_counter()
    simulator.run(binned, parallel=parallel)
    return time.perf_counter() - began


def cpu_name() -> str:
    """The processor as the system names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    sys.exit(main())
