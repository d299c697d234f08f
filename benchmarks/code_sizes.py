"""Measures code and stack of the library's functions per core; compares with firmware_gen/code_sizes.json or writes it.

python benchmarks/code_sizes.py            tells per core how far the file is off; exit code 1 where it is stale
python benchmarks/code_sizes.py --write    makes it anew (after every change to firmware_gen/c/src)
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from edge_sast.files import write_atomic
from firmware_gen.sizes import code_sizes
from firmware_gen.sizes.code_sizes import FILE
from firmware_gen.sizes.measure_code import CORES, measure, to_json

PATH = Path(code_sizes.__file__).with_name(FILE)
TOLERANCE = 0.05
COMMAND = "python benchmarks/code_sizes.py --write"


def dumps(table: dict[str, Any]) -> str:
    """JSON with one line for each section and function, so that changes are read easily."""
    lines = []
    for core, part in table.items():
        inner = []
        for key, value in part.items():
            if key in ("sections", "functions"):
                rows = ",\n".join(f"   {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items())
                inner.append(f"  {json.dumps(key)}: {{\n{rows}\n  }}")
            else:
                inner.append(f"  {json.dumps(key)}: {json.dumps(value)}")
        lines.append(f" {json.dumps(core)}: {{\n" + ",\n".join(inner) + "\n }")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def staleness(stored: dict[str, Any], measured: dict[str, Any]) -> list[str]:
    """One line for each difference beyond TOLERANCE between two tables' parts for one core (bytes, frames, names)."""
    found = []
    if stored["structs"] != measured["structs"]:
        found.append(f"structs: {stored['structs']}, now {measured['structs']}")
    for kind, key in (("sections", "bytes"), ("functions", "frame")):
        old, new = stored[kind], measured[kind]
        found += [
            f"{name}: only in {'the file' if name in old else 'the library'}"
            for name in sorted(old.keys() ^ new)
        ]
        for name in sorted(old.keys() & new.keys()):
            was, now = old[name][key], new[name][key]
            if abs(was - now) > TOLERANCE * now:
                found.append(f"{name}: {key} {was}, now {now}")
            if {k: v for k, v in old[name].items() if k != key} != {
                k: v for k, v in new[name].items() if k != key
            }:
                found.append(f"{name}: refers to other functions than in the file")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the file")
    args = parser.parse_args()
    measured = {name: to_json(measure(core)) for name, core in CORES.items()}
    if args.write:
        write_atomic(PATH, dumps(measured).encode())
        print(f"wrote {PATH}: {', '.join(measured)}")
        return 0
    stored = json.loads(PATH.read_text("utf-8"))
    stale = [f"{core}: {line}" for core in measured for line in staleness(stored[core], measured[core])]
    print("\n".join(stale) or "up to date")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
