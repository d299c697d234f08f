"""Readers of event files side by side: events a second and memory on the same file, ours and other libraries' in turn.

python -m venv peers && peers/bin/pip install expelliarmus==1.1.12 evt3==0.4.1 evutils==0.3.18 faery==0.7.1 \\
    evlib==0.13.2 eventcv==1.0.8 aedat==2.3.0 dv-processing==2.0.4 h5py==3.16.0
python benchmarks/event_files.py --peers peers/bin/python --events 50000000 --formats evt2 evt3 dat

The files are made here: rows that fire as a wave passes, and single events between. Each reader reads on one core, in a
process of its own, in turn, --rounds times; a ratio is the median over the rounds of its processor seconds beside ours.
A reader whose events differ from those that were written is "wrong", and its time is left out. Memory is the most over
the library's empty import.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from event_file_makers import MAKERS, make
from event_file_readers import OURS, READERS

from edge_sast.report.tables import print_table, write_json

SCRIPT = Path(__file__).with_name("event_file_readers.py")
WARM_EVENTS = 200_000
COLUMNS = ["format", "reader", "M events/s", "ours is x times as fast", "MiB over import"]


def run(python: str, *args: str) -> tuple[object, str]:
    """(what a reader's process printed, or None where it failed; the last line of why)."""
    done = subprocess.run([python, str(SCRIPT), *args], capture_output=True, text=True)
    if done.returncode:
        return None, (done.stderr.strip().splitlines() or ["failed"])[-1]
    return json.loads(done.stdout.strip().splitlines()[-1]), ""


def compare(form: str, folder: Path, args: argparse.Namespace) -> list[dict[str, Any]]:
    """Figures of all readers of a format."""
    path, warm = (str(folder / f"{name}-{form}{MAKERS[form].suffix}") for name in ("all", "warm"))
    make(form, path, args.events, args.rate)
    make(form, warm, WARM_EVENTS, args.rate)
    pythons = {
        name: sys.executable if name.startswith("edge-sast/") else args.peers
        for name, reader in READERS.items()
        if form in reader.forms
    }
    readers = {name: python for name, python in pythons.items() if python}
    want, why = run(sys.executable, OURS, form, warm, "--sums")
    if want is None:
        raise SystemExit(f"{form}: our own reader failed: {why}")
    notes = {}
    for name, python in readers.items():
        got, why = run(python, name, form, warm, "--sums")
        notes[name] = "" if got == want else why or "wrong"
    costs: dict[str, list[dict[str, float]]] = {name: [] for name, note in notes.items() if not note}
    for _ in range(args.rounds):
        for name in list(costs):
            got, why = run(readers[name], name, form, path, "--warm", warm)
            if isinstance(got, dict) and got["events"] == args.events:
                costs[name].append(got)
            else:
                notes[name] = why or "wrong"
                del costs[name]
    size = os.path.getsize(path)
    figures = [_figure(form, name, costs.get(name, []), costs[OURS], notes[name]) for name in readers]
    return [figure | {"events": args.events, "bytes": size} for figure in figures]


def _figure(
    form: str, name: str, mine: list[dict[str, float]], ours: list[dict[str, float]], note: str
) -> dict[str, Any]:
    figure: dict[str, Any] = {"format": form, "reader": name, "note": note}
    if note:
        return figure
    rates = [cost["events"] / cost["processor"] / 1e6 for cost in mine]
    ratios = [theirs["processor"] / own["processor"] for theirs, own in zip(mine, ours, strict=True)]
    memory = max(cost["kib"] for cost in mine) / 1024
    return figure | {"events_per_us": median(rates), "ours_is_faster": median(ratios), "mib": memory}


def _row(figure: dict[str, Any]) -> list[str]:
    if figure["note"]:
        return [figure["format"], figure["reader"], figure["note"], "", ""]
    rate, ratio, memory = (figure[name] for name in ("events_per_us", "ours_is_faster", "mib"))
    return [figure["format"], figure["reader"], f"{rate:.1f}", f"{ratio:.2f}", f"{memory:.1f}"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--formats", nargs="+", default=list(MAKERS), choices=list(MAKERS))
    parser.add_argument("--events", type=int, default=50_000_000)
    parser.add_argument("--rate", type=float, default=10.0, help="events a µs of the recording (default 10)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--peers", metavar="PYTHON", help="interpreter of an environment with the other libraries"
    )
    parser.add_argument("--folder", help="where the files are made (default: a temporary one)")
    parser.add_argument("--json", metavar="FILE", help="write the figures")
    args = parser.parse_args()
    args.peers = args.peers and os.path.abspath(args.peers)  # as it is: a link's target has no packages
    figures = []
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        for form in args.formats:
            mine = compare(form, Path(folder), args)
            print_table([_row(figure) for figure in mine], COLUMNS)
            figures += mine
    write_json(args.json, figures)


if __name__ == "__main__":
    main()
