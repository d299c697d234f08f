"""Where a spiking network costs less than the same network as a dense int8 CNN, over the rate of events.

    python benchmarks/dense.py examples/nmnist-int8.safetensors --data DATA --limit 20 --json FILE --plot docs/figures
    python benchmarks/dense.py --on cortex-m0 --toolchain gcc

The spiking firmware runs T steps per decision at input rates from 0.1 % to 30 % (random inputs, each with 1.85 events
on average, as a sensor sends them; without the repeats in brackets, where that is another figure), the dense network
one frame. Instructions are exact counts of an emulated core. Cycles are estimated from them and from the core's
documented timings (firmware_gen/emulator/cycles.py), and measured nowhere. Both sides are compiled alike and checked
bit for bit.
Crossings are interpolated linearly between rates, both axes logarithmic. "Steps per dense frame" is how many steps the
fastest dense kernels' frame is worth. With --data, a model's recordings give one more point: what its own data cost.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from dense_cases import (
    Case,
    DenseFigures,
    Point,
    event_points,
    measure_dense,
    measure_point,
    reference_cases,
)
from sent_events import load_sent

from edge_sast.cli.options.recordings import add_data_arguments
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.model import modelfile
from edge_sast.report.tables import print_table, write_json
from firmware_gen.build.event_bytes import sent_step_bytes
from firmware_gen.c_plan.footprint import footprint
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.emulator.cycles import TIMINGS

RATES = "0.1,0.2,0.5,1,2,5,10,20,30"
DECISIONS = (1, 5, 10)
SUMMARY_RATES = 4  # columns would be too many with all
CMSIS_NN = 5_012_930  # instructions of the reference network with CMSIS-NN's kernels, gcc 12.2 -O3, Cortex-M4


@dataclass(frozen=True)
class Comparison:
    """One network on one core. recorded: the point of its own recordings."""

    case: Case
    core: str
    points: list[Point]
    dense: list[DenseFigures]
    recorded: Point | None = None

    def units(self) -> tuple[str, ...]:
        return ("instructions", *TIMINGS[self.core])


def main() -> int:
    args = parse_arguments()
    compared = compare_all(args)
    for comparison in compared:
        show(comparison)
    print(f"\n{summary(compared)}")
    write_json(args.json, [as_plain(comparison) for comparison in compared])
    if args.plot:
        import dense_plot

        print(f"\nwrote {dense_plot.write(compared, Path(args.plot))}")
    return 0


def compare_all(args: argparse.Namespace) -> list[Comparison]:
    rates = [float(rate) / 100 for rate in args.rates.split(",")]
    cases = reference_cases()
    if args.model:
        model = modelfile.load(args.model)
        cases.append(Case(Path(args.model).stem, Path(args.model).name, lambda _rate: model))
    found = []
    for case in cases:
        dense = measure_dense(case.model(rates[0]), args.on, args.toolchain)
        points = event_points(case, rates, args.on, args.toolchain)
        recorded = None
        if args.data and case is cases[-1]:
            _, recordings, events = load_sent(args, model.binning)
            sent = [sent_step_bytes(given, model.binning) for given in events]
            recorded = measure_point(model, recordings, args.on, args.toolchain, sent)
        found.append(Comparison(case, args.on, points, dense, recorded))
        print(f"{case.title}: {len(points)} rates", file=sys.stderr)
    return found


def crossing(rates: list[float], costs: list[float], dense: float) -> str:
    """The rate at which `costs`, which rise with the rates, reach `dense`, in %."""
    if costs[0] >= dense:
        return f"< {100 * rates[0]:.2g} %"
    if costs[-1] < dense:
        return f"> {100 * rates[-1]:.2g} %"
    rate = np.exp(np.interp(np.log(dense), np.log(np.maximum.accumulate(costs)), np.log(rates)))
    return f"{100 * rate:.2g} %"


def crossings(comparison: Comparison, unit: str) -> list[list[str]]:
    """Rows: dense kernels, its cost, crossing rate for each number of steps per decision (without repeats)."""
    rivals = [(figures.title, figures.cost.of(unit)) for figures in comparison.dense]
    if comparison.case.name.startswith("reference") and (comparison.core, unit) == (
        "cortex-m4",
        "instructions",
    ):
        rivals.append(("CMSIS-NN", CMSIS_NN))
    rates = [point.rate for point in comparison.points]
    rows = []
    for title, cost in rivals:
        row = [title, f"{cost:,}"]
        for steps in DECISIONS:
            sent, unique = (
                crossing(rates, [point.decision(unit, steps, without) for point in comparison.points], cost)
                for without in (False, True)
            )
            row.append(sent if sent == unique else f"{sent} ({unique})")
        rows.append(row)
    return rows


def show(comparison: Comparison) -> None:
    dense, memory = comparison.dense[-1], footprint(CPlan(comparison.case.model(comparison.points[0].rate)))
    print(f"\n{comparison.case.title}, {comparison.core}: {dense.macs:,} MACs per dense frame")
    print(f"dense: RAM {dense.ram:,} bytes, tables {dense.flash:,} bytes; ", end="")
    print(f"spiking: RAM {memory.ram_bytes:,} bytes, tables {memory.flash_bytes:,} bytes")
    for unit in comparison.units():
        name = unit if unit == "instructions" else f"estimated cycles, {unit}"
        points = [(f"{100 * point.rate:.2g} %", point) for point in comparison.points]
        if comparison.recorded:
            points.append((f"recordings: {100 * comparison.recorded.rate:.2g} %", comparison.recorded))
        rows = [
            [
                rate,
                f"{point.synops:,.0f}",
                *(f"{point.decision(unit, steps):,.0f}" for steps in DECISIONS),
                f"{point.decision(unit, 1, unique=True):,.0f}",
                f"{dense.cost.of(unit) / point.decision(unit, 1):.1f}",
            ]
            for rate, point in points
        ]
        print(f"\n{name}")
        decisions = [f"{n} steps" for n in DECISIONS[1:]]
        print_table(
            rows,
            [
                "input rate",
                "SynOps per step",
                "per step",
                *decisions,
                "per step without repeats",
                "steps per dense frame",
            ],
        )
        print()
        print_table(
            crossings(comparison, unit),
            ["dense kernels", "a frame", *(f"crossing, T = {n}" for n in DECISIONS)],
        )


def summary(compared: list[Comparison]) -> str:
    """Markdown: each network and unit, the fastest dense kernels, and the crossing rates with them."""
    shown = [compared[0].points[i] for i in _spread(len(compared[0].points), SUMMARY_RATES)]
    rates = ", ".join(f"{float(f'{100 * point.rate:.1g}'):g}" for point in shown)
    heads = [
        "network",
        "counted",
        "per dense frame",
        f"per step at {rates} %",
        *(f"T = {n}" for n in DECISIONS),
    ]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for comparison in compared:
        points = [comparison.points[i] for i in _spread(len(comparison.points), SUMMARY_RATES)]
        for unit in comparison.units():
            cost = comparison.dense[-1].cost.of(unit)
            steps = ", ".join(f"{point.decision(unit, 1) / 1000:,.0f}" for point in points) + " k"
            name = unit if unit == "instructions" else f"estimated cycles, {unit}"
            row = [comparison.case.title, name, f"{cost / 1000:,.0f} k", steps]
            lines.append(
                f"| {' | '.join(row + crossings(comparison, unit)[len(comparison.dense) - 1][2:])} |"
            )
    return "\n".join(lines)


def _spread(count: int, wanted: int) -> list[int]:
    """Up to `wanted` indices below `count`, evenly spaced, both ends included."""
    return sorted({round(i) for i in np.linspace(0, count - 1, min(count, wanted))})


def as_plain(comparison: Comparison) -> dict:
    """For JSON."""
    return {
        "network": comparison.case.title,
        "core": comparison.core,
        "dense": [asdict(figures) for figures in comparison.dense],
        "points": [asdict(point) for point in comparison.points],
        "recorded": comparison.recorded and asdict(comparison.recorded),
        "crossings": {unit: crossings(comparison, unit) for unit in comparison.units()},
    }


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "model", metavar="MODEL", nargs="?", help="a model file, beside the reference network"
    )
    add_data_arguments(parser)
    parser.add_argument("--rates", default=RATES, help="input spikes in %% of all inputs, rising")
    parser.add_argument("--on", default="cortex-m4", choices=sorted(TIMINGS), help="emulated core")
    parser.add_argument("--toolchain", default="zig", choices=("zig", "gcc"), help="compiler of both sides")
    parser.add_argument("--plot", metavar="DIR", help="write dense.png there")
    parser.add_argument("--json", metavar="FILE", help="write the figures")
    args = parser.parse_args()
    if args.data and not args.model:
        parser.error("--data is for a MODEL; name one, or leave --data out")
    return args


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (EdgeSastError, CheckFailedError) as error:
        print(f"dense: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, EdgeSastError) else 1)
