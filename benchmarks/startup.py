"""What short commands cost beside an empty Python start: `--help`, `export --no-data` of the example model, and `run`
of one recording; beside them what importing NumPy and Numba costs, which every kernel needs.

python benchmarks/startup.py --runs 20 --against ../old/.venv/bin/python --json startup.json

In turn, median of N, the first round left out: it may compile. --against measures another checkout beside this one, by
its interpreter, on this one's model. Python keeps its bytecode, as an installed package has it.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from edge_sast.report.tables import print_table, write_json

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
MODEL = EXAMPLES / "nmnist-int8.safetensors"
RECORDING = (str(EXAMPLES / "digits-int8.safetensors"), str(EXAMPLES / "digit-2.bin"), "--sensor", "24x24")
COMMAND = ("-m", "edge_sast.cli.main")
COMMANDS = {
    "empty Python": ("-c", "pass"),
    "importing NumPy and Numba": ("-c", "import numpy, numba"),
    "edge-sast --help": (*COMMAND, "--help"),
    "edge-sast export --no-data": (*COMMAND, "export", str(MODEL), "--no-data", "--out", "build"),
    "edge-sast run": (*COMMAND, "run", *RECORDING),
}


def cost(python: str, command: tuple[str, ...]) -> tuple[float, float]:
    """Seconds, and processor seconds."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        # In the folder: a checkout in the working folder would be imported instead.
        subprocess.run([python, *command], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--against", metavar="PYTHON", help="another checkout's interpreter")
    parser.add_argument("--json", metavar="FILE", help="write the figures")
    args = parser.parse_args()
    pythons = {"this": sys.executable}
    if args.against:
        pythons["other"] = os.path.abspath(args.against)  # as it is: a link's target has no packages
    cases = [(whose, what) for whose in pythons for what in COMMANDS]
    runs: dict[tuple[str, str], list[tuple[float, float]]] = {case: [] for case in cases}
    for _ in range(args.runs + 1):
        for whose, what in cases:
            runs[whose, what].append(cost(pythons[whose], COMMANDS[what]))
    rows, figures = [], []
    for (whose, what), costs in runs.items():
        wall, processor = (median(column) for column in zip(*costs[1:], strict=True))
        rows.append([whose, what, f"{wall:.3f}", f"{processor:.3f}"])
        figure: dict[str, Any] = {"checkout": whose, "command": what}
        figures.append(figure | {"seconds": wall, "processor_seconds": processor})
    print_table(rows, ["checkout", "command", "seconds", "processor seconds"])
    write_json(args.json, figures)


if __name__ == "__main__":
    main()
