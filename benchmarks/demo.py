"""`edge-sast demo` of this checkout against another one's, in turn: seconds, processor seconds, and ratios.

python benchmarks/demo.py --against ../old/.venv/bin/python --rounds 3 --cold --json demo.json

--cold compiles all kernels anew, as the first run after an installation does. --busy N runs N endless loops beside it:
what a training costs on a machine whose cores others use.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from edge_sast.report.tables import print_table, write_json

DEMO = ("-m", "edge_sast.cli.main", "demo")


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Endless loops of other programs."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def demo(python: str, kernels: str | None) -> dict[str, float]:
    """One run in folders of its own; kernels: folder of compiled ones, None is the usual place."""
    environment = os.environ | ({} if kernels is None else {"NUMBA_CACHE_DIR": kernels})
    with tempfile.TemporaryDirectory() as folder:
        out = ("--out", f"{folder}/demo", "--cache-dir", f"{folder}/bins")
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        # In the folder: a checkout in the working folder would be imported instead.
        subprocess.run(
            [python, *DEMO, *out], env=environment, cwd=folder, check=True, stdout=subprocess.DEVNULL
        )
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return {"seconds": seconds, "processor_seconds": used}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", required=True, metavar="PYTHON", help="the other one's interpreter")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cold", action="store_true", help="without compiled kernels")
    parser.add_argument("--busy", type=int, default=0, metavar="N", help="endless loops beside each run")
    parser.add_argument("--json", metavar="FILE", help="write the figures")
    args = parser.parse_args()
    pythons = {"this": sys.executable, "other": str(Path(args.against).absolute())}
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in pythons}
    for _ in range(args.rounds):
        for name, python in pythons.items():
            with tempfile.TemporaryDirectory() as kernels, busy(args.busy):
                runs[name].append(demo(python, kernels if args.cold else None))
    figures: dict[str, Any] = {"cold": args.cold, "busy": args.busy, "runs": runs}
    rows = []
    for what in ("seconds", "processor_seconds"):
        this, other = (median(run[what] for run in runs[name]) for name in pythons)
        figures[f"{what}_ratio"] = this / other
        rows.append([what.replace("_", " "), f"{this:.1f}", f"{other:.1f}", f"{this / other:.2f}"])
    print_table(rows, [f"median of {args.rounds}", "this", "other", "ratio"])
    write_json(args.json, figures)


if __name__ == "__main__":
    main()
