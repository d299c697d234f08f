"""How many instructions the generated C executes on emulated cores: exact, by function.

    python benchmarks/instructions.py                                     the reference network at 1, 5 and 10 % input
    python benchmarks/instructions.py MODEL --rates 1,5                   a model file, random events
    python benchmarks/instructions.py MODEL --data DATA --limit 20        a model file, recordings
    python benchmarks/instructions.py --on cortex-m4,rv32 --toolchain zig,gcc --flags=-O3 --json FILE

Every recording is proven equal to the runtime in each way in which it is counted. A step is all of its events
(sast_push) and sast_step, without an observer; loops that read events from memory are left out. Of a model that answers
early also sast_decided, and no step after the one that ends a recording. Recordings are counted

  as the sensor sends them     every event, in the order of time
  without repeats              each input's events only as often as they count: the binned list
  through sast_stream          as sent, with time stamps, in bursts of 64; a step is all from the end of the one before

and random events, none of which repeats another, only in the second way. The second table is of the first of these
ways. per SynOp: the scatter kernels; per neuron: the sweep, for each neuron and step; per spike: the delivery, for each
spike on its way to a weighted layer. Instructions are not cycles: "cycles, about" is the mean times the two cycles (1.5
on a Cortex-M0) that dense.py estimates of an instruction; nothing measured them.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
from numpy.typing import NDArray
from reference_network import random_events, reference_model
from sent_events import load_sent

from edge_sast.cli.options.recordings import add_data_arguments
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.model import modelfile
from edge_sast.model.model import Model
from edge_sast.report.tables import print_table, write_json
from firmware_gen.emulator.measure import Measurement, measure
from firmware_gen.toolchain.cores import find_core

WAY_HEADERS = (
    "input",
    "core",
    "compiler",
    "flags",
    "events",
    "per step",
    "instructions per step",
    "p99",
    "max",
    "per recording",
)
WAY_HEADERS += ("cycles, about",)
HEADERS = ("input", "core", "compiler", "flags", "SynOps", "per SynOp", "per neuron", "per spike")
HEADERS += ("input", "rest", "code", "stack")
TITLES = {"sent": "as the sensor sends them", "unique": "without repeats", "stream": "through sast_stream"}
CYCLES = {"cortex-m4": 2.0, "cortex-m0": 1.5}  # an instruction, of networks like the examples: docs/dense.md


def main() -> int:
    args = parse_arguments()
    ways, rows, figures = [], [], []
    for title, model, recordings, sent in cases(args):
        for name in args.on.split(","):
            for toolchain in args.toolchain.split(","):
                flags = tuple(args.flags.split())
                found = measure(model, recordings, find_core(name), toolchain, flags, sent)
                ways += way_rows(title, found)
                rows.append(row(title, found))
                figures.append({"case": title, "model_hash": modelfile.model_hash(model), **found.figures()})
                mean = found.instructions / found.steps
                print(f"{title}, {name}, {toolchain}: {mean:,.0f} per step", file=sys.stderr)
    print_table(ways, WAY_HEADERS)
    print()
    print_table(rows, HEADERS)
    if args.functions:
        print_functions(figures[-1])
    write_json(args.json, figures)
    return 0


def cases(
    args: argparse.Namespace,
) -> list[tuple[str, Model, BinnedEvents, list[NDArray[np.void]] | None]]:
    """Title, model, recordings, and these as the sensor sent them (None: random events) of each."""
    rates = [float(rate) for rate in args.rates.split(",")]
    if args.model is None:
        models = [reference_model(rate / 100) for rate in rates]
    else:
        models = [modelfile.load(args.model)] * len(rates)
    if args.data:
        title, recordings, sent = load_sent(args, models[0].binning)
        return [(title, models[0], recordings, sent)]
    return [
        (f"{rate:g} %", model, random_events(model, rate / 100, args.recordings), None)
        for rate, model in zip(rates, models, strict=True)
    ]


def way_rows(title: str, found: Measurement) -> list[list[str]]:
    """What a step costs, a line for each way."""
    head = [title, found.core, found.toolchain, " ".join(found.flags)]
    rows = []
    for name, way in found.ways.items():
        values = (way.events, way.mean, way.p99, way.max, way.mean * found.steps / found.recordings)
        cycles = f"{CYCLES[found.core] * way.mean:,.0f}" if found.core in CYCLES else "-"
        rows.append([*head, TITLES[name], *(f"{value:,.0f}" for value in values), cycles])
    return rows


def row(title: str, found: Measurement) -> list[str]:
    ratios = (found.per_synop, found.per_neuron, found.per_spike)
    parts = (found.parts["input"] / found.steps, found.parts["rest"] / found.steps)
    return [
        *(title, found.core, found.toolchain, " ".join(found.flags)),
        f"{found.synops / found.steps:,.0f}",
        *(f"{value:.2f}" for value in ratios),
        *(f"{value:,.0f}" for value in (*parts, found.code_bytes, found.stack)),
    ]


def print_functions(figures: dict) -> None:
    """Of the last case: instructions per step and bytes, function by function."""
    names = sorted({*figures["functions"], *figures["code"]}, key=lambda n: -figures["functions"].get(n, 0))
    rows = [
        [
            name,
            f"{figures['functions'].get(name, 0) / figures['steps']:,.1f}",
            str(figures["code"].get(name, 0)),
        ]
        for name in names
    ]
    print()
    print_table(rows, ["function", "instructions per step", "bytes"])


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "model", metavar="MODEL", nargs="?", help="model file; default: the reference network"
    )
    add_data_arguments(parser)
    parser.add_argument(
        "--rates", default="1,5,10", help="input spikes in %% of all inputs, where there is no --data"
    )
    parser.add_argument("--recordings", type=int, default=1, help="random recordings at each rate")
    parser.add_argument("--on", default="cortex-m4", metavar="CORES", help="cores, with commas between them")
    parser.add_argument("--toolchain", default="zig", metavar="NAMES", help="zig, gcc or zig,gcc")
    parser.add_argument("--flags", default="-O2", help="compiler flags, e.g. --flags='-Os -DSAST_PORTABLE'")
    parser.add_argument("--functions", action="store_true", help="print the functions of the last case too")
    parser.add_argument("--json", metavar="FILE", help="write the figures")
    args = parser.parse_args()
    if args.data and not args.model:
        parser.error("--data is for a MODEL; name one, or leave --data out")
    return args


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (EdgeSastError, CheckFailedError) as error:
        print(f"instructions: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, EdgeSastError) else 1)
