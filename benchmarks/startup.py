"""How much longer `edge-sast --help` takes than an empty Python start, in turn, median of N.

python benchmarks/startup.py --runs 20 --json startup.json
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from statistics import median

from edge_sast.report.tables import write_json


def seconds(*command: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--json", help="write the figures")
    args = parser.parse_args()
    pairs = [
        (seconds("-c", "pass"), seconds("-m", "edge_sast.cli.main", "--help")) for _ in range(args.runs + 1)
    ][1:]
    empty, helped = (median(column) for column in zip(*pairs, strict=True))
    print(f"empty Python {empty:.3f} s, edge-sast --help {helped:.3f} s, difference {helped - empty:.3f} s")
    write_json(
        args.json, {"empty_seconds": empty, "help_seconds": helped, "difference_seconds": helped - empty}
    )


if __name__ == "__main__":
    main()
