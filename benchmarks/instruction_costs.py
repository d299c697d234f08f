"""Prices of the work of a network's C on a Cortex-M4, for `edge-sast train --instructions-target`: fitted, and held
against the emulator's counts.

    python benchmarks/instruction_costs.py                       the stored prices, on networks beside those of the fit
    python benchmarks/instruction_costs.py --write               fit them anew: firmware_gen/estimate/costs.json
    python benchmarks/instruction_costs.py MODEL --data DATA --split valid --limit 20      on a model's recordings

Networks are drawn: layers, bits, leak, reset, weights and events, five steps at four rates of events. Each function of
the library has its own terms (firmware_gen/estimate/work.py), and their prices are those of the least squares of the
function's relative errors, none below 0. The errors shown are of a recording's instructions, "without repeats"
(benchmarks/instructions.py). Exit code 1 where one is above 5 %, 2 for a mistake.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from instruction_networks import drawn
from scipy.optimize import nnls
from sent_events import load_sent

from edge_sast.cli.options.recordings import add_data_arguments
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.files import write_atomic
from edge_sast.model import modelfile
from edge_sast.model.model import Model
from edge_sast.parity.device_trace import trace_format
from edge_sast.report.tables import print_table, write_json
from edge_sast.runtime.simulator import Simulator
from firmware_gen.build.event_bytes import step_bytes
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.emulator.build import DEFAULT_FLAGS
from firmware_gen.emulator.counts import count_steps
from firmware_gen.emulator.measure import image_of
from firmware_gen.emulator.run import EmulatedNetwork
from firmware_gen.estimate import prices
from firmware_gen.estimate.counted import counted
from firmware_gen.estimate.work import family
from firmware_gen.toolchain.cores import find_core

PATH = Path(prices.__file__).with_name(prices.FILE)
COMMAND = "python benchmarks/instruction_costs.py --write"
TOOLCHAIN = "gcc"
TOLERANCE = 0.05
FITTED, CHECKED = range(1000, 1060), range(20)  # seeds of networks


@dataclass(frozen=True)
class Row:
    """One recording: what it is, amounts of work, and instructions by family of functions."""

    title: str
    work: Counter[str]
    counts: Counter[str]

    @property
    def instructions(self) -> int:
        return sum(self.counts.values())


def rows_of(title: str, model: Model, recordings: BinnedEvents) -> Iterator[Row]:
    """Every recording, whose outputs are those of the runtime, or CheckFailedError is raised."""
    core, plan, simulator = find_core(prices.CORE), CPlan(model), Simulator(model)
    image = image_of(model, core, TOOLCHAIN, DEFAULT_FLAGS)
    network = EmulatedNetwork(image, core, model, trace_format(model, simulator.layers))
    for i, source in enumerate(recordings.sources):
        counts: Counter[str] = Counter()
        for step in count_steps(network, step_bytes(recordings, i)):
            for function, count in step.items():
                counts[family(function)] += count
        if not np.array_equal(network.unobserved_outputs(), simulator.trace(recordings, i).outputs):
            raise CheckFailedError(f"{title}, {source}: the C differs from the runtime")
        yield Row(f"{title}, {source}", counted(plan, recordings.select([i])).exact, counts)


def fitted(rows: Sequence[Row]) -> dict[str, float]:
    """Price of each term, family by family."""
    terms = sorted({name for row in rows for name in row.work})
    costs: dict[str, float] = {}
    unknown = {name for row in rows for name in row.counts} - {name.split()[0] for name in terms}
    if unknown:
        raise EdgeSastError(f"no term stands for {', '.join(sorted(unknown))}; add one to estimate/work.py")
    for name in sorted({term.split()[0] for term in terms}):
        own = [term for term in terms if term.split()[0] == name]
        amounts = np.array([[row.work[term] for term in own] for row in rows], float)
        wanted = np.array([row.counts[name] for row in rows], float)
        # Errors count as shares of the whole recording, so that what matters there is right.
        share = 1 / np.array([row.instructions for row in rows])
        found, _ = nnls(amounts * share[:, None], wanted * share)
        costs |= dict(zip(own, (round(float(price), 3) for price in found), strict=True))
    return costs


def errors(rows: Sequence[Row], costs: dict[str, float]) -> np.ndarray:
    """Estimate over count, less 1, of each row."""
    return np.array([prices.estimate(row.work, costs) / row.instructions - 1 for row in rows])


def main() -> int:
    args = parse_arguments()
    torch.set_num_threads(1)
    if args.model:
        model = modelfile.load(args.model)
        title, recordings, _ = load_sent(args, model.binning)
        rows = list(rows_of(title, model, recordings))
    elif args.write:
        rows = gathered(FITTED)
        costs = fitted(rows)
        about = {
            "core": prices.CORE,
            "toolchain": TOOLCHAIN,
            "flags": list(DEFAULT_FLAGS),
            "made_by": COMMAND,
        }
        write_atomic(PATH, (json.dumps(about | {"costs": costs}, indent=1) + "\n").encode())
        prices.stored_costs.cache_clear()
    else:
        rows = gathered(CHECKED)
    return report(rows, args.json)


def gathered(seeds: range) -> list[Row]:
    found: list[Row] = []
    for seed in seeds:
        title, model, recordings = drawn(seed)
        found += rows_of(title, model, recordings)
        print(f"{seed}: {title}", file=sys.stderr)
    return found


def report(rows: Sequence[Row], path: str | None) -> int:
    off = errors(rows, prices.stored_costs())
    order = np.argsort(-np.abs(off))
    shown = [(rows[i].title, f"{rows[i].instructions:,}", f"{100 * off[i]:+.1f} %") for i in order[:10]]
    print_table(shown, ("the ten worst recordings", "instructions", "estimate"))
    within = float((np.abs(off) <= TOLERANCE).mean())
    print(
        f"\n{len(rows)} recordings of {np.mean([row.instructions for row in rows]):,.0f} instructions: "
        f"mean error {100 * np.abs(off).mean():.2f} %, mean {100 * off.mean():+.2f} %, "
        f"{100 * within:.1f} % of them within {100 * TOLERANCE:g} %, the worst {100 * np.abs(off).max():.1f} %"
    )
    figures = [
        {"title": r.title, "instructions": r.instructions, "error": e} for r, e in zip(rows, off, strict=True)
    ]
    write_json(path, figures)
    return 0 if within == 1 else 1


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "model", metavar="MODEL", nargs="?", help="model file; default: networks that are drawn"
    )
    add_data_arguments(parser)
    parser.add_argument("--write", action="store_true", help="fit the prices and store them")
    parser.add_argument("--json", metavar="FILE", help="write the figures")
    args = parser.parse_args()
    if bool(args.data) != bool(args.model):
        parser.error("MODEL and --data go together")
    return args


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (EdgeSastError, CheckFailedError) as error:
        print(f"instruction_costs: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, EdgeSastError) else 1)
