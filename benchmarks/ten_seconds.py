"""How long the four commands of the README's ten-second path take, each: with warm caches, and with empty ones.

python benchmarks/ten_seconds.py --runs 3 --json ten_seconds.json

Empty are the caches of compiled kernels, of zig and of this package's bytecode (a copy of it is run); other packages
have their bytecode, as pip installed them. Every command is a process of its own, in an empty folder; none may import
torch, and zig compiles, as it does where no compiler is installed. cpu: seconds of processor time, for machines that do
other things too.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from edge_sast.report.tables import print_table, write_json

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
STATES = ("empty", "warm")
PACKAGES = ("edge_sast", "firmware_gen")
MODEL = "digits-int8.safetensors"
COMMANDS = (
    ("inspect", MODEL),
    ("run", MODEL, "digit-2.bin", "digit-3.bin", "digit-7.bin", "--sensor", "24x24"),
    ("export", MODEL, "--no-data"),
    ("verify", "--on", "cortex-m", "--toolchain", "zig"),
)
WITHOUT_TORCH = (
    "import sys; sys.modules['torch'] = None; from edge_sast.cli.main import entry_point; entry_point()"
)


def copied_packages(place: Path) -> None:
    """The packages without any bytecode or kernels."""
    for name in PACKAGES:
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))


def seconds(words: tuple[str, ...], folder: Path, place: Path) -> tuple[float, float]:
    """Wall and processor time of one command of the packages in `place`, which keeps all caches.

    Recordings and models lie in examples/.
    """
    argv = [str(EXAMPLES / word) if word.endswith((".bin", ".safetensors")) else word for word in words]
    kept = {
        "PYTHONPATH": str(place),
        "NUMBA_CACHE_DIR": str(place / "numba"),
        "XDG_CACHE_HOME": str(place / "cache"),
    }
    start, before = time.perf_counter(), _cpu()
    subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, *argv],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("ZIG_")} | kept,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - start, _cpu() - before


def _cpu() -> float:
    """Of all processes that this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def path_seconds(place: Path) -> list[tuple[float, float]]:
    """All four, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        return [seconds(words, Path(folder), place) for words in COMMANDS]


def measure(runs: int) -> dict[str, list[float]]:
    """Medians over runs of each command's seconds, with empty and with warm caches."""
    found: dict[str, list[list[float]]] = {f"{state}{kind}": [] for state in STATES for kind in ("", ", cpu")}
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as place:
            copied_packages(Path(place))
            for state in STATES:
                wall, cpu = zip(*path_seconds(Path(place)), strict=True)
                found[state].append(list(wall))
                found[f"{state}, cpu"].append(list(cpu))
    return {state: [median(column) for column in zip(*rows, strict=True)] for state, rows in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", help="write the figures")
    args = parser.parse_args()
    found = measure(args.runs)
    names = [words[0] for words in COMMANDS]
    rows = [[state, *(f"{s:.1f}" for s in row), f"{sum(row):.1f}"] for state, row in found.items()]
    print_table(rows, ["caches", *names, "together, s"])
    write_json(args.json, {state: dict(zip(names, row, strict=True)) for state, row in found.items()})


if __name__ == "__main__":
    main()
