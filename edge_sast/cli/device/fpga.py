"""`edge-sast fpga`: an exported folder of Verilog as the bitstream of a board, and what it takes of the device."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge_sast.cli.options.newest import model_in
from edge_sast.cli.options.parser import add_command
from edge_sast.errors import EdgeSastError
from edge_sast.signals import kill_interrupts
from edge_sast.terminal import echo

NAME = "fpga"
HELP = (
    "Build the bitstream of an FPGA board from an exported folder of Verilog, report what it takes of the device, or "
    "load another model into one."
)
MAKES = ("build.json",)
EXAMPLES = (
    ("edge-sast fpga list", ""),
    ("edge-sast fpga build build/a --board icebreaker --out build/a-icebreaker", ""),
    ("edge-sast fpga report build/a-icebreaker build/b-icebreaker --plot area.png", ""),
    (
        "edge-sast fpga load runs/b/model.safetensors --port /dev/ttyUSB1",
        "into a bitstream of an export with --loadable",
    ),
)
LIST = "List the FPGA boards with device and clock."
BUILD = (
    "Synthesise, place and route BUILD for a board with open tools. Writes the bitstream, netlists, pins, logs and "
    "build.json into a folder, and says how to load it; no board was at hand to run one on."
)
LOAD = (
    "Load MODEL into an FPGA whose core was exported with --loadable, without a new synthesis. It stays until the FPGA "
    "is configured again."
)
REPORT = (
    "Show what designs take of their devices and how fast they are. Compares several, such as one for each number of "
    "lanes."
)
NOT_RUN = "built here, not run on a board"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = add_command(actions, "list", LIST, EXAMPLES[:1])
    show.add_argument("--json", metavar="FILE", help="write the list of boards")
    build = add_command(actions, "build", BUILD, EXAMPLES[1:2])
    build.add_argument("build", metavar="BUILD", help="folder made by 'edge-sast export --target verilog'")
    build.add_argument("--board", required=True, metavar="NAME", help="one of 'edge-sast fpga list'")
    build.add_argument(
        "--out", metavar="DIR", help="folder to write (default: the export's name, - and the board's)"
    )
    build.add_argument(
        "--freq", type=float, metavar="X", help="clock of the core in MHz (default: the board's, see list)"
    )
    build.add_argument(
        "--baud", type=int, metavar="N", help="bits per second of the board's UART (default: 115200)"
    )
    build.add_argument(
        "--seed", type=int, default=1, metavar="N", help="random numbers that placement starts from"
    )
    build.add_argument(
        "--seeds",
        type=int,
        default=1,
        metavar="N",
        help="number of placements to try, of which the fastest is kept",
    )
    build.add_argument(
        "--toolchain",
        metavar="{system,yowasp}",
        help="whose tools to use (default: the system's where all of a board's are installed, else yowasp's)",
    )
    build.add_argument("--edited", action="store_true", help="use sources that were changed since the export")
    build.add_argument("--json", metavar="FILE", help="write what build.json says")
    load = add_command(actions, "load", LOAD, EXAMPLES[3:])
    load.add_argument("model", metavar="MODEL", help="model file to load into it, or its build folder")
    load.add_argument(
        "--port",
        required=True,
        metavar="PORT",
        help="where the board is: a device such as /dev/ttyUSB1 or COM3, socket://HOST:PORT or rfc2217://HOST:PORT",
    )
    load.add_argument(
        "--baud", type=int, metavar="N", help="bits per second of the board's UART (default: 115200)"
    )
    load.add_argument("--wire-log", metavar="FILE", help="write every frame on the wire, as text")
    load.add_argument("--json", metavar="FILE", help="write what was loaded")
    report = add_command(actions, "report", REPORT, EXAMPLES[2:3])
    report.add_argument("designs", nargs="+", metavar="DIR", help="folders made by 'edge-sast fpga build'")
    report.add_argument(
        "--verified",
        nargs="+",
        metavar="SOURCE",
        help="what 'edge-sast verify --on verilator --json' wrote of each design's export: cycles of a recording",
    )
    report.add_argument("--json", metavar="FILE", help="write the figures of each design")
    report.add_argument("--plot", metavar="FILE", help="draw area against time (.png)")


def fill(args: argparse.Namespace) -> None:
    """The model file in a build folder."""
    if args.action == "load":
        args.model = model_in(args.model)


def run(args: argparse.Namespace) -> int:
    with kill_interrupts():  # place and route takes minutes: it goes, too, and so does what it has written
        return {"list": _list, "build": _build, "load": _load, "report": _report}[args.action](args)


def _list(args: argparse.Namespace) -> int:
    from edge_sast.cli.options.figures import write_figures
    from edge_sast.report.tables import print_table
    from firmware_gen.fpga.boards import BOARDS
    from firmware_gen.fpga.pll import MHZ

    boards = list(BOARDS.values())
    write_figures(
        args,
        {
            "boards": [
                {
                    "board": b.name,
                    "title": b.title,
                    "device": b.device,
                    "oscillator_hz": b.oscillator_hz,
                    "clock_hz": b.core_hz,
                    "run_on_silicon": False,
                }
                for b in boards
            ]
        },
    )
    rows = [
        [b.name, b.title, b.device, f"{b.oscillator_hz / MHZ:g}", f"{b.core_hz / MHZ:g}", NOT_RUN]
        for b in boards
    ]
    print_table(rows, ["board", "hardware", "device", "oscillator MHz", "clock MHz", "state"])
    return 0


def _build(args: argparse.Namespace) -> int:
    from edge_sast.cli.options.figures import write_figures
    from edge_sast.files import check_writable
    from edge_sast.link.ports import DEFAULT_BAUD
    from edge_sast.report.tables import print_table
    from firmware_gen.fpga.boards import find_board
    from firmware_gen.fpga.build import Wanted, build_bitstream
    from firmware_gen.fpga.pll import MHZ
    from firmware_gen.fpga.report import design_rows

    board = find_board(args.board)
    out = Path(args.out or _beside(args.build, board.name))
    check_writable("--out", out, folder=True)
    baud = DEFAULT_BAUD if args.baud is None else args.baud
    wanted = Wanted(board, _hz(args.freq), baud, args.seed, args.seeds)
    document = build_bitstream(
        args.build, wanted, out, toolchain=args.toolchain, edited=args.edited, tell=echo
    )
    write_figures(args, document)
    for line in document["warnings"]:
        echo(f"{board.name}: warning of synthesis: {line}", error=True)
    print_table(design_rows(document), ["resource", "used", "of", "share"])
    bitstream = out / document["bitstream"]
    echo(
        f"{board.name}: {document['fmax_hz'] / MHZ:.2f} MHz reached, clock {document['clock_hz'] / MHZ:g}",
        f"{board.name}: {bitstream}",
        f"{board.name}: {NOT_RUN}; to load it: {board.flashing.format(bitstream=bitstream)}",
    )
    return 0


def _beside(build: str, board: str) -> str:
    """The folder's name, and the board's. What ends in . or .. names no folder by itself."""
    folder = build.rstrip("/")
    return f"{folder if Path(folder).name not in ('', '..') else Path(build).resolve()}-{board}"


def _hz(megahertz: float | None) -> int | None:
    from firmware_gen.fpga.pll import MHZ

    if megahertz is None:
        return None
    if not 0 < megahertz < 10_000:  # NaN too
        raise EdgeSastError(f"--freq is {megahertz:g}; it must be a clock in MHz, such as 24")
    return round(megahertz * MHZ)


def _load(args: argparse.Namespace) -> int:
    import contextlib

    from edge_sast.cli.options.figures import write_figures
    from edge_sast.hil.connection import PortOptions, WireLog
    from edge_sast.link.board_link import BoardLink
    from edge_sast.link.ports import DEFAULT_BAUD, open_port
    from edge_sast.model import modelfile
    from firmware_gen.rtl_gen.loading.load import load_model
    from firmware_gen.targets import check_early

    baud = DEFAULT_BAUD if args.baud is None else args.baud
    PortOptions((args.port,), baud)  # refuses what cannot be a port
    model = modelfile.load(args.model)
    check_early(model, args.model, "write it without a margin: export it with --target model --no-early")
    with contextlib.ExitStack() as stack:
        trace = None
        if args.wire_log:
            trace = WireLog(stack.enter_context(open(args.wire_log, "w", encoding="utf-8"))).of(args.port)
        link = BoardLink(open_port(args.port, baud), trace=trace)
        stack.callback(link.close)
        try:
            loaded = load_model(link, model, lambda line: echo(f"{args.port}: {line}"))
        except EdgeSastError as error:
            raise type(error)(f"--port {args.port}: {error}") from error
    info = loaded.info
    figures = {
        "model_hash": info.model_hash,
        "words": loaded.words,
        "frames": loaded.frames,
        "crc": loaded.crc,
    }
    write_figures(args, figures)
    echo(
        f"{args.port}: loaded model {info.model_hash[:16]}: {info.width}x{info.height}, {info.steps} steps, "
        f"{info.classes} classes; {loaded.words:,} words, CRC {loaded.crc:08x}"
    )
    return 0


def _report(args: argparse.Namespace) -> int:
    from edge_sast.cli.options.figures import write_figures
    from edge_sast.report.pictures import check_plot
    from edge_sast.report.tables import print_table
    from firmware_gen.fpga import report

    check_plot("--plot", args.plot)
    designs = report.read_designs(args.designs, args.verified)
    write_figures(args, {"designs": [design.figures() for design in designs]})
    print_table(*report.comparison(designs))
    if args.plot:
        report.write_plot(designs, Path(args.plot))
    return 0
