"""`edge-sast board`: a build folder as a program for a board, and emulated boards to try it on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edge_sast.cli.options.checks import PROGRAM
from edge_sast.cli.options.parser import add_command, add_toolchain_argument
from edge_sast.errors import EdgeSastError
from edge_sast.signals import kill_interrupts
from edge_sast.terminal import echo

if TYPE_CHECKING:
    from firmware_gen.boards.build import Firmware

NAME = "board"
HELP = "Make a build folder's program for a board, or run it on an emulated board for 'edge-sast hil'."
MAKES = PROGRAM
EXAMPLES = (
    ("edge-sast board list", ""),
    ("edge-sast board build build/a --board nucleo-f446re --out fw", ""),
    ("edge-sast board run build/a --board qemu-mps2-an386", ""),
    ("edge-sast board run build/fpga --board fpga", "an export with --target verilog, simulated"),
)
LIST = "List the boards with their memory, and how each was tested."
BUILD = (
    "Compile BUILD with a board's start-up code and serial line. Writes firmware.elf, firmware.bin and build.json "
    "into a folder, and says how to flash it; for Arduino it writes a sketch."
)
RUN = (
    "Run BUILD on an emulated board, or a simulated FPGA, until interrupted. Prints the port on which 'edge-sast hil' "
    "and 'edge-sast verify' reach it."
)
UNPROVEN = "built here, not run on silicon"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = add_command(actions, "list", LIST, EXAMPLES[:1])
    show.add_argument("--json", metavar="FILE", help="write the list of boards")
    build = add_command(actions, "build", BUILD, EXAMPLES[1:2])
    _add_build_arguments(build)
    build.add_argument("--out", required=True, metavar="DIR", help="folder for the program")
    build.add_argument(
        "--baud", type=int, metavar="N", help="bits per second of a real board's UART (default: 115200)"
    )
    build.add_argument("--json", metavar="FILE", help="write the bytes of flash and RAM")
    run = add_command(actions, "run", RUN, EXAMPLES[2:])
    _add_build_arguments(run)
    run.add_argument(
        "--serial",
        default="tcp:0",
        metavar="tcp:PORT|pty",
        help="serial line of the emulated board: a TCP port of this computer, where 0 is any free one, or pty",
    )


def _add_build_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("build", metavar="BUILD", help="folder made by 'edge-sast export'")
    parser.add_argument("--board", required=True, metavar="NAME", help="one of 'edge-sast board list'")
    add_toolchain_argument(parser)
    parser.add_argument(
        "--edited", action="store_true", help="use sources that were changed since the export"
    )


def run(args: argparse.Namespace) -> int:
    with kill_interrupts():  # ends the machine, too, and what was compiled goes
        return {"list": _list, "build": _build, "run": _run}[args.action](args)


def _list(args: argparse.Namespace) -> int:
    from edge_sast.cli.options.figures import write_figures
    from edge_sast.report.tables import print_table
    from firmware_gen.boards.boards import ARDUINO, BOARDS, FPGA

    boards = list(BOARDS.values())
    write_figures(
        args,
        {
            "boards": [
                {
                    "board": b.name,
                    "title": b.title,
                    "core": b.core.title,
                    "flash": b.flash.size,
                    "ram": b.ram.size,
                    "emulated": b.emulated,
                    "ticks": b.ticks.kind,
                }
                for b in boards
            ]
        },
    )
    rows = [
        [
            b.name,
            b.title,
            b.core.title,
            f"{b.flash.size // 1024:,}",
            f"{b.ram.size // 1024:,}",
            "run by QEMU" if b.emulated else UNPROVEN,
        ]
        for b in boards
    ]
    rows.append([ARDUINO, "any with an Arduino core", "32-bit, or AVR", "-", "-", UNPROVEN])
    rows.append(
        [
            FPGA,
            "any, simulated; BUILD is an export with --target verilog",
            "Verilog",
            "-",
            "-",
            "run by Verilator",
        ]
    )
    print_table(rows, ["board", "hardware", "core", "flash KB", "RAM KB", "state"])
    return 0


def _build(args: argparse.Namespace) -> int:
    from edge_sast.cli.options.figures import write_figures
    from edge_sast.files import check_writable
    from edge_sast.link.ports import DEFAULT_BAUD
    from firmware_gen.boards.boards import ARDUINO, find_board
    from firmware_gen.boards.build import build_firmware, is_program_folder

    out = Path(args.out)
    check_writable("--out", out, folder=True)
    if args.board == ARDUINO:
        return _sketch(args)
    if out.is_dir() and not is_program_folder(out):  # recordings, or an export
        raise EdgeSastError(f"--out {out}: holds other files; name a new folder")
    board = find_board(args.board)
    baud = DEFAULT_BAUD if args.baud is None else args.baud
    firmware = build_firmware(
        args.build, board, args.out, toolchain=args.toolchain, baud=baud, edited=args.edited
    )
    write_figures(args, firmware.figures())
    _print_use(firmware)
    echo(f"{board.name}: {firmware.elf}")
    if not board.emulated:
        paths = {"elf": firmware.elf, "uf2": firmware.uf2}
        echo(f"{board.name}: {UNPROVEN}; to flash it: {board.flashing.format(**paths)}")
    return 0


def _sketch(args: argparse.Namespace) -> int:
    from edge_sast.cli.options.figures import write_figures
    from firmware_gen.boards.arduino import write_sketch

    for option, value in (("--toolchain", args.toolchain), ("--baud", args.baud is not None)):
        if value:
            raise EdgeSastError(
                f"{option}: the Arduino IDE compiles this one; set BAUD in the sketch, or leave it out"
            )
    sketch = write_sketch(args.build, args.out, args.edited)
    write_figures(args, {"board": args.board, "emulated": False, "sketch": str(sketch)})
    echo(f"{args.board}: {sketch}")
    echo(f"{args.board}: {UNPROVEN}; open it in the Arduino IDE, choose board and port, upload")
    return 0


def _print_use(firmware: Firmware) -> None:
    from edge_sast.report.tables import print_table

    use, board = firmware.use, firmware.board
    rows = [
        ["flash", f"{use.flash:,}", f"{board.flash.size:,}", "code, tables"],
        ["RAM", f"{use.ram + use.stack:,}", f"{board.ram.size:,}", f"variables, and {use.stack:,} of stack"],
    ]
    print_table(rows, ["memory", "used", "of", "by"])


def _run(args: argparse.Namespace) -> int:
    import tempfile

    from edge_sast.errors import CheckFailedError
    from firmware_gen.boards.boards import FPGA, find_board
    from firmware_gen.boards.build import build_firmware
    from firmware_gen.boards.qemu import check_emulated, emulator

    if args.board == FPGA:
        return _run_fpga(args)
    board = find_board(args.board)
    check_emulated(board, args.serial)
    with tempfile.TemporaryDirectory(prefix="edge-sast-board-") as folder:
        firmware = build_firmware(args.build, board, folder, toolchain=args.toolchain, edited=args.edited)
        try:
            with emulator(board, firmware.elf, args.serial) as machine:
                model = f"{args.build}/model.safetensors"
                echo(f"{board.name}: ready at {machine.port}")
                echo(f"edge-sast hil {model} --port {machine.port} --data DATA")
                code = machine.process.wait()
        except KeyboardInterrupt:
            echo(f"{board.name}: stopped")
            return 0
    raise CheckFailedError(f"{board.name}: QEMU ended by itself with exit code {code}")


def _run_fpga(args: argparse.Namespace) -> int:
    from edge_sast.errors import CheckFailedError
    from firmware_gen.boards.qemu import serial_port
    from firmware_gen.build.opened import open_build
    from firmware_gen.virtual.fpga import fpga_board

    if args.toolchain:
        raise EdgeSastError("--toolchain: an FPGA has no use for it; leave it out")
    port = serial_port(args.serial)
    build = open_build(args.build, args.edited, "verilog")
    echo(f"{args.board}: compiling")
    try:
        with fpga_board(build.folder / "rtl", tcp=port is not None, tcp_port=port or 0) as board:
            echo(f"{args.board}: ready at {board.port}")
            echo(f"edge-sast hil {args.build}/model.safetensors --port {board.port} --data DATA")
            board.wait()
    except KeyboardInterrupt:
        echo(f"{args.board}: stopped")
        return 0
    raise CheckFailedError(f"{args.board}: the simulation ended by itself")
