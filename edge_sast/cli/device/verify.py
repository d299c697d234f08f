"""`edge-sast verify`: a build folder's firmware against the runtime, bit for bit."""

from __future__ import annotations

import argparse

from edge_sast.cli.options.newest import newest_build
from edge_sast.cli.options.recordings import add_data_arguments, bin_split, check_data_options, open_split
from edge_sast.terminal import echo

NAME = "verify"
HELP = (
    "Compile a build folder's C and compare every membrane, spike, counter and CRC with the runtime: on the known "
    "answers, and on --data where it is given."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "build",
        metavar="BUILD",
        nargs="?",
        help="folder made by 'edge-sast export'; default the newest below build",
    )
    parser.add_argument(
        "--on",
        default="host",
        metavar="TARGET",
        help="where it runs: host (this computer), or an emulated core: cortex-m (= cortex-m4), cortex-m0, -m3, -m4, "
        "-m7, -m33, rv32; or a board on a serial line: a device such as /dev/ttyACM0 or COM3, socket://HOST:PORT",
    )
    parser.add_argument(
        "--toolchain", choices=("zig", "gcc"), help="what compiles for an emulated core; default zig"
    )
    parser.add_argument("--baud", type=int, help="bits a second, where --on is a serial line (115200)")
    add_data_arguments(parser)
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
    from edge_sast.link.ports import looks_like_port

    check_data_options(args)
    if looks_like_port(args.on):
        from edge_sast.cli.device.verify_port import verify_on_port

        return verify_on_port(args)
    from edge_sast.errors import CheckFailedError, EdgeSastError
    from edge_sast.report.tables import write_json

    if args.baud is not None:
        raise EdgeSastError(
            f"--baud is {args.baud}, which is for serial lines; name one with --on, or leave it out"
        )
    from firmware_gen.toolchain.cores import find_core
    from firmware_gen.verify.verify import HOST, TARGETS, open_build, verify_emulated, verify_host

    if args.on not in TARGETS:
        find_core(args.on)  # says why a known core cannot be emulated
    if args.on == HOST and args.toolchain:
        raise EdgeSastError(
            f"--toolchain is {args.toolchain!r}, which is for emulated cores; name one with --on, or set CC"
        )
    binned = None
    if args.data:  # replayed too, not only the known answers
        grid = open_build(args.build, args.edited).model.binning
        binned = bin_split(*open_split(args), grid, args)
    if args.on == HOST:
        report = verify_host(args.build, binned, edited=args.edited, progress=True)
    else:
        chosen = {"toolchain": args.toolchain} if args.toolchain else {}
        report = verify_emulated(args.build, binned, on=args.on, edited=args.edited, progress=True, **chosen)
    write_json(args.json, report.figures())
    if report.first_mismatch is not None:
        raise CheckFailedError(
            f"{args.build}: {report.mismatches} values differ, the first: {report.first_mismatch}"
        )
    target = f"{report.target} ({report.toolchain}, emulated)" if report.toolchain else report.target
    echo(
        f"{target}: {report.samples} recordings, {report.steps} steps, "
        "every membrane, spike, counter and CRC equal, with and without an observer"
    )
    return 0
