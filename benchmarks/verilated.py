"""Speed of the event core in Verilator: recordings a second of one core of this computer, and who takes the time.

    edge-sast export MODEL --target verilog --lanes 8 --no-data --out BUILD
    python benchmarks/verilated.py BUILD --data DIR --split valid --limit 200 --json verilated.json

Processor time, which other work on the machine moves less than the time of day: of the simulated core alone,
undisturbed, with the CRC of every step (the best of --repeat runs), and of what `edge-sast verify --on verilator` does
after compiling: every recording also with gaps, back-pressure, clears and resets, and all compared with the runtime.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import Any

from runtime import cpu_name

from edge_sast.cli.options.recordings import add_data_arguments, data_options
from edge_sast.datasets.selection import read_split
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.report.tables import print_table, write_json
from firmware_gen.build.opened import open_build
from firmware_gen.fpga.runs import run_bytes, step_beats
from firmware_gen.fpga.simulate import VERILATOR, simulation
from firmware_gen.fpga.tables import parameter
from firmware_gen.verify.core import RTL, TARGET, Core, compare_core
from firmware_gen.verify.verify import Tally


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("build", help="folder made by 'edge-sast export --target verilog'")
    add_data_arguments(parser)
    parser.add_argument("--repeat", type=int, default=5, help="runs of the core alone; the best counts")
    parser.add_argument("--json", help="write the figures")
    args = parser.parse_args()
    try:
        figures = benchmark(args)
    except (EdgeSastError, CheckFailedError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2 if isinstance(error, EdgeSastError) else 1
    print(f"{figures['cpu']}; {figures['samples']} recordings, {figures['lanes']} lanes")
    rows = [
        [run["kind"], f"{run['core_s']:.2f}", f"{run['python_s']:.2f}", f"{run['samples_per_second']:.0f}"]
        for run in figures["runs"]
    ]
    print_table(rows, ["run", "core s", "Python s", "recordings/s of the core"])
    write_json(args.json, figures)
    return 0


def benchmark(args: argparse.Namespace) -> dict[str, Any]:
    """Figures of both. Raises EdgeSastError for a user's mistake, CheckFailedError where the core differs."""
    if not args.data or args.repeat < 1:
        raise EdgeSastError(
            f"--data is {args.data}, --repeat is {args.repeat}; give a data set, and 1 run or more"
        )
    build = open_build(args.build, False, TARGET)
    binned = read_split(build.model.binning, data_options(args))
    rtl = build.folder / RTL
    with simulation(rtl, VERILATOR) as simulated:
        core = Core.of(simulated, VERILATOR, build.model)
        data = [run_bytes(core.form, step_beats(binned, i)) for i in range(len(binned))]
        alone = min(_seconds(lambda: _alone(core, data, binned)) for _ in range(args.repeat))
        whole = _seconds(lambda: _verify(core, binned))
    return {
        "cpu": cpu_name(),
        "samples": len(binned),
        "lanes": parameter(rtl, "P"),
        "model_hash": build.manifest.model_hash,
        "runs": [_run("undisturbed", alone, len(binned)), _run("verify", whole, len(binned))],
    }


def _alone(core: Core, data: list[bytes], binned: BinnedEvents) -> None:
    for _ in core.run(iter(data), list(binned.sources)):
        pass


def _verify(core: Core, binned: BinnedEvents) -> None:
    tally = Tally()
    compare_core(core, binned, tally)
    if tally.mismatches:
        raise CheckFailedError(f"{tally.mismatches} values differ, the first: {tally.first}")


def _seconds(work: Callable[[], None]) -> tuple[float, float]:
    """Processor time of the core's program, and of this one."""
    before = os.times()
    work()
    after = os.times()
    core, python = (
        sum(getattr(after, name) - getattr(before, name) for name in names)
        for names in (("children_user", "children_system"), ("user", "system"))
    )
    return core, python


def _run(kind: str, seconds: tuple[float, float], samples: int) -> dict[str, Any]:
    core, python = seconds
    return {"kind": kind, "core_s": core, "python_s": python, "samples_per_second": samples / core}


if __name__ == "__main__":
    sys.exit(main())
