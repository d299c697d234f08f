"""N-MNIST, method by method: trains on `train.zip` alone, reports on `valid.zip`, over several seeds.

    python benchmarks/nmnist_methods.py --data DIR --out runs/nmnist --seeds 0 1 --jobs 2 --json methods.json

Every run is `edge-sast train` followed by `edge-sast evaluate`; finished runs are kept, an interrupted one resumes.
Nothing is chosen on valid.zip within a run: the last epoch counts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean

from edge_sast.cli.output import print_table, write_json

COMMON = {
    "--dt-us": 30_000,
    "--steps": 10,
    "--arch": "16c5s2p2-or2-64c3p1-or2-out",
    "--epochs": 12,
    "--qat-epochs": 3,
    "--augment-shift": 2,
    "--lr": 0.003,
}
METHODS = {
    "hard": {"--method": "hard", "--beta": 2},
    "surrogate": {"--method": "surrogate", "--beta": 5},
    "sast": {"--method": "sast", "--beta": 5, "--rho": 0.1},
}
PASSES = ("surrogate", "hard", "int8", "int4")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, help="folder with train.zip and valid.zip")
    parser.add_argument("--out", default="runs/nmnist", help="folder for the runs")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument(
        "--jobs", type=int, default=1, help="runs at the same time, one thread each when above 1"
    )
    parser.add_argument("--json", help="write the figures")
    args = parser.parse_args()
    tasks = [(method, seed) for seed in args.seeds for method in args.methods]
    with ThreadPoolExecutor(args.jobs) as pool:
        results = list(pool.map(lambda task: run(args, *task), tasks))
    figures = {"machine": f"{platform.machine()}, {os.cpu_count()} cores", "jobs": args.jobs, "runs": results}
    print_table(*table(results))
    write_json(args.json, figures)


def run(args: argparse.Namespace, method: str, seed: int) -> dict:
    """Train (or take up) and evaluate one network."""
    folder = Path(args.out) / f"{method}-{seed}"
    threads = ["--threads", "1"] if args.jobs > 1 else []
    figures = folder / "evaluate.json"
    if not figures.exists():
        started = (folder / "checkpoint.safetensors").exists()
        options = {"--data": args.data, "--out": folder, "--seed": seed, **COMMON, **METHODS[method]}
        flat = [str(part) for option in options.items() for part in option]
        start = time.monotonic()
        edge_sast("train", *flat, *threads, "--quiet", *(["--resume"] if started else []))
        edge_sast("evaluate", str(folder), "--split", "valid", *threads, "--json", str(figures))
        print(f"{method}, seed {seed}: {time.monotonic() - start:.0f} s", flush=True)
    metrics = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return {
        "method": method,
        "seed": seed,
        "train_seconds": sum(m["seconds"] for m in metrics),
        "before_finish": before_finish(metrics),
        **json.loads(figures.read_text()),
    }


def before_finish(metrics: list[dict]) -> dict:
    """Surrogate and hard accuracy after the last float epoch: the gap, before the integer finish closes it."""
    last = [m for m in metrics if m["valid_pass"] == "hard"][-1]
    return {"surrogate": last.get("valid_surrogate_accuracy"), "hard": last["valid_accuracy"]}


def edge_sast(*arguments: str) -> None:
    alone = {} if "--threads" not in arguments else {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "edge_sast.cli.main", *arguments]
    subprocess.run(command, check=True, env=os.environ | alone, stdout=subprocess.DEVNULL)


def table(results: list[dict]) -> tuple[list[list[str]], list[str]]:
    """Means over the seeds, and their range."""
    headers = ["method", "seeds", "gap before finish", *(f"{p} %" for p in PASSES), "INT8 SynOps", "minutes"]
    rows = []
    for method in dict.fromkeys(r["method"] for r in results):
        runs = [r for r in results if r["method"] == method]
        gaps = [r["before_finish"] for r in runs if r["before_finish"]["surrogate"] is not None]
        gap = f"{100 * mean(g['surrogate'] - g['hard'] for g in gaps):+.2f}" if gaps else "-"
        rows.append([method, str(len(runs)), gap])
        rows[-1] += [spread([100 * r[p]["accuracy"] for r in runs]) for p in PASSES]
        rows[-1].append(f"{mean(r['int8']['synops_per_sample'] for r in runs):,.0f}")
        rows[-1].append(f"{mean(r['train_seconds'] for r in runs) / 60:.1f}")
    return rows, headers


def spread(values: list[float]) -> str:
    return f"{mean(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
