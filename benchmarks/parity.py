"""Is the generated C exact, and how long does it take to be sure? One model, every recording, every value.

    python benchmarks/parity.py MODEL --data DATA [--split S] [--limit N] [--json FILE]

MODEL is a model file or a build folder. Exit code 1 when a value differs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from edge_sast.cli.options.recordings import add_data_arguments, data_options
from edge_sast.datasets.selection import bin_split, open_split
from edge_sast.errors import EdgeSastError
from edge_sast.model import modelfile
from edge_sast.report.tables import print_table, write_json
from edge_sast.runtime.simulator import Simulator
from firmware_gen.build.folder import write_folder
from firmware_gen.c_gen.target import generate
from firmware_gen.c_plan.footprint import footprint
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.toolchain.compiler import find_compiler
from firmware_gen.verify.verify import verify_host


def main() -> int:
    args = parse_arguments()
    path = Path(args.model)
    model = modelfile.load(path / "model.safetensors" if path.is_dir() else path)
    dataset, split = open_split(data_options(args))
    binned = bin_split(dataset, split, model.binning, data_options(args))
    simulator = Simulator(model)
    simulator.trace(binned, 0)  # compiles the runtime, which is not what is measured
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        write_folder(generate(model, binned), Path(folder) / "build")
        generated = time.perf_counter()
        report = verify_host(Path(folder) / "build", binned, progress=True)
        verified = time.perf_counter()
    neurons = simulator.layers[-1].stop
    result = simulator.run(binned)
    figures = {
        "model_hash": modelfile.model_hash(model),
        "data": dataset.name,
        "split": split,
        "compiler": " ".join(find_compiler()),
        **report.figures(),
        "neuron_updates": report.steps * neurons,
        "synops_per_recording": int(result.synops.sum()) / len(binned),
        "accuracy": result.accuracy,
        "generate_s": round(generated - start, 3),
        "verify_s": round(verified - generated, 3),
        "flash_table_bytes": footprint(CPlan(model)).flash_bytes,
        "ram_bytes": footprint(CPlan(model)).ram_bytes,
    }
    print_table([[name, str(value)] for name, value in figures.items()], ["figure", "value"])
    write_json(args.json, figures)
    return 1 if report.mismatches else 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", metavar="MODEL", help="model file or build folder")
    add_data_arguments(parser)
    parser.add_argument("--json", metavar="FILE", help="write the figures")
    args = parser.parse_args()
    if not args.data:
        parser.error("--data is missing; name a data set")
    return args


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EdgeSastError as error:
        print(f"parity: {error}", file=sys.stderr)
        sys.exit(2)
