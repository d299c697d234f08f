"""How near steps on an emulated core come to the bound on their instructions, and that none goes beyond it.

    python benchmarks/step_bound.py                                          the three example models of N-MNIST
    python benchmarks/step_bound.py MODEL --on cortex-m0 --toolchain gcc --data DATA --limit 50 --json FILE

made: the bound's own step, with spikes at will. searched: the dearest step that was found in --seconds, of any events
and any membranes between steps, by the network's own arithmetic. recordings: their dearest step, beside the bound of as
many events. Each is a whole step, sast_push and sast_step, counted. docs/bounds.md says what is proven.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from sent_events import load_sent

from edge_sast.cli.options.recordings import add_data_arguments
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.model import modelfile
from edge_sast.report.tables import print_table, write_json
from firmware_gen.build.event_bytes import sent_step_bytes
from firmware_gen.step_bound.bound import StepBound, bound_of
from firmware_gen.step_bound.crafted import crafted_step
from firmware_gen.step_bound.probe import Probe
from firmware_gen.step_bound.states import Adversary, Found
from firmware_gen.toolchain.cores import find_core

EXAMPLES = ("nmnist-int8", "nmnist-small-int8", "nmnist-3ms-int8")
HEADERS = ("model", "core", "compiler", "events", "bound", "made", "of it", "searched", "of it")


def main() -> int:
    args = parse_arguments()
    flags = tuple(args.flags.split())
    rows: list[list[str]] = []
    figures = []
    for path in args.models:
        for core in args.on.split(","):
            probe = Probe(modelfile.load(path), find_core(core), args.toolchain, flags)
            bound = bound_of(probe, args.toolchain, flags)
            found = {"model": path, "core": core, "toolchain": args.toolchain, "flags": list(flags)}
            figures.append(found | measure(args, path, probe, bound, rows))
    print_table(rows, HEADERS)
    for f in figures:
        if "recordings" in f:
            r = f["recordings"]
            print(
                f"{f['model']}, {f['core']}: recordings: at most {r['instructions']:,} in a step of {r['events']}, "
                f"{100 * r['instructions'] / r['bound']:.0f} % of its bound"
            )
    write_json(args.json, figures)
    return 0


def measure(
    args: argparse.Namespace, path: str, probe: Probe, bound: StepBound, rows: list[list[str]]
) -> dict[str, Any]:
    """Fills rows; returns the figures. Raises CheckFailedError: a step is beyond the bound."""
    adversary, steps = Adversary(probe, bound), []
    for events in map(int, args.events.split(",")):
        made, searched = crafted_step(probe, bound, events), adversary.search(events, args.seconds)
        check(made)
        check(searched)
        rows.append([path, probe.core.name, f"{args.toolchain} {args.flags}", *cells(made, searched)])
        print(", ".join(rows[-1]), file=sys.stderr)
        steps.append(
            {
                "events": events,
                "bound": made.bound,
                "made": made.instructions,
                "searched": searched.instructions,
                "spikes_made": list(made.spikes),
                "spikes_searched": list(searched.spikes),
            }
        )
    figures: dict[str, Any] = {"steps": steps}
    if args.data:
        figures["recordings"] = recorded(args, probe, bound)
    return figures


def recorded(args: argparse.Namespace, probe: Probe, bound: StepBound) -> dict[str, int]:
    """The dearest step of recordings."""
    dearest = Found(0, 0, 1, ())
    _, _, sent = load_sent(args, probe.model.binning)
    for events in sent:
        probe.reset()
        for step in sent_step_bytes(events, probe.model.binning):
            pushed = (len(step) - 4) // 5
            found = Found(pushed, probe.count(step), bound.step(pushed).total, ())
            check(found)
            dearest = max(dearest, found, key=lambda f: f.instructions)
    return {"events": dearest.events, "instructions": dearest.instructions, "bound": dearest.bound}


def check(found: Found) -> None:
    if found.instructions > found.bound:
        raise CheckFailedError(
            f"a step of {found.events} events took {found.instructions} instructions, more than {found.bound}"
        )


def cells(made: Found, searched: Found) -> list[str]:
    of_both = [text for f in (made, searched) for text in (f"{f.instructions:,}", f"{f.ratio:.2f}")]
    return [f"{made.events:,}", f"{made.bound:,}", *of_both]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    usual = [f"examples/{name}.safetensors" for name in EXAMPLES]
    parser.add_argument(
        "models", metavar="MODEL", nargs="*", default=usual, help="model files; default: examples"
    )
    add_data_arguments(parser)
    parser.add_argument(
        "--events", default="0,10,100,500,1000,2312", help="events of a step, with commas between"
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="to search for each number of events")
    parser.add_argument("--on", default="cortex-m4", metavar="CORES", help="cores, with commas between them")
    parser.add_argument("--toolchain", default="zig", metavar="NAME", help="zig or gcc")
    parser.add_argument("--flags", default="-O2", help="compiler flags, e.g. --flags=-Os")
    parser.add_argument("--json", metavar="FILE", help="write the figures")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (EdgeSastError, CheckFailedError) as error:
        print(f"step_bound: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, EdgeSastError) else 1)
