"""`edge-sast verify`: a build folder's firmware or event core against the runtime, bit for bit."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from edge_sast.cli.options.newest import newest_build
from edge_sast.cli.options.recordings import (
    add_data_arguments,
    check_data_options,
    data_options,
    given_data_options,
)
from edge_sast.signals import kill_interrupts
from edge_sast.terminal import echo

if TYPE_CHECKING:
    from edge_sast.events.binned import BinnedEvents
    from edge_sast.model.model import Model
    from firmware_gen.verify.verify import VerifyReport

NAME = "verify"
HELP = (
    "Compile a build folder's C, or simulate its Verilog, and compare every membrane, spike, counter and CRC with the "
    "runtime. Takes the known answers that the folder holds, and recordings where --data is given. Exits with 1 at a "
    "difference, and names the first: recording, step, layer, neuron, what was expected and what came."
)
EXAMPLES = (
    ("edge-sast verify", "the newest build on this computer, on the known answers"),
    (
        "edge-sast verify build/a --on cortex-m --data DIR --limit 100",
        "an emulated Cortex-M4, also on recordings",
    ),
    ("edge-sast verify build/a --on /dev/ttyACM0", "a board that runs this build's program"),
    ("edge-sast verify build/fpga --on icarus", "an event core, simulated"),
    ("edge-sast verify build/r --on verilator --stream camera.csv", "one of an export with --running"),
    ("edge-sast verify build/fpga --on netlist", "the same after synthesis, for iCE40 and for ECP5"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "build",
        metavar="BUILD",
        nargs="?",
        help="folder made by 'edge-sast export' (default: the newest in build)",
    )
    parser.add_argument(
        "--on",
        default="host",
        metavar="TARGET",
        help="where the C runs. This computer: host. An emulated core: cortex-m0, cortex-m3, cortex-m4, cortex-m7, "
        "cortex-m33, rv32, or cortex-m, which is cortex-m4. A board: its serial port, such as /dev/ttyACM0, COM3 or "
        "socket://HOST:PORT. Of a folder with Verilog, what simulates it: verilator or icarus; netlist-ice40 or "
        "netlist-ecp5: what Yosys makes of it for that family, simulated; netlist: both",
    )
    parser.add_argument(
        "--toolchain",
        metavar="{gcc,zig,system,yowasp}",
        help="compiler for an emulated core, gcc or zig, or whose Yosys makes a netlist, system or yowasp (default: "
        "gcc and system where they are installed)",
    )
    parser.add_argument(
        "--baud",
        type=int,
        metavar="N",
        help="bits per second, where --on is a serial port (default: 115200)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="draws the gaps, back-pressure, clears and resets that a simulated core meets (default: 1)",
    )
    recordings = parser.add_argument_group("recordings, beside the known answers")
    add_data_arguments(recordings)
    recordings.add_argument(
        "--stream",
        metavar="FILE",
        help="all steps of an event file (or the first --limit N of them), as one recording; for a simulated core of "
        "'edge-sast export --running'",
    )
    parser.add_argument(
        "--edited", action="store_true", help="verify sources that were changed since the export"
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures")


def fill(args: argparse.Namespace) -> None:
    """The newest build where none is named."""
    if args.build is None:
        args.build = newest_build()


def run(args: argparse.Namespace) -> int:
    """Raises CheckFailedError (exit code 1) with the first difference."""
    with kill_interrupts():  # a simulation takes minutes: a kill ends it, too, and removes what was compiled
        return _run(args)


def _run(args: argparse.Namespace) -> int:
    from edge_sast.datasets.selection import read_split
    from edge_sast.link.ports import looks_like_port

    _check_recordings(args)
    if looks_like_port(args.on):
        from edge_sast.cli.device.verify_port import verify_on_port

        return verify_on_port(args)
    from edge_sast.cli.options.figures import write_figures
    from edge_sast.errors import CheckFailedError
    from firmware_gen.build.opened import open_build
    from firmware_gen.rtl_gen.target import TARGET as VERILOG
    from firmware_gen.verify.core import check_running

    targets, simulated = _targets(args)
    binned = stream = None
    if args.data:  # replayed too, not only the known answers
        grid = open_build(args.build, args.edited, VERILOG if simulated else "c").model.binning
        binned = read_split(grid, data_options(args))
    if args.stream:
        build = open_build(args.build, args.edited, VERILOG)
        check_running(build)
        stream = _stream(args, build.model)
    reports = []
    for target in targets:
        report = _verify(args, target, simulated, binned, stream)
        reports.append(report)
        if report.first_mismatch is not None:
            break
        echo(_praise(report))
    figures = [report.figures() for report in reports]
    write_figures(args, figures[0] if len(targets) == 1 else {"reports": figures})
    if report.first_mismatch is not None:
        where = f"{args.build}{f' on {report.target}' * (len(targets) > 1)}"
        raise CheckFailedError(
            f"{where}: {report.mismatches} values differ, the first: {report.first_mismatch}"
        )
    return 0


def _check_recordings(args: argparse.Namespace) -> None:
    """Raises EdgeSastError for options that have no effect beside others."""
    from edge_sast.errors import EdgeSastError
    from firmware_gen.fpga.netlist import NETLIST
    from firmware_gen.verify.core import TARGETS as SIMULATED

    if args.stream is None:
        check_data_options(args)
        return
    others = [option for option in given_data_options(args) if option not in ("--sensor", "--limit")]
    if others:
        raise EdgeSastError(f"--stream and {others[0]} do not go together; leave one out")
    if args.on not in (*SIMULATED, NETLIST):
        raise EdgeSastError(
            f"--stream is for simulated cores, and --on is {args.on}; compare a stream on a board with 'edge-sast hil "
            "--stream'"
        )
    if args.limit is not None and args.limit < 1:
        raise EdgeSastError(f"--limit {args.limit} is out of range; choose 1 or more steps")


def _stream(args: argparse.Namespace, model: Model) -> BinnedEvents:
    """All steps of --stream as one recording."""
    from edge_sast.events.recording import parse_sensor
    from edge_sast.formats.source import FileOptions
    from edge_sast.streaming.windows import running_recording

    options = FileOptions(sensor=parse_sensor(args.sensor) if args.sensor else None)
    sent = running_recording(model, args.stream, options, args.limit)
    return sent.capped(model.binning.count_cap)


def _targets(args: argparse.Namespace) -> tuple[tuple[str, ...], bool]:
    """What --on names, and whether it is a simulated core. Raises EdgeSastError for options that are not for it."""
    from edge_sast.errors import EdgeSastError
    from firmware_gen.build.folder import read_manifest
    from firmware_gen.fpga.netlist import NETLIST, NETLISTS
    from firmware_gen.fpga.simulate import SIMULATORS
    from firmware_gen.rtl_gen.target import TARGET as VERILOG
    from firmware_gen.toolchain.cores import find_core
    from firmware_gen.verify.core import TARGETS as SIMULATED
    from firmware_gen.verify.verify import HOST, TARGETS

    targets = NETLISTS if args.on == NETLIST else (args.on,)
    simulated = targets[0] in SIMULATED
    if args.baud is not None:
        raise EdgeSastError(
            f"--baud is {args.baud}, which is for serial lines; name one with --on, or leave it out"
        )
    if args.seed is not None and (not simulated or args.seed < 0):
        raise EdgeSastError(
            f"--seed is {args.seed}, which is 0 or more and for simulated cores; name one with --on, or leave it out"
        )
    if args.on not in TARGETS and not simulated:
        find_core(args.on)  # says why a known core cannot be emulated
    if args.toolchain and (args.on == HOST or (simulated and targets[0] not in NETLISTS)):
        raise EdgeSastError(
            f"--toolchain is {args.toolchain!r}, which is for emulated cores and netlists; name one with --on, "
            "or set CC"
        )
    if not simulated and read_manifest(args.build).target == VERILOG:
        raise EdgeSastError(
            f"{args.build}: is an export with --target {VERILOG}; simulate it with --on {' or '.join(SIMULATORS)}"
        )
    return targets, simulated


def _verify(
    args: argparse.Namespace,
    target: str,
    simulated: bool,
    binned: BinnedEvents | None,
    stream: BinnedEvents | None,
) -> VerifyReport:
    from firmware_gen.verify.core import SEED, verify_core
    from firmware_gen.verify.verify import HOST, verify_emulated, verify_host

    if simulated:
        seed = SEED if args.seed is None else args.seed
        return verify_core(
            args.build,
            binned,
            stream,
            on=target,
            toolchain=args.toolchain,
            edited=args.edited,
            progress=True,
            seed=seed,
        )
    if target == HOST:
        return verify_host(args.build, binned, edited=args.edited, progress=True)
    return verify_emulated(
        args.build, binned, on=target, toolchain=args.toolchain, edited=args.edited, progress=True
    )


def _praise(report: VerifyReport) -> str:
    from edge_sast.report.steps import steps_line
    from firmware_gen.verify.core import CoreReport

    compared = (
        f"{report.samples} recordings, {report.steps} steps, every membrane, spike, counter and CRC equal"
    )
    early = ""
    if report.steps_per_sample is not None:
        early = f"; {steps_line(report.steps_per_sample, len(report.steps_per_sample['histogram']))}"
    if isinstance(report, CoreReport):
        made_with = f" ({report.toolchain})" if report.toolchain else ""
        return (
            f"{report.target}{made_with}: {compared}, undisturbed and with gaps, back-pressure, clears and resets; "
            f"{report.cycles:,.0f} cycles per recording, {report.clocks:,.0f} from its first event to its answer{early}"
        )
    target = f"{report.target} ({report.toolchain}, emulated)" if report.toolchain else report.target
    return f"{target}: {compared}, with and without an observer{early}"
