"""How many instructions the generated C executes on emulated cores: exact, by function.

    python benchmarks/instructions.py                                     the reference network at 1, 5 and 10 % input
    python benchmarks/instructions.py MODEL --rates 1,5                   a model file, random events
    python benchmarks/instructions.py MODEL --data DATA --limit 20        a model file, recordings
    python benchmarks/instructions.py --on cortex-m4,rv32 --toolchain zig,gcc --flags=-O3 --json FILE

Every recording is first proven equal to the runtime. A step is all of its events (sast_push) and sast_step, without an
observer; loops that read events from memory are left out. per SynOp: the scatter kernels; per neuron: the sweep, for
each neuron and step; per spike: the delivery, for each spike on its way to a weighted layer. Numbers of
instructions are not cycles: loads and stores of blocks take one cycle a word on a Cortex-M4.
"""

from __future__ import annotations

import argparse
import sys

from reference_network import random_events, reference_model

from edge_sast import modelfile
from edge_sast.cli.output import print_table, write_json
from edge_sast.cli.recordings import add_data_arguments, bin_split, open_split
from edge_sast.data.binning import BinnedEvents
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.model import Model
from firmware_gen.emulator.cores import find_core
from firmware_gen.emulator.measure import Measurement, measure

HEADERS = (
    "input",
    "core",
    "compiler",
    "flags",
    "a step",
    "max",
    "SynOps",
    "per SynOp",
    "per neuron",
    "per spike",
)
HEADERS += ("input", "rest", "code", "stack")


def main() -> int:
    args = parse_arguments()
    rows, figures = [], []
    for title, model, recordings in cases(args):
        for name in args.on.split(","):
            for toolchain in args.toolchain.split(","):
                found = measure(model, recordings, find_core(name), toolchain, tuple(args.flags.split()))
                rows.append(row(title, found))
                figures.append({"case": title, "model_hash": modelfile.model_hash(model), **found.figures()})
                print(f"{title}, {name}, {toolchain}: {found.step_mean:,.0f} a step", file=sys.stderr)
    print_table(rows, HEADERS)
    if args.functions:
        print_functions(figures[-1])
    write_json(args.json, figures)
    return 0


def cases(args: argparse.Namespace) -> list[tuple[str, Model, BinnedEvents]]:
    """Title, model and recordings of each."""
    rates = [float(rate) for rate in args.rates.split(",")]
    if args.model is None:
        models = [reference_model(rate / 100) for rate in rates]
    else:
        models = [modelfile.load(args.model)] * len(rates)
    if args.data:
        dataset, split = open_split(args)
        return [(f"{args.data} {split}", models[0], bin_split(dataset, split, models[0].binning, args))]
    return [
        (f"{rate:g} %", model, random_events(model, rate / 100, args.recordings))
        for rate, model in zip(rates, models, strict=True)
    ]


def row(title: str, found: Measurement) -> list[str]:
    values = (found.step_mean, found.step_max, found.synops / found.steps)
    ratios = (found.per_synop, found.per_neuron, found.per_spike)
    parts = (found.parts["input"] / found.steps, found.parts["rest"] / found.steps)
    return [
        *(title, found.core, found.toolchain, " ".join(found.flags)),
        *(f"{value:,.0f}" for value in values),
        *(f"{value:.2f}" for value in ratios),
        *(f"{value:,.0f}" for value in (*parts, found.code_bytes, found.stack)),
    ]


def print_functions(figures: dict) -> None:
    """Of the last case: instructions a step and bytes, function by function."""
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
    print_table(rows, ["function", "instructions a step", "bytes"])


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
