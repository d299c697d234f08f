"""Speed of the integer runtime beside another checkout's, on the same models and recordings: ratios of the same round.

    python benchmarks/runtime_against.py ../older examples/nmnist-int8.safetensors --data DIR --split valid

Each checkout runs in a process of its own, in turn, and tells the least processor time that a block of recordings took:
other work on the machine can only lengthen it. What they computed is compared, too. `run` is the whole command, from
the files to the table, in processor seconds. The interpreter's packages serve both.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from edge_sast.errors import CheckFailedError
from edge_sast.report.tables import print_table, write_json

ROOT = Path(__file__).resolve().parents[1]
WORKER = """
import hashlib, json, sys, time
import numpy as np
from edge_sast.cli.options.recordings import add_data_arguments, data_options
from edge_sast.datasets.selection import load_split
from edge_sast.model import modelfile
from edge_sast.runtime import Simulator
import argparse

parser = argparse.ArgumentParser()
add_data_arguments(parser)
model = modelfile.load(sys.argv[1])
binned = load_split(model.binning, model.classes, data_options(parser.parse_args(sys.argv[3:]))).binned
simulator = Simulator(model)
result = simulator.run(binned)
told = hashlib.sha256(b"".join(each.tobytes() for each in (result.outputs, result.synops, result.spikes)))
block = binned.select(np.arange(0, len(binned), max(1, len(binned) // 20)))
synops, best = int(simulator.run(block).synops.sum()), float("inf")
for _ in range(int(sys.argv[2])):
    began = time.thread_time()
    simulator.run(block)
    best = min(best, time.thread_time() - began)
print(json.dumps({"seconds": best / len(block), "synops": synops / len(block), "result": told.hexdigest()}))
"""


def in_checkout(checkout: Path, code: list[str]) -> tuple[str, float]:
    """What a Python process of a checkout prints, and its processor seconds."""
    before = os.times()
    environment = os.environ | {"PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *code], env=environment, check=True, stdout=subprocess.PIPE, text=True, cwd=checkout
    )
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return done.stdout, spent


def measure(
    model: str, data: list[str], checkouts: dict[str, Path], rounds: int, blocks: int
) -> dict[str, Any]:
    """Figures of one model. Raises CheckFailedError where the checkouts do not compute the same."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in checkouts}
    for number in range(rounds + 1):
        for name, checkout in checkouts.items():
            line, _ = in_checkout(checkout, ["-c", WORKER, model, str(blocks), *data])
            _, whole = in_checkout(
                checkout, ["-m", "edge_sast.cli.main", "run", model, *data, "--threads", "1"]
            )
            if number:  # the first compiles, and fills caches
                found[name].append(json.loads(line) | {"run": whole})
    if len({each["result"] for runs in found.values() for each in runs}) > 1:
        raise CheckFailedError(f"{model}: the checkouts do not compute the same; one of them is wrong")
    new, old = found["this"], found["other"]
    ratios = {
        key: median(b[key] / a[key] for a, b in zip(new, old, strict=True)) for key in ("seconds", "run")
    }
    best = min(each["seconds"] for each in new)
    return {
        "model": Path(model).name,
        "recordings_per_second": 1 / best,
        "gsynops_per_second": new[0]["synops"] / best / 1e9,
        "times_as_fast": ratios["seconds"],
        "best_over_best": min(each["seconds"] for each in old) / best,
        "run_seconds": median(each["run"] for each in new),
        "run_times_as_fast": ratios["run"],
        "rounds": found,
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("other", help="folder of the other checkout")
    parser.add_argument("models", nargs="+", help="model files")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--blocks", type=int, default=300, help="blocks of 20 recordings in each process")
    parser.add_argument("--json", metavar="FILE", help="write the figures")
    args, data = parser.parse_known_args()
    checkouts = {"this": ROOT, "other": Path(args.other).resolve()}
    data = [str(Path(word).resolve()) if Path(word).exists() else word for word in data]
    try:
        figures = [
            measure(str(Path(model).resolve()), data, checkouts, args.rounds, args.blocks)
            for model in args.models
        ]
    except CheckFailedError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    rows = [
        [
            figure["model"],
            f"{figure['recordings_per_second']:.0f}",
            f"{figure['gsynops_per_second']:.2f}",
            f"{figure['times_as_fast']:.2f}",
            f"{figure['best_over_best']:.2f}",
            f"{figure['run_seconds']:.2f}",
            f"{figure['run_times_as_fast']:.2f}",
        ]
        for figure in figures
    ]
    heads = [
        "model",
        "recordings/s",
        "G SynOps/s",
        "times as fast",
        "best/best",
        "run: CPU s",
        "times as fast",
    ]
    print_table(rows, heads)
    write_json(args.json, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
