"""What a recording costs in the runtime: over the rate of events, the network's size, the steps and the cores.

    python benchmarks/runtime_cost.py --plot docs/figures --json cost.json

The reference network (conv 2→12 5×5 on 34×34, pool 2, conv 12→32 5×5, pool 2, linear 800→10; 10 steps; 5 % of all
inputs spike in a step), and one thing changed at a time. Each figure is the least of --repeat runs of --recordings
random ones, after compilation: other work on the machine can only slow a run down.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numba
from reference_network import network, random_events, reference_model
from runtime import cpu_name

from edge_sast.files import write_atomic
from edge_sast.report.tables import print_table, write_json
from edge_sast.runtime import Simulator

RATE = 0.05
RATES = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
CHANNELS = ((4, 8), (8, 16), (12, 32), (16, 48), (32, 64), (64, 128))
LENGTHS = (1, 3, 10, 30, 100)
TITLES = {
    "rate": "inputs that spike in a step, %",
    "neurons": "neurons",
    "steps": "steps",
    "threads": "threads",
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recordings", type=int, default=20, help="of each run")
    parser.add_argument("--repeat", type=int, default=20, help="runs of each; the quickest counts")
    parser.add_argument("--plot", metavar="DIR", help="write runtime-cost.png there")
    parser.add_argument("--json", metavar="FILE", help="write the figures")
    args = parser.parse_args()
    rows = list(measured(args.recordings, args.repeat))
    print(cpu_name())
    table = [
        [
            row["changed"],
            f"{row['value']:g}",
            f"{row['us']:.1f}",
            f"{row['synops']:,.0f}",
            f"{row['neurons'] * row['steps']:,}",
        ]
        for row in rows
    ]
    print_table(table, ["changed", "to", "µs per recording", "SynOps", "swept neurons"])
    write_json(args.json, {"cpu": cpu_name(), "rows": rows})
    if args.plot:
        print(plot(rows, Path(args.plot)))
    return 0


def measured(recordings: int, repeat: int) -> Iterator[dict[str, Any]]:
    """A row for each change: what was changed and to what, µs and SynOps per recording, neurons, steps."""
    model = reference_model(RATE)
    threshold = int(model.layers[0].neuron.threshold[0])
    for rate in RATES:
        yield _row("rate", 100 * rate, model, rate, recordings, repeat)
    for channels in CHANNELS:
        other = network(threshold, channels)
        neurons = Simulator(other).layers[-1].stop
        yield _row("neurons", neurons, other, RATE, recordings, repeat)
    for steps in LENGTHS:
        other = network(threshold, steps=steps)
        yield _row("steps", steps, other, RATE, recordings, repeat)
    available = numba.get_num_threads()
    for threads in range(1, available + 1):
        numba.set_num_threads(threads)
        yield _row("threads", threads, model, RATE, 20 * recordings, repeat)
    numba.set_num_threads(available)


def _row(changed: str, value: float, model, rate: float, recordings: int, repeat: int) -> dict[str, Any]:
    simulator, events = Simulator(model), random_events(model, rate, recordings)
    parallel = changed == "threads"
    synops = int(simulator.run(events, parallel=parallel).synops.sum())
    seconds = []
    for _ in range(repeat):
        began = time.perf_counter()
        simulator.run(events, parallel=parallel)
        seconds.append(time.perf_counter() - began)
    return {
        "changed": changed,
        "value": value,
        "us": 1e6 * min(seconds) / recordings,
        "synops": synops / recordings,
        "neurons": simulator.layers[-1].stop,
        "steps": model.binning.steps,
    }


def plot(rows: list[dict[str, Any]], folder: Path) -> Path:
    """runtime-cost.png in `folder`: a panel for each thing that was changed."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter, StrMethodFormatter

    figure = Figure(figsize=(13, 3.4), dpi=110, layout="constrained")
    for ax, (changed, title) in zip(
        figure.subplots(1, len(TITLES), squeeze=False)[0], TITLES.items(), strict=True
    ):
        of = [row for row in rows if row["changed"] == changed]
        ax.plot([row["value"] for row in of], [row["us"] for row in of], "o-", color="#0072b2", markersize=4)
        if changed != "threads":
            ax.set_xscale("symlog", linthresh=0.1) if changed == "rate" else ax.set_xscale("log")
            ax.set_yscale("log")
            for axis in (ax.xaxis, ax.yaxis):
                axis.set_major_formatter(StrMethodFormatter("{x:g}"))
                axis.set_minor_formatter(NullFormatter())
        else:
            ax.set_xticks([row["value"] for row in of])
            ax.set_ylim(bottom=0)
        ax.set_xlabel(title)
        ax.grid(True, which="both", alpha=0.25)
    figure.axes[0].set_ylabel("µs per recording")
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    path = folder / "runtime-cost.png"
    write_atomic(path, picture.getvalue())
    return path


if __name__ == "__main__":
    sys.exit(main())
